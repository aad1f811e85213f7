#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "daemon/core/output_event.hpp"

namespace vturn::turns {

struct TurnSettings {
  double log_odds = 0.6;       ///< on-threshold, nats: from the false-alarm rate the user names (40 cells: 1/min)
  double off_log_odds = -2.0;  ///< a turn ends, and the detector is ready again, below this; < log_odds
  double refractory_s = 0.2;   ///< from one onset to the next
  double min_evidence_nats_per_spike = 0.05;  ///< no onset while the decoded spikes do not fit the tuning
  double min_spikes_per_s = 10.0;             ///< no onset while there is too little to decode
  /// The onset is where rotation at more than this speed began (slower is drift of the resting heading).
  double rest_velocity_rad_s = 1.0;
  double lookback_s = 1.0;  ///< the onset estimate looks back this far at most; <= kMaxLookbackS
  double max_gap_s = 1.0;   ///< a longer silence of the decoder forgets the past
};

/// Virtual turns from the switching filter's posterior: the log-odds of a turn left, log(P(left) / P(not left)), and
/// of a turn right, against a threshold with hysteresis and refractory (measured within sampling error of the ideal
/// observer that knows the true turns). "Not left" contains right as well as rest: an uncertain direction, however
/// surely no rest, is no turn to the left. Pure, noexcept, no allocation.
class TurnDetector {
 public:
  static constexpr double kMaxLookbackS = 1.2;

  /// Takes the settings and forgets everything. Throws std::invalid_argument on settings out of range.
  void prepare(const TurnSettings& settings);
  /// Forgets a turn under way (no END is given for it) and the past; the next onset needs a moment of rest first.
  void reset() noexcept;

  /// To be called at every heading update, in order of time. True when `turn` was filled: an ONSET when the evidence
  /// suffices, an END when the log-odds have fallen below the off-threshold. Time that goes back resets the detector.
  bool step(SessionNs time_ns, const HeadingOutput& heading, SleepState state, TurnOutput& turn) noexcept;

  [[nodiscard]] bool turning() const noexcept { return direction_ != Direction::kNone; }
  /// Onsets that passed the threshold but not the evidence gate.
  [[nodiscard]] std::uint64_t gated() const noexcept { return gated_; }

 private:
  struct Past {
    SessionNs time_ns;
    double angle_rad;  ///< unwrapped
    float velocity_rad_s;
  };
  static constexpr std::int64_t kPastStepNs = 5 * kNsPerMs;
  static constexpr std::size_t kPastCapacity = 256;

  void remember(SessionNs time_ns, const HeadingOutput& heading) noexcept;
  [[nodiscard]] const Past& past(std::size_t back) const noexcept;
  void begin(SessionNs time_ns, Direction direction, const HeadingOutput& heading) noexcept;
  void fill(TurnPhase phase, SessionNs time_ns, const HeadingOutput& heading, SleepState state,
            TurnOutput& turn) const noexcept;

  TurnSettings settings_;
  double on_ratio_ = 1.0;  ///< e^log_odds: probabilities are compared as ratios, logarithms are for the output only
  double off_ratio_ = 1.0;
  std::array<Past, kPastCapacity> past_{};
  std::size_t past_size_ = 0;
  std::size_t past_head_ = 0;
  double unwrapped_rad_ = 0.0;
  float last_angle_rad_ = 0.0F;
  SessionNs last_ns_ = 0;
  bool started_ = false;
  bool ready_ = false;  ///< rest has been seen since the last turn
  bool crossing_gated_ = false;
  Direction direction_ = Direction::kNone;
  SessionNs onset_ns_ = 0;
  double onset_angle_rad_ = 0.0;
  float peak_velocity_rad_s_ = 0.0F;
  bool onset_given_ = false;
  SessionNs last_onset_ns_ = 0;
  std::uint64_t gated_ = 0;
};

}  // namespace vturn::turns
