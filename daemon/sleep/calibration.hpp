#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "daemon/core/expected.hpp"
#include "daemon/sleep/scoring.hpp"
#include "daemon/sleep/sleep_model.hpp"

namespace vturn {

/// One row of a features table.
struct LabelledEpoch {
  double t_s = 0.0;                         ///< its begin
  FeatureFrame frame;                       ///< log powers; artefact as marked; time_ns = end of the epoch
  SleepState stage = SleepState::kUnknown;  ///< UNKNOWN = not scored
};

struct SleepCalibrationSettings {
  std::vector<SleepFeature> features;  ///< empty = chosen by cross-validation
  double minutes_per_state = 5.0;      ///< fewer labelled minutes of a state are refused
  std::size_t blocks = 5;              ///< of the blocked cross-validation
  /// Told the share done; false stops the calibration.
  std::function<bool(double)> progress = [](double) { return true; };
};

struct SleepCalibration {
  SleepModel model;
  SleepScore cross_validated;  ///< blocks never seen in their training, joined in order
  double rules_kappa = 0.0;    ///< of the three thresholds, fitted and tested on the same blocks
  double shrinkage = 0.0;
  std::vector<std::string> warnings;
};

/// Median spacing of the rows; 0 when there are fewer than two.
double epoch_length_s(std::span<const LabelledEpoch> epochs);

/// Supervised: Gaussians a state with shrunk full covariance, transitions of the species; feature set and
/// shrinkage chosen by blocked cross-validation inside the data. Refuses, with the reason, what cannot make a model to
/// trust: too little of a state, an implausible share of REM, no usable feature, REM that does not look like REM.
Expected<SleepCalibration> calibrate_sleep(std::span<const LabelledEpoch> epochs,
                                           const SleepCalibrationSettings& settings);

/// Runs the filter over a table, causally: decision i is made at the end of epoch i. The frames' artefact marks count
/// only with `use_artefact_marks` (a scorer's marks are not known online).
std::vector<SleepDecision> decide_epochs(const SleepModel& model, std::span<const LabelledEpoch> epochs,
                                         bool use_artefact_marks = false);
std::vector<TruthEpoch> truth_of(std::span<const LabelledEpoch> epochs);

/// The three-threshold rules on one epoch; NREM where they have nothing to go by.
SleepState apply_rules(const ThresholdRules& rules, const FeatureFrame& frame) noexcept;
/// Thresholds of greatest kappa on the labelled epochs; not known when delta, theta or EMG is absent.
ThresholdRules fit_rules(std::span<const LabelledEpoch> epochs);
double rules_kappa(const ThresholdRules& rules, std::span<const LabelledEpoch> epochs);

}  // namespace vturn
