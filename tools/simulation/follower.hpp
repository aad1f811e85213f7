#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "daemon/core/types.hpp"
#include "tools/simulation/zmq_socket.hpp"

namespace vturn::simulation {

/// Listens to the session time that vturnd publishes (header of `heading`, `sleep` and `health`), so that an
/// accelerated run does not run ahead of it.
class Follower {
 public:
  Follower(ZmqContext& context, const std::string& address);
  /// Takes in what has come.
  void service();
  /// Newest session time published; nothing before the first message.
  [[nodiscard]] std::optional<SessionNs> published_ns() const noexcept { return published_ns_; }
  /// Waits for news, at most so long.
  void wait(std::chrono::milliseconds time);

 private:
  ZmqSocket socket_;
  std::optional<SessionNs> published_ns_;
};

/// session_time_ns of the header of a published message; nothing when it has none.
std::optional<SessionNs> published_time(std::string_view topic, std::string_view message);

}  // namespace vturn::simulation
