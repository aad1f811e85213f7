#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "daemon/core/output_event.hpp"

namespace vturn::wire {

/// Topics of the PUB socket, first frame of each message (docs/protocol.md).
enum class Topic : std::uint8_t {
  kHeading = 0,
  kSleep,
  kTurn,
  kPopulation,
  kTrigger,
  kVeto,
  kSession,
  kHealth,
  kCalibration,
  kNone
};
inline constexpr std::size_t kTopicCount = 9;

constexpr std::size_t index(Topic topic) noexcept { return static_cast<std::size_t>(topic); }

inline constexpr std::array<std::string_view, kTopicCount> kTopicNames{
    "heading", "sleep", "turn", "population", "trigger", "veto", "session", "health", "calibration"};

constexpr std::string_view topic_name(Topic topic) noexcept {
  return topic == Topic::kNone ? std::string_view{} : kTopicNames[index(topic)];
}

/// kNone for a name that is no topic.
constexpr Topic topic_of(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kTopicCount; ++i) {
    if (kTopicNames[i] == name) return static_cast<Topic>(i);
  }
  return Topic::kNone;
}

/// kNone for what is not published (kPulseStop).
constexpr Topic topic_of(OutputKind kind) noexcept {
  switch (kind) {
    case OutputKind::kHeading:
      return Topic::kHeading;
    case OutputKind::kSleep:
      return Topic::kSleep;
    case OutputKind::kTurn:
      return Topic::kTurn;
    case OutputKind::kPopulation:
      return Topic::kPopulation;
    case OutputKind::kTrigger:
      return Topic::kTrigger;
    case OutputKind::kVeto:
      return Topic::kVeto;
    case OutputKind::kSession:
      return Topic::kSession;
    case OutputKind::kPulseStop:
      return Topic::kNone;
  }
  return Topic::kNone;
}

/// Whether a late joiner is sent the latest message. Never what a rig may fire on: it must not fire because it
/// reconnected.
constexpr bool is_retained(Topic topic) noexcept {
  return topic == Topic::kHeading || topic == Topic::kSleep || topic == Topic::kSession || topic == Topic::kHealth;
}

}  // namespace vturn::wire
