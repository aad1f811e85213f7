#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "daemon/core/types.hpp"
#include "daemon/sleep/sleep_model.hpp"

namespace vturn {

/// One epoch of a hypnogram: [t_s, t_s + length). UNKNOWN = not scored, left out of every figure.
struct TruthEpoch {
  double t_s = 0.0;
  SleepState stage = SleepState::kUnknown;
};

/// What was decided at t_s from data up to t_s; it holds until the next decision.
struct SleepDecision {
  double t_s = 0.0;
  SleepState state = SleepState::kUnknown;  ///< after hysteresis: REM here is an alarm
  std::array<double, kSleepStates> p{};
};

/// Figures on real time: an alarm counts from the moment of its decision, as a stimulator would see it.
struct SleepScore {
  std::size_t epochs = 0;
  double kappa = 0.0;  ///< Cohen's, most likely state at each epoch's end against truth
  double accuracy = 0.0;
  double rem_precision = 0.0, rem_recall = 0.0, rem_f1 = 0.0;
  double brier = 0.0;         ///< mean of Σ (p - truth)², three states
  std::size_t rem_bouts = 0;  ///< of truth, 8 s or longer
  double onset_latency_median_s = 0.0, onset_latency_p75_s = 0.0, onset_latency_p90_s = 0.0;  ///< early alarms negative
  double missed_fraction = 0.0;
  /// Alarms without REM from 4 s and an epoch before their begin to 20 s after it, however long they last; per hour
  /// outside REM.
  double false_alarms_per_hour = 0.0;
  double false_rem_fraction = 0.0;  ///< of alarm time, the part outside REM
  double offset_latency_s = 0.0;    ///< median, alarm end after the bout's end
  double rem_time_covered = 0.0;
};

/// Scores decisions (times ascending) against epochs of `epoch_s` (ascending, not overlapping). Figures without a
/// denominator (no REM bout, no alarm) are NaN.
SleepScore score_sleep(std::span<const TruthEpoch> truth, double epoch_s, std::span<const SleepDecision> decisions);

/// Cohen's kappa of two label sequences of equal length; pairs with an UNKNOWN truth are left out.
double cohens_kappa(std::span<const SleepState> truth, std::span<const SleepState> scored) noexcept;

}  // namespace vturn
