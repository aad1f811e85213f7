#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "daemon/core/output_event.hpp"
#include "daemon/turns/background.hpp"

namespace vturn::turns {

struct PopulationSettings {
  std::vector<UnitId> clockwise;  ///< turn cells of each side; a unit may be on one side only
  std::vector<UnitId> counterclockwise;
  double kernel_s = 0.05;         ///< time constant of the exponential kernel; 0.005..0.5
  double false_per_minute = 0.5;  ///< both sides together: so often their backgrounds rise through the threshold
  double threshold_sd = 0.0;  ///< above 0: the threshold is the state's mean + this * its SD instead, events included
  double refractory_s = 0.3;  ///< from one event of a side to its next
  double learn_s = 10.0;      ///< a state's figures are used once they rest on this much time in it
  double settle_s = 1.0;      ///< nothing is learnt this soon after a change of state
  double memory_s = 600.0;    ///< time constant of what is learnt, time spent in the state
  std::size_t min_cells = 5;  ///< a side with fewer cells is undetectable: its SD is hardly above Poisson's
};

/// Population turn events of the superior colliculus: the summed rate of the clockwise, and independently of the
/// counter-clockwise, turn cells through a causal exponential kernel, against what was learnt in each sleep state (it
/// stays as it is while another state lasts; UNKNOWN neither learns nor detects).
///
/// An event is a rise through a threshold; the next one needs the rate to have come back near the background. The
/// threshold is the level that both sides' backgrounds alone would rise through `false_per_minute` times a minute.
/// Background is what lies outside events: below a level set by the median and the lower quantiles of the state's rate,
/// which events hardly move however many there are; not an event's rising flank, nor a little after it. `threshold_sd`
/// takes mean and SD of all the state's time instead, as published analyses do; with many events in it that SD is
/// mostly theirs. Pure, no allocation after prepare().
class PopulationDetector {
 public:
  /// Throws std::invalid_argument on settings out of range or a unit on both sides.
  void prepare(const PopulationSettings& settings);
  /// Forgets spikes and the state, keeps what was learnt of the states (a new epoch is the same animal).
  void reset() noexcept;

  /// A spike older than the detector's time is taken at the detector's time.
  void spike(SessionNs time_ns, UnitId unit) noexcept;
  /// Call until it returns false, at every spike of the colliculus and at least every 10 ms: true when one side's event
  /// was written to `event` (coupling fields are zero: they are Coupling's).
  bool step(SessionNs time_ns, SleepState state, PopulationOutput& event) noexcept;

  /// Whether this side has enough cells to be looked at.
  [[nodiscard]] bool detectable(Direction side) const noexcept;
  /// Whether this side's figures in this state rest on enough time.
  [[nodiscard]] bool learnt(Direction side, SleepState state) const noexcept;
  /// Mean and SD of all the state's time; the SD is never taken below that of a Poisson process of the same mean.
  [[nodiscard]] double mean_hz(Direction side, SleepState state) const noexcept;
  [[nodiscard]] double sd_hz(Direction side, SleepState state) const noexcept;
  [[nodiscard]] double background_hz(Direction side, SleepState state) const noexcept;
  [[nodiscard]] double threshold_hz(Direction side, SleepState state) const noexcept;
  [[nodiscard]] double rate_hz(Direction side) const noexcept { return side_of(side).rate_hz; }

 private:
  static constexpr std::int64_t kSampleNs = 5 * kNsPerMs;  ///< figures are learnt in time, not at spikes
  static constexpr std::size_t kStates = 4;

  struct Known {
    RunningMoments all;
    RunningMoments background;
    RateHistogram histogram;
    double gate_hz = 0.0;  ///< what is above is not background
    double threshold_hz = 0.0;
    double release_hz = 0.0;  ///< below this an event is over
    SessionNs set_ns = 0;
    bool set = false;
  };
  struct Side {
    Direction direction = Direction::kNone;
    std::size_t cells = 0;
    double rate_hz = 0.0;  ///< at time_ns_
    std::array<Known, kStates> known{};
    HeldSamples held;
    bool above = true;             ///< a rise is needed: the rate must have been below the release first
    SessionNs quiet_since_ns = 0;  ///< the rate has been below the gate
    bool event_given = false;
    SessionNs last_event_ns = 0;
  };

  void advance(SessionNs time_ns) noexcept;
  void enter(SleepState state) noexcept;
  void sample() noexcept;
  void learn(Side& side, double weight) noexcept;
  void set_gate(Known& known) const noexcept;
  void set_threshold(Known& known) const noexcept;
  bool detect(Side& side, PopulationOutput& event) noexcept;
  [[nodiscard]] double sd_of(const RunningMoments& moments) const noexcept;
  [[nodiscard]] const Side& side_of(Direction side) const noexcept;
  [[nodiscard]] const Known& known_of(Direction side, SleepState state) const noexcept;

  PopulationSettings settings_;
  std::array<std::uint8_t, kMaxUnits> side_of_unit_{};  ///< 0 none, 1 clockwise, 2 counter-clockwise
  std::array<Side, 2> sides_{};
  SessionNs time_ns_ = 0;
  bool started_ = false;
  std::int64_t next_sample_ns_ = 0;
  SleepState state_ = SleepState::kUnknown;
  SessionNs state_since_ns_ = 0;
};

}  // namespace vturn::turns
