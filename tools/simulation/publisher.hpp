#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "tools/simulation/zmq_socket.hpp"

namespace vturn::simulation {

/// The publishing end of a tap such as the GUI's ZMQ Interface, for tools: same bytes on the wire as its PUB socket,
/// but it knows when somebody has subscribed and never drops. Single-threaded.
class Publisher {
 public:
  /// `high_water` messages queued for a subscriber make send() wait for it; 0 = no limit.
  Publisher(ZmqContext& context, const std::string& address, int high_water);

  [[nodiscard]] std::string endpoint() const { return socket_.endpoint(); }
  /// Takes in subscriptions; returns how many subscribers there are now.
  int subscribers();
  /// Waits for the first; false when `give_up` said so.
  bool wait_subscriber(const std::function<bool()>& give_up);
  /// One multipart message; false when `give_up` said so while the subscriber was not reading.
  bool send(std::span<const std::span<const std::uint8_t>> parts, const std::function<bool()>& give_up);
  /// How long closing may wait for the last messages to be delivered.
  void linger(std::chrono::milliseconds time) { socket_.set(ZMQ_LINGER, static_cast<int>(time.count())); }

 private:
  ZmqSocket socket_;
  int subscribers_ = 0;
};

/// The GUI's listening socket on the port above: answers heartbeats.
class HeartbeatReply {
 public:
  HeartbeatReply(ZmqContext& context, const std::string& address);
  void service();

 private:
  ZmqSocket socket_;
};

/// tcp://HOST:PORT with another port; nothing when it is not of that form.
std::optional<std::string> address_with_port_plus(const std::string& address, int add);

}  // namespace vturn::simulation
