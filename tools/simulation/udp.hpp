#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/core/types.hpp"

namespace vturn::simulation {

/// One datagram of vturn's udp output plugin.
struct Pulse {
  SessionNs session_time_ns;
  std::uint32_t trigger_id;
  double pulse_ms;
};
/// `{"kind":"fire","session_time_ns":..,"trigger_id":..,"pulse_ms":..}`; nothing for any other kind or text.
std::optional<Pulse> parse_pulse(std::string_view datagram);

/// A UDP socket on this machine. Addresses are HOST:PORT with a numeric host; bad ones throw with what is wrong.
class UdpSocket {
 public:
  static UdpSocket listen(const std::string& host_port);
  static UdpSocket send_to(const std::string& host_port);
  ~UdpSocket();
  UdpSocket(UdpSocket&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  UdpSocket(const UdpSocket&) = delete;
  UdpSocket& operator=(const UdpSocket&) = delete;
  UdpSocket& operator=(UdpSocket&&) = delete;

  /// The next datagram waiting, without blocking.
  std::optional<std::string> receive();
  /// Best effort, as a tracker does it: nobody listening is no error.
  void send(std::string_view datagram);
  [[nodiscard]] int port() const;

 private:
  explicit UdpSocket(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace vturn::simulation
