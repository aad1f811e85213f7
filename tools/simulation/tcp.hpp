#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace vturn::simulation {

/// A file descriptor that closes itself; -1 = none.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) noexcept : fd_(fd) {}
  ~Descriptor() { reset(); }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  void reset() noexcept;
  [[nodiscard]] int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }

 private:
  int fd_;
};

struct TcpAddress {
  std::string host;
  int port = 0;
};

/// HOST:PORT with a numeric host; throws with what is wrong.
TcpAddress parse_tcp_address(const std::string& host_port);

/// A listening socket for one client; port 0 picks a free one and is told so. Throws when it cannot listen.
Descriptor listen_tcp(TcpAddress& address);
/// The waiting client, non-blocking; empty when there is none.
Descriptor accept_tcp(const Descriptor& listener);

}  // namespace vturn::simulation
