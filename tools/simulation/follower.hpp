#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/types.hpp"
#include "tools/simulation/zmq_socket.hpp"

namespace vturn::simulation {

/// Listens to the session time that vturnd publishes (header of `heading`, `sleep` and `health`), so that an
/// accelerated run does not run ahead of it, and to its triggers: a pulse leaves vturnd before its trigger does, and
/// the trigger before any later heading, so whoever has seen a trigger knows that its pulse is on its way.
class Follower {
 public:
  Follower(ZmqContext& context, const std::string& address);
  /// Takes in what has come.
  void service();
  /// Newest session time published; nothing before the first message.
  [[nodiscard]] std::optional<SessionNs> published_ns() const noexcept { return published_ns_; }
  /// Stimulating triggers announced and not yet marked as felt. A blinded session announces none.
  [[nodiscard]] const std::vector<std::uint32_t>& awaited_pulses() const noexcept { return awaited_; }
  void felt(std::uint32_t trigger_id);
  void forget_awaited() { awaited_.clear(); }
  /// Waits for news, at most so long.
  void wait(std::chrono::milliseconds time);

 private:
  ZmqSocket socket_;
  void take(std::string_view topic, std::string_view message);

  std::optional<SessionNs> published_ns_;
  std::vector<std::uint32_t> awaited_;
  std::vector<std::uint32_t> felt_early_;  ///< felt before their trigger was seen
};

/// Id of a stimulating trigger; nothing for other messages, shams, and triggers whose arm is sealed.
std::optional<std::uint32_t> announced_pulse(std::string_view topic, std::string_view message);

/// session_time_ns of the header of a published message; nothing when it has none.
std::optional<SessionNs> published_time(std::string_view topic, std::string_view message);

}  // namespace vturn::simulation
