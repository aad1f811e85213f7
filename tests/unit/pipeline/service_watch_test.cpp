// What the daemon tells systemd's watchdog: only that the decision thread goes on, and only when somebody asks for it.
#include "daemon/pipeline/service_watch.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdlib>
#include <optional>
#include <string>

using namespace vturn;

namespace {

/// systemd's end of the notifications, and the environment of a watched service.
class Systemd {
 public:
  Systemd(const char* watchdog_us, const std::string& pid)
      : socket_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    const std::string name = "vturn-watchdog-" + std::to_string(getpid());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::copy(name.begin(), name.end(), address.sun_path + 1);
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    REQUIRE(bind(socket_, reinterpret_cast<const sockaddr*>(&address), size) == 0);
    setenv("NOTIFY_SOCKET", ("@" + name).c_str(), 1);
    watchdog_us == nullptr ? unsetenv("WATCHDOG_USEC") : setenv("WATCHDOG_USEC", watchdog_us, 1);
    pid.empty() ? unsetenv("WATCHDOG_PID") : setenv("WATCHDOG_PID", pid.c_str(), 1);
    watch_.emplace();
  }
  ~Systemd() {
    close(socket_);
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) unsetenv(name);
  }
  Systemd(const Systemd&) = delete;
  Systemd& operator=(const Systemd&) = delete;
  ServiceWatch* operator->() { return &*watch_; }
  /// Messages since the last time, joined.
  std::string heard() {
    std::string text;
    std::array<char, 128> bytes;
    for (ssize_t size = 0; (size = recv(socket_, bytes.data(), bytes.size(), 0)) > 0;)
      text += std::string(bytes.data(), static_cast<std::size_t>(size)) + " ";
    return text;
  }

 private:
  int socket_;
  std::optional<ServiceWatch> watch_;
};

constexpr MonoNs kS = kNsPerS;

}  // namespace

TEST_CASE("service watch: ready once, then a sign of life three times within the watchdog's time") {
  Systemd systemd("3000000", std::to_string(getpid()));
  systemd->ready();
  CHECK(systemd.heard() == "READY=1 ");
  int signs = 0;
  for (MonoNs now_ns = 100 * kS; now_ns < 130 * kS; now_ns += kS / 50) {
    systemd->service(now_ns, now_ns);
    signs += systemd.heard() == "WATCHDOG=1 " ? 1 : 0;
  }
  CHECK(signs >= 29);
  CHECK(signs <= 31);
}

TEST_CASE("service watch: a decision thread that stands still is no life") {
  Systemd systemd("3000000", "");
  systemd->service(100 * kS, 100 * kS);
  CHECK(systemd.heard() == "WATCHDOG=1 ");
  systemd->service(100 * kS, 104 * kS);
  CHECK(systemd.heard().empty());
  systemd->service(104 * kS, 104 * kS);
  CHECK(systemd.heard() == "WATCHDOG=1 ");
}

TEST_CASE("service watch: nothing is said when nobody watches, or somebody else is watched") {
  const std::string us = std::to_string(getpid()), other = std::to_string(getpid() + 1);
  for (const auto& [watchdog_us, pid] : {std::pair<const char*, std::string>{nullptr, us},
                                         {"0", us},
                                         {"-3000000", us},
                                         {"soon", us},
                                         {"", us},
                                         {"9223372036854775807", us},
                                         {"18446744073709551615", us},
                                         {"3000000", other}}) {
    INFO(std::string(watchdog_us == nullptr ? "none" : watchdog_us) << " for " << pid);
    Systemd systemd(watchdog_us, pid);
    systemd->service(100 * kS, 100 * kS);
    CHECK(systemd.heard().empty());
  }
}
