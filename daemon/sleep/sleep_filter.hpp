#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "daemon/core/output_event.hpp"
#include "daemon/sleep/emission.hpp"
#include "daemon/sleep/gain_fit.hpp"
#include "daemon/sleep/motion_gate.hpp"
#include "daemon/sleep/sleep_features.hpp"
#include "daemon/sleep/sleep_model.hpp"

namespace vturn {

/// Forward filter of a 3-state Gaussian hidden Markov model with tempered evidence and posterior-weighted adaptation of
/// each feature's offset, then hysteresis. Works at any step up to 4 s: 10 Hz live frames, or the epochs of a table.
/// Strictly causal, deterministic, no allocation in step().
class SleepFilter {
 public:
  /// `step_s`: step of the prediction, (0, 4]. `spacing_s`: time between frames where it is longer than a step.
  void prepare(const SleepModel& model, double step_s = 0.1, double spacing_s = 0.0);
  /// Back to the state after prepare(): posterior, offsets and gains forgotten.
  void reset() noexcept;
  /// The data were interrupted: state UNKNOWN until re-established; offsets and gains are kept (same animal, same
  /// amplifier).
  void gap() noexcept;
  /// One frame; times must rise. Missing frames are bridged by prediction.
  SleepOutput step(const FeatureFrame& frame) noexcept;

  /// P(wake), P(NREM), P(REM) in double precision.
  [[nodiscard]] const std::array<double, kSleepStates>& posterior() const noexcept { return posterior_; }
  /// The gains that fit these signals best are none that an amplifier makes: UNKNOWN, with a quality of 0, until a
  /// later fit is plausible.
  [[nodiscard]] bool gains_refused() const noexcept { return gain_fit_.refused(); }
  /// Log-power offset (nats) of each feature against the model.
  [[nodiscard]] const std::array<double, kSleepFeatures>& offsets() const noexcept { return offset_; }

 private:
  void update(const FeatureFrame& frame) noexcept;
  void adapt(const FeatureFrame& frame) noexcept;
  void fit_gain(const FeatureFrame& frame) noexcept;
  void bridge(SessionNs time_ns) noexcept;
  [[nodiscard]] bool usable(const FeatureFrame& frame) const noexcept;
  void rate_quality(const FeatureFrame& frame, bool good) noexcept;
  void decide(bool moving) noexcept;
  void lose_state() noexcept;
  [[nodiscard]] bool units_only(const FeatureFrame& frame) const noexcept;
  [[nodiscard]] SleepState wanted(bool moving) const noexcept;
  void enter(SleepState state) noexcept;
  [[nodiscard]] SleepOutput output(const FeatureFrame& frame) const noexcept;

  SleepModel model_;
  Emission emission_;
  GainFit gain_fit_;
  MotionGate motion_gate_;
  TransitionMatrix transitions_{};
  std::array<double, kSleepStates> prior_{};
  std::array<double, kSleepStates> posterior_{};
  std::array<double, kSleepFeatures> offset_{};
  double step_s_ = 0.1;
  double spacing_s_ = 0.1;
  double temper_ = 1.0;
  double adaptation_rate_ = 0.0;
  double quality_rate_ = 1.0;
  double quality_ = 0.0;
  double time_in_state_s_ = 0.0;
  double candidate_s_ = 0.0;
  double bad_s_ = 0.0;
  double good_s_ = 0.0;
  double units_only_s_ = 0.0;  ///< for how long there is nothing but units to go by
  SessionNs last_time_ns_ = 0;
  bool started_ = false;
  SleepState state_ = SleepState::kUnknown;
  SleepState candidate_ = SleepState::kUnknown;
};

}  // namespace vturn
