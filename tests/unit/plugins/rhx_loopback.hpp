#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <catch2/catch.hpp>
#include <string>

#include "tools/simulation/tcp.hpp"

namespace vturn::test {

inline sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

/// A listening port of the test's own, and what its clients say.
class Listener {
 public:
  Listener() : socket_(simulation::listen_tcp(address_)) {}
  [[nodiscard]] int port() const { return address_.port; }
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port()); }
  /// The next client, waited for.
  simulation::Descriptor accept() {
    for (int i = 0; i < 300; ++i) {
      pollfd item{socket_.get(), POLLIN, 0};
      poll(&item, 1, 100);
      if (auto client = simulation::accept_tcp(socket_)) return client;
    }
    FAIL("nobody connected");
    return simulation::Descriptor();
  }

 private:
  simulation::TcpAddress address_{"127.0.0.1", 0};
  simulation::Descriptor socket_;
};

/// What has come and comes within `patience_ms`; `closed` tells that it was the last.
inline std::string read_some(const simulation::Descriptor& socket, int patience_ms, bool* closed = nullptr) {
  std::array<char, 4096> buffer;
  pollfd item{socket.get(), POLLIN, 0};
  if (poll(&item, 1, patience_ms) <= 0) return "";
  const auto size = recv(socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (closed != nullptr) *closed = size == 0 || (size < 0 && errno != EAGAIN);
  return size > 0 ? std::string(buffer.data(), static_cast<std::size_t>(size)) : "";
}

}  // namespace vturn::test
