#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "daemon/sleep/sleep_features.hpp"

namespace vturn {

inline constexpr std::size_t kSleepStates = 3;  ///< order wake, NREM, REM
constexpr SleepState sleep_state_of(std::size_t index) noexcept { return static_cast<SleepState>(index + 1); }

using TransitionMatrix = std::array<std::array<double, kSleepStates>, kSleepStates>;

/// Transitions per 4 s of 148 expert hypnograms of 92 mice (OpenNeuro ds006366, CC0), rows wake, NREM, REM. Wake to REM
/// is rare, never impossible: a filter that missed the NREM before must be able to reach REM.
inline constexpr double kTransitionStepS = 4.0;
inline constexpr TransitionMatrix kMouseTransitions = {
    {{0.97295, 0.0270, 0.00005}, {0.0281, 0.9648, 0.0071}, {0.0476, 0.0030, 0.9494}}};

/// One state's emission: Gaussian over the log features that the model uses, in the model's feature order.
struct SleepEmission {
  std::array<double, kSleepFeatures> mean{};
  std::array<std::array<double, kSleepFeatures>, kSleepFeatures> covariance{};
};

/// Median and scaled MAD (an s.d. for Gaussian data) of a log motion signal in NREM: what "moving" is measured against.
struct MotionReference {
  bool known = false;
  double nrem_median = 0.0;
  double nrem_mad = 0.0;
  double threshold = 0.0;  ///< in MADs above the median; more than this is movement
};

/// Wake where EMG is above the first threshold, else REM where delta is below the second and theta/delta above the
/// third, else NREM: the rules most labs use, kept beside the model to be compared with.
struct ThresholdRules {
  bool known = false;
  double log_emg = 0.0;
  double log_delta = 0.0;
  double log_ratio = 0.0;
};

/// Thresholds of the Ypnos-like rule, kept beside the model to be compared with.
struct YpnosRule {
  bool known = false;
  double emg = 0.0;        ///< log EMG as a share of its range since the start
  double log_ratio = 0.0;  ///< log delta/theta
};

/// Thresholds that somebody set by hand: the model is then these rules instead of Gaussians. Each works as a Schmitt
/// trigger, `margin` to either side.
struct ManualThresholds {
  bool known = false;
  ThresholdRules rules;
  double margin = 0.0;  ///< nats
};

/// Everything calibration learns and the filter needs. Plain data; read and written by daemon/models.
struct SleepModel {
  std::vector<SleepFeature> features;  ///< used by the emissions, in their order
  std::array<SleepEmission, kSleepStates> emissions{};
  TransitionMatrix transitions = kMouseTransitions;  ///< per kTransitionStepS

  double epoch_s = 4.0;              ///< length of the epochs it was fitted on
  double evidence_constant_s = 1.5;  ///< Tc: the log likelihood of a step of dt counts dt/Tc, at most 1
  double adaptation_s = 900.0;       ///< τ of the offsets; 0 = frozen
  double gain_fit_s = 600.0;   ///< first minutes in which the signals' gains are fitted; 0 = gains are as calibrated
  double gain_prior_sd = 1.0;  ///< of the log gain, nats

  double rem_on = 0.9;              ///< REM begins at P(REM) ≥ rem_on ...
  double rem_off = 0.5;             ///< ... and ends below rem_off
  double switch_probability = 0.6;  ///< wake and NREM change over above this
  double confirm_s = 0.3;           ///< for this long
  double unknown_after_s = 5.0;     ///< of unusable signal

  MotionReference motion;   ///< accelerometer
  MotionReference emg;      ///< where there is no accelerometer
  MotionReference emg_lfp;  ///< where there is neither
  ThresholdRules rules;
  YpnosRule ypnos;
  ManualThresholds manual;

  /// Blocked cross-validation inside the calibration data; NaN where there was none.
  double cv_kappa = std::numeric_limits<double>::quiet_NaN();
  double cv_rem_f1 = std::numeric_limits<double>::quiet_NaN();
  double cv_onset_latency_s = std::numeric_limits<double>::quiet_NaN();  ///< median
  std::array<std::size_t, kSleepStates> epochs{};                        ///< labelled epochs a state
  std::string data_hash;                                                 ///< of the calibration table
  std::uint64_t hash = 0;  ///< of everything above that the filter uses: model_hash()
};

/// FNV-1a over the fields that decide what the filter computes, in a fixed order.
std::uint64_t model_hash(const SleepModel& model) noexcept;

/// What is wrong with a model that a filter cannot run on, or an empty string.
std::string model_problem(const SleepModel& model);

}  // namespace vturn
