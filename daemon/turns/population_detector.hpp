#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "daemon/core/output_event.hpp"

namespace vturn::turns {

enum class PopulationKernel : std::uint8_t { kExponential, kBox };

struct PopulationSettings {
  std::vector<UnitId> clockwise;  ///< turn cells of each side; a unit may be on one side only
  std::vector<UnitId> counterclockwise;
  PopulationKernel kernel = PopulationKernel::kExponential;
  double kernel_s = 0.03;     ///< time constant, or width of the box; 0.005..0.2
  double threshold_sd = 2.0;  ///< an event is the rate rising through mean + threshold_sd * SD of the sleep state
  double refractory_s = 0.2;  ///< from one event of a side to its next
  double learn_s = 10.0;      ///< a state's mean and SD are used once they rest on this much time in it
  double settle_s = 1.0;      ///< nothing is learnt this soon after a change of state
  double memory_s = 600.0;    ///< time constant of mean and SD, time spent in the state
  std::size_t min_cells = 5;  ///< a side with fewer cells is undetectable: its SD is hardly above Poisson's
};

/// Population turn events of the superior colliculus: the summed rate of the clockwise, and independently of the
/// counter-clockwise, turn cells through a causal kernel, against mean and SD learnt for each sleep state (they stay as
/// they are while another state lasts; UNKNOWN neither learns nor detects). The SD is never taken below that of a
/// Poisson process of the same mean, so that near-silent cells do not make each spike an event. Pure, no allocation
/// after prepare().
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
  /// Whether this side's mean and SD in this state rest on enough time.
  [[nodiscard]] bool learnt(Direction side, SleepState state) const noexcept;
  [[nodiscard]] double mean_hz(Direction side, SleepState state) const noexcept;
  [[nodiscard]] double sd_hz(Direction side, SleepState state) const noexcept;
  [[nodiscard]] double rate_hz(Direction side) const noexcept;
  /// Spikes that the box kernel's bounded window could not hold.
  [[nodiscard]] std::uint64_t overflowed() const noexcept { return overflowed_; }

 private:
  static constexpr std::int64_t kSampleNs = 5 * kNsPerMs;  ///< statistics are sampled in time, not at spikes
  static constexpr std::size_t kBoxCapacity = 1024;
  static constexpr std::size_t kStates = 4;

  struct Statistics {
    double mean = 0.0;
    double variance = 0.0;
    double samples = 0.0;
  };
  struct Side {
    Direction direction = Direction::kNone;
    std::size_t cells = 0;
    double rate_hz = 0.0;  ///< exponential kernel, at time_ns_
    std::array<SessionNs, kBoxCapacity> box{};
    std::size_t box_head = 0;
    std::size_t box_size = 0;
    std::array<Statistics, kStates> statistics{};
    bool above = true;  ///< a rise is needed: the rate must have been below the threshold first
    bool event_given = false;
    SessionNs last_event_ns = 0;
  };

  void advance(SessionNs time_ns) noexcept;
  void sample(SessionNs time_ns, SleepState state) noexcept;
  bool detect(Side& side, SleepState state, PopulationOutput& event) noexcept;
  [[nodiscard]] double rate_of(const Side& side) const noexcept;
  [[nodiscard]] double effective_sd(const Statistics& statistics) const noexcept;
  [[nodiscard]] const Side& side_of(Direction side) const noexcept;

  PopulationSettings settings_;
  std::array<std::uint8_t, kMaxUnits> side_of_unit_{};  ///< 0 none, 1 clockwise, 2 counter-clockwise
  std::array<Side, 2> sides_{};
  SessionNs time_ns_ = 0;
  bool started_ = false;
  std::int64_t next_sample_ns_ = 0;
  SleepState state_ = SleepState::kUnknown;
  SessionNs state_since_ns_ = 0;
  std::uint64_t overflowed_ = 0;
};

}  // namespace vturn::turns
