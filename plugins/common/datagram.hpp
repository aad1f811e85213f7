#pragma once

#include <netinet/in.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "daemon/core/expected.hpp"

namespace vturn::plugins {

/// "A.B.C.D:PORT", numeric IPv4: names would need a resolver that blocks.
Expected<sockaddr_in> parse_endpoint(std::string_view text);
/// 127.0.0.0/8.
bool is_loopback(const sockaddr_in& address) noexcept;

/// A UDP socket that never blocks.
class DatagramSocket {
 public:
  /// Throws std::system_error.
  DatagramSocket();
  ~DatagramSocket();
  DatagramSocket(const DatagramSocket&) = delete;
  DatagramSocket& operator=(const DatagramSocket&) = delete;

  /// Throw std::runtime_error with one line.
  void bind(const sockaddr_in& address);
  void connect(const sockaddr_in& address);

  /// Bytes received (at most the buffer's; longer datagrams are cut and `cut` is set), or -1 when there is none.
  std::ptrdiff_t receive(std::span<char> buffer, bool& cut) noexcept;
  /// False when it did not go out, or when nobody listens. A port of this machine answers at once; another machine's
  /// answer comes later and makes the next call fail, whose datagram then stays here.
  bool send(std::string_view bytes) noexcept;
  /// An answer of that kind that is waiting, which it clears: 0 = none, else its errno.
  int take_error() noexcept;
  [[nodiscard]] int fd() const noexcept { return fd_; }

 private:
  int fd_;
};

}  // namespace vturn::plugins
