#include "plugins/intan_rhx/socket_keep.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "daemon/rt/descriptors.hpp"
#include "daemon/rt/service_manager.hpp"

extern char** environ;

namespace vturn::plugins {
namespace {

constexpr int kAnswerMs = 1000;
constexpr int kStartMs = 3000;  // to load a program on a busy machine

class Nowhere final : public SocketKeep {
 public:
  Nowhere() { open_page(); }
  [[nodiscard]] std::string where() const override { return "nowhere"; }
  void keep(KeptRole, int) noexcept override {}
  void drop(KeptRole) noexcept override {}
};

/// systemd hands the descriptors on when it starts the service again (sd_listen_fds_with_names, FDSTORE=1).
class SystemdStore final : public SocketKeep {
 public:
  explicit SystemdStore(const std::string& rhx) : prefix_("vturn-" + rhx + "-") {
    for (char& c : prefix_) c = c == ':' ? '-' : c;  // separates the names
    const char* pid = std::getenv("LISTEN_PID");
    if (pid != nullptr && std::to_string(getpid()) == pid) take_ours();
    open_page();
  }
  [[nodiscard]] std::string where() const override { return "systemd's file descriptor store"; }
  void keep(KeptRole role, int descriptor) noexcept override {
    drop(role);
    rt::tell_service_manager("FDSTORE=1\nFDNAME=" + prefix_ + std::string(name_of(role)), {&descriptor, 1});
  }
  void drop(KeptRole role) noexcept override {
    rt::tell_service_manager("FDSTOREREMOVE=1\nFDNAME=" + prefix_ + std::string(name_of(role)));
  }

 private:
  void take_ours() noexcept {
    constexpr int kFirst = 3;
    const char* names = std::getenv("LISTEN_FDNAMES");
    const char* count = std::getenv("LISTEN_FDS");
    const int end = kFirst + (count == nullptr ? 0 : std::atoi(count));
    std::string_view left = names == nullptr ? "" : names;
    for (int fd = kFirst; fd < end && !left.empty(); ++fd) {
      const std::size_t colon = left.find(':');
      const std::string_view name = left.substr(0, colon);
      left = colon == std::string_view::npos ? "" : left.substr(colon + 1);
      for (std::size_t i = 0; i < kKeptRoles; ++i) {
        const auto role = static_cast<KeptRole>(i);
        if (name != prefix_ + std::string(name_of(role))) continue;
        fcntl(fd, F_SETFD, FD_CLOEXEC);
        found(role, fd);
      }
    }
  }

  std::string prefix_;
};

/// A process of our own that outlives us.
class KeeperProcess final : public SocketKeep {
 public:
  explicit KeeperProcess(const std::string& rhx) {
    try {
      if (!join(KeeperAddress(rhx))) start(rhx);
      open_page();
    } catch (...) {
      leave();
      throw;
    }
  }
  ~KeeperProcess() override { leave(); }
  KeeperProcess(const KeeperProcess&) = delete;
  KeeperProcess& operator=(const KeeperProcess&) = delete;

  [[nodiscard]] std::string where() const override { return "the process vturn-keeper"; }
  void keep(KeptRole role, int descriptor) noexcept override {
    rt::send_descriptors(keeper_, KeeperMessage{KeeperMessage::Kind::kKeep, role, 0}.bytes(), {&descriptor, 1});
  }
  void drop(KeptRole role) noexcept override {
    rt::send_descriptors(keeper_, KeeperMessage{KeeperMessage::Kind::kDrop, role, 0}.bytes(), {});
  }

 private:
  void leave() noexcept {
    if (keeper_ >= 0) close(std::exchange(keeper_, -1));
    int status = 0;
    if (child_ > 0) waitpid(child_, &status, WNOHANG);
  }

