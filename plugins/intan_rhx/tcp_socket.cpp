#include "plugins/intan_rhx/tcp_socket.hpp"

#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace vturn::plugins {
namespace {

void set_option(int fd, int level, int option, int value) noexcept {
  setsockopt(fd, level, option, &value, sizeof value);
}

void watch_peer(int fd, int patience_s) noexcept {
  constexpr int kTries = 5;
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, patience_s / 2);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, patience_s / (2 * kTries));
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, kTries);
  // With something sent that is not acknowledged there are no keepalive probes.
  set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, patience_s * 1000);
}

}  // namespace

TcpSocket& TcpSocket::operator=(TcpSocket&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = std::exchange(other.fd_, -1);
    state_ = std::exchange(other.state_, State::kClosed);
  }
  return *this;
}

void TcpSocket::close() noexcept {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  state_ = State::kClosed;
}

void TcpSocket::connect(const sockaddr_in& address, int patience_s) noexcept {
  close();
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return;
  set_option(fd_, IPPROTO_TCP, TCP_NODELAY, 1);
  watch_peer(fd_, patience_s);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    state_ = State::kOpen;
  } else if (errno == EINPROGRESS) {
    state_ = State::kConnecting;
  } else {
    close();
  }
}

TcpSocket::State TcpSocket::finish_connecting() noexcept {
  if (state_ != State::kConnecting) return state_;
  pollfd socket{fd_, POLLOUT, 0};
  if (poll(&socket, 1, 0) <= 0) return state_;
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) {
    close();
  } else {
    state_ = State::kOpen;
  }
  return state_;
}

std::ptrdiff_t TcpSocket::receive(std::span<std::uint8_t> buffer) noexcept {
  if (!open()) return -1;
  const ssize_t size = recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (size > 0) {
    set_option(fd_, IPPROTO_TCP, TCP_QUICKACK, 1);
    return size;
  }
  return size < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

std::ptrdiff_t TcpSocket::send(const char* bytes, std::size_t size) noexcept {
  return open() ? ::send(fd_, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL) : -1;
}

}  // namespace vturn::plugins
