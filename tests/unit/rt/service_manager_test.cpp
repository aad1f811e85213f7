// Descriptors over UNIX sockets, and systemd's notification protocol, whose far end is the test.
#include "daemon/rt/service_manager.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>

#include "daemon/rt/descriptors.hpp"

using namespace vturn;

namespace {

std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

bool same_file(int a, int b) {
  struct stat one {
  }, other{};
  return fstat(a, &one) == 0 && fstat(b, &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

struct SocketPair {
  explicit SocketPair(int type) { REQUIRE(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) == 0); }
  ~SocketPair() {
    close(ends[0]);
    close(ends[1]);
  }
  int ends[2] = {-1, -1};
};

struct Received {
  std::string text;
  rt::ReceivedMessage message;
};
Received receive(int socket) {
  std::array<char, 256> bytes;
  Received received{"", rt::receive_descriptor(socket, bytes)};
  if (received.message.size > 0) received.text.assign(bytes.data(), static_cast<std::size_t>(received.message.size));
  return received;
}

/// The far end of NOTIFY_SOCKET: in the file system, or abstract when the name begins with '@'.
class Manager {
 public:
  explicit Manager(const std::string& name)
      : name_(name), socket_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name.front() == '@') address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    REQUIRE(bind(socket_, reinterpret_cast<const sockaddr*>(&address), size) == 0);
    setenv("NOTIFY_SOCKET", name.c_str(), 1);
  }
  ~Manager() {
    close(socket_);
    if (name_.front() != '@') unlink(name_.c_str());
    unsetenv("NOTIFY_SOCKET");
  }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;
  Received next() { return receive(socket_); }

 private:
  std::string name_;
  int socket_;
};

}  // namespace

TEST_CASE("descriptors: arrive as duplicates that the next program does not inherit") {
  for (const int type : {SOCK_SEQPACKET, SOCK_DGRAM}) {
    const SocketPair pair(type);
    const int sent = STDIN_FILENO;
    REQUIRE(rt::send_descriptors(pair.ends[0], "here", {&sent, 1}));
    const Received received = receive(pair.ends[1]);
    CHECK(received.text == "here");
    REQUIRE(received.message.descriptor > 2);
    CHECK(same_file(received.message.descriptor, sent));
    CHECK((fcntl(received.message.descriptor, F_GETFD) & FD_CLOEXEC) != 0);
    close(received.message.descriptor);
  }
}

TEST_CASE("descriptors: of several the first is kept and none leaks; more than eight are not sent") {
  const SocketPair pair(SOCK_SEQPACKET);
  const std::array<int, 9> many{0, 1, 2, 0, 1, 2, 0, 1, 2};
  const std::size_t before = open_descriptors();
  CHECK(rt::send_descriptors(pair.ends[0], "eight", std::span(many).first(8)));
  CHECK_FALSE(rt::send_descriptors(pair.ends[0], "nine", many));
  const Received received = receive(pair.ends[1]);
  CHECK(received.text == "eight");
  CHECK(open_descriptors() == before + 1);
  close(received.message.descriptor);
  CHECK(receive(pair.ends[1]).message.size == -1);
}

TEST_CASE("descriptors: no message, one without, a bad one, and the end are told apart") {
  SocketPair pair(SOCK_SEQPACKET);
  CHECK(receive(pair.ends[1]).message.size == -1);
  CHECK(rt::send_descriptors(pair.ends[0], "plain", {}));
  const Received plain = receive(pair.ends[1]);
  CHECK(plain.text == "plain");
  CHECK(plain.message.descriptor == -1);
  const int bad = 1'000'000;
  CHECK_FALSE(rt::send_descriptors(pair.ends[0], "bad", {&bad, 1}));
  close(std::exchange(pair.ends[0], -1));
  CHECK(receive(pair.ends[1]).message.size == 0);
  CHECK_FALSE(rt::send_descriptors(pair.ends[1], "nobody there", {}));
}

TEST_CASE("descriptors: a receiver that does not read never holds the sender up") {
  const SocketPair pair(SOCK_SEQPACKET);
  int sent = 0;
  while (sent < 1'000'000 && rt::send_descriptors(pair.ends[0], "one of many", {})) ++sent;
  CHECK(sent < 1'000'000);
}

TEST_CASE("the service manager: told at either kind of address, with and without descriptors") {
  const std::string name = "vturn-manager-" + std::to_string(getpid());
  for (const std::string& address : {"@" + name, (std::filesystem::temp_directory_path() / name).string()}) {
    Manager manager(address);
    CHECK(rt::has_service_manager());
    const std::size_t before = open_descriptors();
    CHECK(rt::tell_service_manager("READY=1"));
    const int descriptor = STDIN_FILENO;
    CHECK(rt::tell_service_manager("FDSTORE=1\nFDNAME=x", {&descriptor, 1}));
    CHECK(open_descriptors() == before);
    CHECK(manager.next().text == "READY=1");
    const Received stored = manager.next();
    CHECK(stored.text == "FDSTORE=1\nFDNAME=x");
    CHECK(same_file(stored.message.descriptor, descriptor));
    close(stored.message.descriptor);
  }
}

TEST_CASE("the service manager: none, and addresses that lead nowhere, are no failure") {
  unsetenv("NOTIFY_SOCKET");
  CHECK_FALSE(rt::has_service_manager());
  CHECK_FALSE(rt::tell_service_manager("READY=1"));
  const std::size_t before = open_descriptors();
  for (const std::string& address :
       {std::string("@vturn-nobody"), std::string("/nonexistent/socket"), std::string(500, 'x')}) {
    setenv("NOTIFY_SOCKET", address.c_str(), 1);
    CHECK(rt::has_service_manager());
    CHECK_FALSE(rt::tell_service_manager("READY=1"));
  }
  unsetenv("NOTIFY_SOCKET");
  CHECK(open_descriptors() == before);
}
