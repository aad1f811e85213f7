#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "daemon/core/expected.hpp"
#include "daemon/sleep/labelled_epochs.hpp"
#include "daemon/sleep/scoring.hpp"
#include "daemon/sleep/sleep_model.hpp"

namespace vturn {

struct SleepCalibrationSettings {
  static constexpr double kFewestMinutes = 5.0;
  std::vector<SleepFeature> features;         ///< empty = chosen by cross-validation
  double minutes_per_state = kFewestMinutes;  ///< fewer minutes of a state, with all its features, are refused
  std::size_t blocks = 5;                     ///< of the blocked cross-validation
  /// Told the share done; false stops the calibration.
  std::function<bool(double)> progress = [](double) { return true; };
};

/// What calibration chooses; everything else of a model is fitted or a setting of the filter.
struct SleepRecipe {
  std::vector<SleepFeature> features;
  double shrinkage = 0.0;
  double adaptation_s = 0.0;
};

/// Epochs [begin, end), and a model that was chosen and fitted without them.
struct SleepFold {
  std::size_t begin = 0, end = 0;
  SleepModel model;
};

struct SleepCalibration {
  SleepModel model;
  SleepRecipe recipe;
  std::vector<SleepFold> folds;
  std::vector<SleepDecision> held_out;  ///< each fold's model on its own epochs, joined in order
  SleepScore cross_validated;           ///< of `held_out`: choices and fit both without the epochs that are scored
  std::vector<std::string> warnings;
};

/// Supervised: Gaussians a state with shrunk full covariance, transitions of the species; feature set, shrinkage and
/// time constant of the offsets chosen by blocked cross-validation inside the data. Refuses, with the reason, what
/// cannot make a model to trust: too little of a state, an implausible share of REM, no usable feature, REM that does
/// not look like REM.
Expected<SleepCalibration> calibrate_sleep(std::span<const LabelledEpoch> epochs,
                                           const SleepCalibrationSettings& settings);

/// The model of a recipe, with the baselines' thresholds fitted beside it.
SleepModel fit_sleep_model(std::span<const LabelledEpoch> epochs, const SleepRecipe& recipe);

/// Why a model cannot be one of this species' sleep, or an empty string.
std::string implausible_shape(const SleepModel& model);

}  // namespace vturn
