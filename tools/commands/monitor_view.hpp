#pragma once

#include <deque>
#include <optional>
#include <string>

#include "tools/commands/wire_client.hpp"

namespace vturn::tools {

/// One line about a message, for terminals and logs.
std::string describe(const Published& published);

/// What a live view shows: the newest of each kind, and the last few events.
class MonitorView {
 public:
  void take(const Published& published);
  void missed(wire::Topic topic, std::uint64_t count);
  /// Text of the whole view, lines ended by '\n'. `silent_s`: since the last message.
  [[nodiscard]] std::string render(double silent_s) const;

 private:
  static constexpr std::size_t kEvents = 8;

  std::string session_id_;
  std::int64_t session_time_ns_ = 0;
  std::optional<v1::Heading> heading_;
  std::optional<v1::Sleep> sleep_;
  std::optional<v1::Health> health_;
  std::optional<v1::Calibration> calibration_;
  std::deque<std::string> events_;
  std::uint64_t missed_ = 0;
};

}  // namespace vturn::tools
