#pragma once

#include <netinet/in.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace vturn::plugins {

/// A TCP connection to a numeric address that never blocks. Closed on destruction.
class TcpSocket {
 public:
  enum class State : std::uint8_t { kClosed, kConnecting, kOpen };

  TcpSocket() = default;
  explicit TcpSocket(int connected_fd) noexcept : fd_(connected_fd), state_(State::kOpen) {}
  ~TcpSocket() { close(); }
  TcpSocket(TcpSocket&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), state_(std::exchange(other.state_, State::kClosed)) {}
  TcpSocket& operator=(TcpSocket&& other) noexcept;

  /// Begins; `finish_connecting` when the socket can be written. The other side is taken for gone when its machine has
  /// not answered for so long: one that lost power closes nothing.
  void connect(const sockaddr_in& address, int patience_s) noexcept;
  /// kOpen or, when nobody listens, kClosed; kConnecting while it is not decided.
  State finish_connecting() noexcept;
  void close() noexcept;

  /// Bytes received; 0 = none now; -1 = the other side is gone: close it. Acknowledges at once: RHX leaves Nagle's
  /// algorithm on, and a delayed acknowledgement would hold its next block back for 40 ms.
  std::ptrdiff_t receive(std::span<std::uint8_t> buffer) noexcept;
  /// Bytes taken, -1 when none could be. A message to RHX must go in one call.
  std::ptrdiff_t send(const char* bytes, std::size_t size) noexcept;

  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] bool open() const noexcept { return state_ == State::kOpen; }
  [[nodiscard]] int fd() const noexcept { return fd_; }

 private:
  int fd_ = -1;
  State state_ = State::kClosed;
};

}  // namespace vturn::plugins
