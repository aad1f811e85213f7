#include "tools/lib/process.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

namespace vturn::tools {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kPoll = std::chrono::milliseconds(5);

[[noreturn]] void exec_child(const std::vector<std::string>& command, const std::filesystem::path& log) {
  const int file = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  dup2(file, STDOUT_FILENO);
  dup2(file, STDERR_FILENO);
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const auto& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  execv(arguments[0], arguments.data());
  _exit(127);
}

}  // namespace

Process::Process(const std::vector<std::string>& command, const std::filesystem::path& log) : log_(log) {
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("fork failed");
  if (pid_ == 0) exec_child(command, log);
}

Process::~Process() {
  if (wait(std::chrono::milliseconds(0))) return;
  ::kill(pid_, SIGCONT);
  ::kill(pid_, SIGKILL);
  wait(std::chrono::seconds(10));
}

void Process::signal(int number) const {
  if (!status_) ::kill(pid_, number);
}

std::optional<int> Process::wait(std::chrono::milliseconds limit) {
  const auto end = Clock::now() + limit;
  while (!status_) {
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == pid_) {
      status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      break;
    }
    if (Clock::now() >= end) return std::nullopt;
    std::this_thread::sleep_for(kPoll);
  }
  return status_;
}

std::string Process::output() const {
  std::ifstream stream(log_, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

bool Process::wait_for_output(const std::string& text, std::chrono::milliseconds limit) {
  const auto end = Clock::now() + limit;
  while (output().find(text) == std::string::npos) {
    const bool ended = wait(std::chrono::milliseconds(0)).has_value();
    if (ended || Clock::now() >= end) return output().find(text) != std::string::npos;
    std::this_thread::sleep_for(kPoll);
  }
  return true;
}

Finished run(const std::vector<std::string>& command, std::chrono::seconds limit) {
  const ScratchDir scratch;
  Process process(command, scratch / "output");
  const auto code = process.wait(limit);
  return {code.value_or(-1), process.output()};
}

ScratchDir::ScratchDir() {
  std::string pattern = (std::filesystem::temp_directory_path() / "vturn-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  path_ = pattern;
}

ScratchDir::~ScratchDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::vector<int> free_ports(std::size_t count) {
  // All are held at once, so that they differ; a port is free again as soon as its socket is closed.
  std::vector<int> sockets;
  std::vector<int> ports;
  for (std::size_t i = 0; i < count; ++i) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    if (fd < 0 || bind(fd, reinterpret_cast<sockaddr*>(&address), length) != 0)
      throw std::runtime_error("no free port");
    getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
    sockets.push_back(fd);
    ports.push_back(ntohs(address.sin_port));
  }
  for (const int fd : sockets) close(fd);
  return ports;
}

}  // namespace vturn::tools