  /// Takes over from a keeper that is there; false when there is none.
  bool join(const KeeperAddress& address) {
    // A stopped keeper with a full queue must not block.
    keeper_ = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (keeper_ < 0 || connect(keeper_, address.generic(), address.size) != 0) {
      const int why = errno;
      if (keeper_ >= 0) close(std::exchange(keeper_, -1));
      if (why == ECONNREFUSED) return false;
      throw std::runtime_error(std::string("the keeper of this RHX's sockets: ") + std::strerror(why));
    }
    if (!same_user(keeper_)) throw std::runtime_error("the keeper of this RHX's sockets belongs to another user");
    receive_all(kAnswerMs);
    return true;
  }

  void receive_all(int patience_ms) {
    for (;;) {
      pollfd answer{keeper_, POLLIN, 0};
      KeeperMessage message;
      if (poll(&answer, 1, patience_ms) <= 0)
        throw std::runtime_error("the keeper of this RHX's sockets does not answer");
      const auto received = rt::receive_descriptor(keeper_, {reinterpret_cast<char*>(&message), sizeof message});
      if (received.size != sizeof message)
        throw std::runtime_error("the keeper of this RHX's sockets has ended; try again");
      if (message.kind == KeeperMessage::Kind::kBusy) {
        throw std::runtime_error("another vturnd (process " + std::to_string(message.pid) +
                                 ") uses this RHX; end it first");
      }
      if (message.kind == KeeperMessage::Kind::kAll) return;
      if (static_cast<std::size_t>(message.role) < kKeptRoles) found(message.role, received.descriptor);
    }
  }

  void start(const std::string& rhx) {
    int pair[2] = {-1, -1};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
      throw std::runtime_error(std::string("no socket for the keeper: ") + std::strerror(errno));
    }
    keeper_ = pair[0];
    const int error = spawn(rhx, pair[1]);
    close(pair[1]);
    if (error == 0) return receive_all(kStartMs);
    throw std::runtime_error(program() + " cannot be started: " + std::strerror(error) +
                             "; it keeps RHX's sockets when vturnd ends. keep_sockets = false goes without");
  }

  static std::string program() {
    std::error_code error;
    return (std::filesystem::read_symlink("/proc/self/exe", error).parent_path() / "vturn-keeper").string();
  }

  /// In a session of its own, so that Ctrl-C in the daemon's terminal does not end it, and without its priority.
  int spawn(const std::string& rhx, int owner) {
    std::string path = program(), argument = rhx;
    char* arguments[] = {path.data(), argument.data(), nullptr};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, owner, 3);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSCHEDULER);
    const sched_param ordinary{};
    posix_spawnattr_setschedparam(&attributes, &ordinary);
    posix_spawnattr_setschedpolicy(&attributes, SCHED_OTHER);
    const int error = posix_spawn(&child_, path.c_str(), &actions, &attributes, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return error;
  }

  int keeper_ = -1;
  pid_t child_ = 0;
};

}  // namespace

SocketKeep::~SocketKeep() {
  for (const int fd : found_) {
    if (fd >= 0) close(fd);
  }
}

void SocketKeep::found(KeptRole role, int descriptor) noexcept {
  int& place = found_[static_cast<std::size_t>(role)];
  if (place >= 0) close(place);
  place = descriptor;
}

int SocketKeep::take(KeptRole role) noexcept { return std::exchange(found_[static_cast<std::size_t>(role)], -1); }

void SocketKeep::open_page() {
  const int left = take(KeptRole::kPage);
  if (left >= 0) {
    page_ = std::make_unique<SharedPage>(left);
  } else {
    page_ = std::make_unique<SharedPage>();
    keep(KeptRole::kPage, page_->fd());
  }
}

std::unique_ptr<SocketKeep> make_socket_keep(const std::string& rhx, bool enabled) {
  if (!enabled) return std::make_unique<Nowhere>();
  if (rt::has_service_manager()) return std::make_unique<SystemdStore>(rhx);
  return std::make_unique<KeeperProcess>(rhx);
}

}  // namespace vturn::plugins
