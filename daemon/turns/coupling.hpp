#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "daemon/core/output_event.hpp"
#include "daemon/turns/proportion.hpp"

namespace vturn::turns {

struct CouplingSettings {
  double window_s = 0.5;           ///< the heading is compared this long before and after the event; <= 1
  double delay_s = 0.08;           ///< of the decoded heading behind the true one: both windows are moved by it; <= 0.5
  double min_rotation_rad = 0.35;  ///< net rotation over the two windows that counts as a turn
  std::uint64_t seed = 1;          ///< of the shuffled times
};

/// How surely the decoded heading turns the same way around a collicular population event: P(net rotation over
/// ±window in the side's direction | event), for each sleep state and side; and the same for shuffled events. Each
/// event is shuffled four times, by a random 2 to 20 s back within its stretch of the state: as many times of the same
/// state, of the same restlessness, that know nothing of the event. Causal: an event is scored once the heading has
/// gone on for a window after it. Pure, no allocation; the same inputs and seed give the same estimates.
class Coupling {
 public:
  /// Throws std::invalid_argument on settings out of range.
  void prepare(const CouplingSettings& settings);
  /// Forgets the heading's past and events not yet scored, keeps the counts.
  void reset() noexcept;

  void heading(SessionNs time_ns, float angle_rad, SleepState state) noexcept;
  void event(SessionNs time_ns, Direction side, SleepState state) noexcept;

  [[nodiscard]] ProportionEstimate estimate(Direction side, SleepState state) const noexcept;
  [[nodiscard]] ProportionEstimate shuffled(Direction side, SleepState state) const noexcept;
  /// Events that could not be scored: no heading around them, or too many at once.
  [[nodiscard]] std::uint64_t unscored() const noexcept { return unscored_; }

 private:
  static constexpr std::int64_t kStepNs = 10 * kNsPerMs;
  static constexpr std::int64_t kNearestShuffleNs = 2 * kNsPerS;
  static constexpr std::int64_t kFurthestShuffleNs = 20 * kNsPerS;
  static constexpr int kShuffles = 4;
  static constexpr std::size_t kPast = 2304;  ///< steps: the furthest shuffle and two windows on either side
  static constexpr std::size_t kPending = 64;
  static constexpr std::size_t kStates = 4;

  struct Point {
    SessionNs time_ns;
    double angle_rad;  ///< unwrapped
  };
  struct Event {
    SessionNs time_ns;
    SessionNs state_since_ns;
    Direction side;
    SleepState state;
  };
  using Counts = std::array<std::array<BlockedProportion, 2>, kStates>;

  void score(const Event& event) noexcept;
  void score_shuffled(const Event& event) noexcept;
  /// Whether the heading turns to the side around a time; false is returned when it is not known there.
  [[nodiscard]] bool turns_around(SessionNs time_ns, Direction side, bool& turns) const noexcept;
  [[nodiscard]] bool angle_at(SessionNs time_ns, double& angle_rad) const noexcept;
  [[nodiscard]] const Point& back(std::size_t steps) const noexcept;

  CouplingSettings settings_;
  std::int64_t window_ns_ = 0;
  std::int64_t delay_ns_ = 0;
  std::uint64_t random_ = 0;
  std::array<Point, kPast> past_{};
  std::size_t past_size_ = 0;
  std::size_t past_head_ = 0;
  std::array<Event, kPending> pending_{};
  std::size_t pending_size_ = 0;
  std::size_t pending_head_ = 0;
  double unwrapped_rad_ = 0.0;
  float last_angle_rad_ = 0.0F;
  bool started_ = false;
  SleepState state_ = SleepState::kUnknown;
  SessionNs state_since_ns_ = 0;
  Counts counts_{};
  Counts shuffled_{};
  std::uint64_t unscored_ = 0;
};

}  // namespace vturn::turns
