#include "tools/simulation/udp.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace vturn::simulation {
namespace {

sockaddr_in parse_address(const std::string& host_port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  const auto colon = host_port.rfind(':');
  const std::string host = host_port.substr(0, colon);
  int port = -1;
  if (colon != std::string::npos) {
    const char* end = host_port.data() + host_port.size();
    if (std::from_chars(host_port.data() + colon + 1, end, port).ptr != end) port = -1;
  }
  if (port < 0 || port > 65535 || inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) {
    throw std::runtime_error("'" + host_port + "' is not an address: write it as 127.0.0.1:5700");
  }
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

int open_udp() {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) throw std::runtime_error(std::string("UDP socket: ") + std::strerror(errno));
  return fd;
}

using SocketCall = int (*)(int, const sockaddr*, socklen_t);
void with_address(int fd, SocketCall call, const std::string& host_port, const char* what) {
  const sockaddr_in address = parse_address(host_port);
  if (call(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return;
  const std::string reason = std::strerror(errno);
  close(fd);
  throw std::runtime_error("UDP: cannot " + std::string(what) + " " + host_port + ": " + reason);
}

}  // namespace

std::optional<Pulse> parse_pulse(std::string_view datagram) {
  const auto json = nlohmann::json::parse(datagram, nullptr, false);
  if (!json.is_object() || json.value("kind", nlohmann::json()) != "fire") return std::nullopt;
  const auto time = json.find("session_time_ns");
  const auto id = json.find("trigger_id");
  const auto pulse = json.find("pulse_ms");
  if (time == json.end() || !time->is_number_integer() || id == json.end() || !id->is_number_unsigned())
    return std::nullopt;
  const double pulse_ms = pulse != json.end() && pulse->is_number() ? pulse->get<double>() : 0.0;
  return Pulse{time->get<SessionNs>(), id->get<std::uint32_t>(), pulse_ms};
}

UdpSocket UdpSocket::listen(const std::string& host_port) {
  const int fd = open_udp();
  with_address(fd, ::bind, host_port, "listen on");
  return UdpSocket(fd);
}

UdpSocket UdpSocket::send_to(const std::string& host_port) {
  const int fd = open_udp();
  with_address(fd, ::connect, host_port, "send to");
  return UdpSocket(fd);
}

UdpSocket::~UdpSocket() {
  if (fd_ >= 0) close(fd_);
}

std::optional<std::string> UdpSocket::receive() {
  std::array<char, 2048> datagram{};
  const auto size = recv(fd_, datagram.data(), datagram.size(), 0);
  if (size < 0) return std::nullopt;
  return std::string(datagram.data(), static_cast<std::size_t>(size));
}

void UdpSocket::send(std::string_view datagram) {
  // A refused datagram (nobody listens yet) shows up at the next call; the tracker does not care.
  [[maybe_unused]] const auto sent = ::send(fd_, datagram.data(), datagram.size(), 0);
}

int UdpSocket::port() const {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

}  // namespace vturn::simulation
