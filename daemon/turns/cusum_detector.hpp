#pragma once

#include <array>
#include <cstdint>

#include "daemon/core/output_event.hpp"

namespace vturn::turns {

struct CusumSettings {
  double nats = 4.0;             ///< alarm: one false a minute takes about this much, whatever the number of cells
  double end_nats = 3.0;         ///< a turn ends when this much speaks for its end
  double lead_nats = 2.0;        ///< by which a side's sum must lead the other's: surely turning, but which way?
  double rest_to_turn_hz = 0.2;  ///< of the filter's dynamics: what its posterior does between spikes is not evidence
  double turn_to_rest_hz = 1.2;
  double refractory_s = 0.2;                  ///< from one onset to the next
  double min_evidence_nats_per_spike = 0.05;  ///< no onset while the decoded spikes do not fit the tuning
  double min_spikes_per_s = 10.0;             ///< no onset while there is too little to decode
  double max_gap_s = 1.0;                     ///< a longer silence of the decoder forgets the past
};

/// Page's test (1954) for a turn left, and for one right: each update of the switching filter tells how much more
/// likely the spikes were if it turns that way than if not, log(posterior odds / predicted odds); these are summed,
/// never below zero, and a sum above the threshold is an onset, its estimate the moment the sum left zero. Nearly the
/// log-odds of TurnDetector without the pull of a prior, hence a threshold in nats that means the same for any
/// population. The end is found by the same test the other way round. Pure, noexcept, no allocation.
class CusumDetector {
 public:
  /// Takes the settings and forgets everything. Throws std::invalid_argument on settings out of range.
  void prepare(const CusumSettings& settings);
  /// Forgets a turn under way (no END is given for it) and the past.
  void reset() noexcept;

  /// To be called at every heading update, in order of time. True when `turn` was filled, with the sum that crossed as
  /// its log_odds (of an END negative). Time that goes back resets the detector.
  bool step(SessionNs time_ns, const HeadingOutput& heading, SleepState state, TurnOutput& turn) noexcept;

  [[nodiscard]] bool turning() const noexcept { return direction_ != Direction::kNone; }
  /// Nats that speak for a turn this way since the last time none did.
  [[nodiscard]] double nats(Direction direction) const noexcept;
  /// Onsets that passed the threshold but not the evidence gate.
  [[nodiscard]] std::uint64_t gated() const noexcept { return gated_; }

 private:
  struct Side {
    double nats = 0.0;
    SessionNs since_ns = 0;  ///< when nothing spoke for a turn for the last time
    double since_rad = 0.0;
    float peak_velocity_rad_s = 0.0F;
  };

  void start(SessionNs time_ns, const HeadingOutput& heading) noexcept;
  void accumulate(SessionNs time_ns, const HeadingOutput& heading) noexcept;
  bool find_end() noexcept;
  bool find_onset(SessionNs time_ns, const HeadingOutput& heading) noexcept;
  void fill(TurnPhase phase, SessionNs time_ns, double nats, SleepState state, TurnOutput& turn) const noexcept;
  [[nodiscard]] static std::size_t index_of(Direction direction) noexcept;

  CusumSettings settings_;
  std::array<Side, 2> sides_{};          ///< right, left
  std::array<double, 2> latest_nats_{};  ///< what the last update added
  double p_left_ = 0.0, p_right_ = 0.0;
  double unwrapped_rad_ = 0.0;
  float last_angle_rad_ = 0.0F;
  SessionNs last_ns_ = 0;
  bool started_ = false;
  bool crossing_gated_ = false;
  Direction direction_ = Direction::kNone;
  double end_nats_ = 0.0;
  bool onset_given_ = false;
  SessionNs last_onset_ns_ = 0;
  std::uint64_t gated_ = 0;
};

}  // namespace vturn::turns
