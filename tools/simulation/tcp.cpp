#include "tools/simulation/tcp.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <stdexcept>

namespace vturn::simulation {

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void Descriptor::reset() noexcept {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

TcpAddress parse_tcp_address(const std::string& host_port) {
  const auto colon = host_port.rfind(':');
  TcpAddress address{host_port.substr(0, colon), -1};
  in_addr numeric{};
  if (colon != std::string::npos) {
    const char* const end = host_port.data() + host_port.size();
    const auto [last, error] = std::from_chars(host_port.data() + colon + 1, end, address.port);
    if (error != std::errc{} || last != end) address.port = -1;
  }
  if (address.port < 0 || address.port > 65535 || inet_pton(AF_INET, address.host.c_str(), &numeric) != 1) {
    throw std::runtime_error("'" + host_port + "' is not an address: write it as 127.0.0.1:5000");
  }
  return address;
}

Descriptor listen_tcp(TcpAddress& address) {
  Descriptor listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in bound{};
  bound.sin_family = AF_INET;
  bound.sin_port = htons(static_cast<std::uint16_t>(address.port));
  const int on = 1;
  setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  socklen_t size = sizeof bound;
  const bool numeric = inet_pton(AF_INET, address.host.c_str(), &bound.sin_addr) == 1;
  if (!numeric || bind(listener.get(), reinterpret_cast<const sockaddr*>(&bound), size) != 0 ||
      listen(listener.get(), 1) != 0) {
    throw std::runtime_error("cannot listen on " + address.host + ":" + std::to_string(address.port) + ": " +
                             (numeric ? std::strerror(errno) : "write the host as a number, such as 127.0.0.1"));
  }
  getsockname(listener.get(), reinterpret_cast<sockaddr*>(&bound), &size);
  address.port = ntohs(bound.sin_port);
  return listener;
}

Descriptor accept_tcp(const Descriptor& listener) {
  return Descriptor(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
}

}  // namespace vturn::simulation
