#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "daemon/core/output_event.hpp"

namespace vturn::turns {

struct CouplingSettings {
  double window_s = 0.5;           ///< the heading is compared this long before and after the event; <= 1
  double min_rotation_rad = 0.35;  ///< net rotation over the two windows that counts as a turn
};

struct CouplingEstimate {
  double probability = 0.0;  ///< hits / events, 0 without events
  double low = 0.0;          ///< Wilson's 95 % interval; [0, 1] without events
  double high = 1.0;
  std::uint64_t events = 0;
  std::uint64_t hits = 0;
};

/// Wilson's score interval of a proportion (Wilson 1927), 95 %.
CouplingEstimate wilson(std::uint64_t hits, std::uint64_t events) noexcept;

/// How surely the decoded heading turns the same way around a collicular population event: P(net rotation over
/// ±window in the side's direction | event), for each sleep state and side, and the same at regular times (chance).
/// Causal: an event is scored once the heading has gone on for a window after it. Pure, no allocation.
class Coupling {
 public:
  /// Throws std::invalid_argument on settings out of range.
  void prepare(const CouplingSettings& settings);
  /// Forgets the heading's past and events not yet scored, keeps the counts.
  void reset() noexcept;

  void heading(SessionNs time_ns, float angle_rad, SleepState state) noexcept;
  void event(SessionNs time_ns, Direction side, SleepState state) noexcept;

  [[nodiscard]] CouplingEstimate estimate(Direction side, SleepState state) const noexcept;
  /// The same probability at times that do not depend on events (one a second).
  [[nodiscard]] CouplingEstimate chance(Direction side, SleepState state) const noexcept;
  /// Events that could not be scored: no heading around them, or too many at once.
  [[nodiscard]] std::uint64_t unscored() const noexcept { return unscored_; }

 private:
  static constexpr std::int64_t kStepNs = 10 * kNsPerMs;
  static constexpr std::int64_t kChanceStepNs = kNsPerS;
  static constexpr std::size_t kPast = 256;
  static constexpr std::size_t kPending = 64;
  static constexpr std::size_t kStates = 4;

  struct Point {
    SessionNs time_ns;
    double angle_rad;  ///< unwrapped
  };
  struct Event {
    SessionNs time_ns;
    Direction side;  ///< kNone: a time of the chance level, scored for both
    SleepState state;
  };
  struct Count {
    std::uint64_t events = 0;
    std::uint64_t hits = 0;
  };
  using Counts = std::array<std::array<Count, 2>, kStates>;

  void enqueue(const Event& event) noexcept;
  void score(const Event& event) noexcept;
  void count(Counts& counts, const Event& event, Direction side, double rotation_rad) const noexcept;
  [[nodiscard]] bool angle_at(SessionNs time_ns, double& angle_rad) const noexcept;

  CouplingSettings settings_;
  std::int64_t window_ns_ = 0;
  std::array<Point, kPast> past_{};
  std::size_t past_size_ = 0;
  std::size_t past_head_ = 0;
  std::array<Event, kPending> pending_{};
  std::size_t pending_size_ = 0;
  std::size_t pending_head_ = 0;
  double unwrapped_rad_ = 0.0;
  float last_angle_rad_ = 0.0F;
  bool started_ = false;
  SessionNs next_chance_ns_ = 0;
  Counts counts_{};
  Counts chance_{};
  std::uint64_t unscored_ = 0;
};

}  // namespace vturn::turns
