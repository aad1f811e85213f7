#include "plugins/common/datagram.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace vturn::plugins {
namespace {

const sockaddr* generic(const sockaddr_in& address) noexcept { return reinterpret_cast<const sockaddr*>(&address); }

std::string text_of(const sockaddr_in& address) {
  char host[INET_ADDRSTRLEN] = {};
  inet_ntop(AF_INET, &address.sin_addr, host, sizeof host);
  std::string text = host;
  return text.append(":").append(std::to_string(ntohs(address.sin_port)));
}

[[noreturn]] void fail(const char* what, const sockaddr_in& address) {
  const int code = errno;
  throw std::runtime_error(std::string("UDP: cannot ") + what + " " + text_of(address) + ": " + std::strerror(code));
}

}  // namespace

Expected<sockaddr_in> parse_endpoint(std::string_view text) {
  std::string refusal = "\"";
  refusal.append(text).append("\": expected ADDRESS:PORT, like 127.0.0.1:5700");
  const Error bad{refusal};
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad;
  const std::string_view digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size() || port == 0) return bad;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (inet_pton(AF_INET, std::string(text.substr(0, colon)).c_str(), &address.sin_addr) != 1) return bad;
  return address;
}

bool is_loopback(const sockaddr_in& address) noexcept { return (ntohl(address.sin_addr.s_addr) >> 24) == 127; }

DatagramSocket::DatagramSocket() : fd_(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "UDP socket");
}

DatagramSocket::~DatagramSocket() { close(fd_); }

void DatagramSocket::bind(const sockaddr_in& address) {
  if (::bind(fd_, generic(address), sizeof address) != 0) fail("listen on", address);
}

void DatagramSocket::connect(const sockaddr_in& address) {
  if (::connect(fd_, generic(address), sizeof address) != 0) fail("send to", address);
}

std::ptrdiff_t DatagramSocket::receive(std::span<char> buffer, bool& cut) noexcept {
  const ssize_t got = recv(fd_, buffer.data(), buffer.size(), MSG_TRUNC);
  cut = got > static_cast<ssize_t>(buffer.size());
  return cut ? static_cast<std::ptrdiff_t>(buffer.size()) : got;
}

bool DatagramSocket::send(std::string_view bytes) noexcept {
  const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  return sent == static_cast<ssize_t>(bytes.size()) && take_error() == 0;
}

int DatagramSocket::take_error() noexcept {
  int error = 0;
  socklen_t size = sizeof error;
  return getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

}  // namespace vturn::plugins
