#include "daemon/sleep/calibration.hpp"

#include <algorithm>
#include <cmath>

#include "daemon/core/format.hpp"
#include "daemon/sleep/emission_fit.hpp"
#include "daemon/sleep/recipe_choice.hpp"
#include "daemon/sleep/threshold_rules.hpp"

namespace vturn {
namespace {

constexpr double kSmallestRemFraction = 0.005;
constexpr double kLargestRemFraction = 0.35;
/// Of REM told, and of REM found, in cross-validation; a scored mouse gives 0.9 and 0.85.
constexpr double kLowestPrecision = 0.8;
constexpr double kLowestRecall = 0.7;

bool is_brain(SleepFeature feature) noexcept { return (feature_bit(feature) & kBrainFeatures) != 0; }

std::string refuse_states(std::span<const LabelledEpoch> epochs, double epoch_s, double minutes) {
  std::array<double, kSleepStates> s{};
  for (const LabelledEpoch& epoch : epochs) {
    if (epoch.stage != SleepState::kUnknown) s[static_cast<std::size_t>(epoch.stage) - 1] += epoch_s;
  }
  const double total = s[0] + s[1] + s[2];
  if (total == 0.0) return "no epoch is scored: the stage column must hold W, N or R";
  for (std::size_t i = 0; i < kSleepStates; ++i) {
    if (s[i] < 60.0 * minutes) {
      return std::string("too little ") + kSleepStateNames[i] +
             format(": %.1f min are scored, at least %.1f are needed; score a longer recording", s[i] / 60.0, minutes);
    }
  }
  const double rem = s[2] / total;
  if (rem < kSmallestRemFraction || rem > kLargestRemFraction) {
    return format("%.1f %% of the scored time is REM, which no mouse shows (0.5 to 35 %%): check the stage column",
                  100.0 * rem);
  }
  return {};
}

void warn_of_rem(const SleepScore& score, std::vector<std::string>& warnings) {
  if (std::isnan(score.rem_precision)) {
    warnings.emplace_back("in cross-validation REM was never told: these signals do not tell it");
    return;
  }
  if (!(score.rem_precision >= kLowestPrecision))
    warnings.push_back(
        format("expected REM precision is only %.2f, with %.1f false alarms an hour: these signals do not tell it",
               score.rem_precision, score.false_alarms_per_hour));
  if (!(score.rem_recall >= kLowestRecall))
    warnings.push_back(format("expected REM recall is only %.2f: much of REM will be missed", score.rem_recall));
}

std::vector<std::string> warnings_for(const SleepModel& model, const SleepScore& score) {
  std::vector<std::string> result;
  if (!model.emg.known && !model.motion.known && !model.emg_lfp.known) {
    result.emplace_back("no EMG and no motion: quiet wake will be taken for REM; do not stimulate on this model");
  } else if (!model.motion.known) {
    result.emplace_back("no accelerometer: movement is told by muscle tone alone, seconds later and not always");
  }
  warn_of_rem(score, result);
  if (std::find(model.features.begin(), model.features.end(), SleepFeature::kAlpha) != model.features.end()) {
    result.emplace_back("alpha is in tables only, never computed live: live, the model does without it");
  }
  if (!(score.kappa >= 0.8))
    result.push_back(format("expected kappa is only %.2f; well-scored recordings give 0.88 or more", score.kappa));
  if (score.rem_bouts < 10)
    result.push_back(
        format("only %.0f REM bouts: the latency figures are rough", static_cast<double>(score.rem_bouts)));
  return result;
}

void count_epochs(std::span<const LabelledEpoch> epochs, SleepModel& model) {
  for (const LabelledEpoch& epoch : epochs) {
    if (teaches(epoch, model.features)) ++model.epochs[static_cast<std::size_t>(epoch.stage) - 1];
  }
}

}  // namespace

std::string implausible_shape(const SleepModel& model) {
  const auto difference = [&](SleepFeature feature, std::size_t a, std::size_t b) {
    const auto at = std::find(model.features.begin(), model.features.end(), feature);
    if (at == model.features.end()) return 0.0;
    const auto i = static_cast<std::size_t>(at - model.features.begin());
    return model.emissions[a].mean[i] - model.emissions[b].mean[i];
  };
  if (difference(SleepFeature::kDelta, 1, 2) < 0.0) {
    return "delta power is higher in REM than in NREM: stages or times do not belong to these features";
  }
  if (difference(SleepFeature::kEmg, 2, 0) > 0.0) {
    return "EMG power is higher in REM than in wake: stages or times do not belong to these features";
  }
  if (difference(SleepFeature::kMotion, 2, 0) > 0.0) {
    return "motion is higher in REM than in wake: stages or times do not belong to these features";
  }
  return {};
}

SleepModel fit_sleep_model(std::span<const LabelledEpoch> epochs, const SleepRecipe& recipe) {
  SleepModel model;
  model.features = recipe.features;
  model.emissions = fit_emissions(epochs, recipe.features, recipe.shrinkage);
  model.epoch_s = epoch_length_s(epochs);
  model.adaptation_s = recipe.adaptation_s;
  model.motion = fit_motion(epochs, SleepFeature::kMotion);
  model.emg = fit_motion(epochs, SleepFeature::kEmg);
  model.emg_lfp = fit_motion(epochs, SleepFeature::kEmgLfp);
  model.rules = fit_rules(epochs);
  model.ypnos = fit_ypnos(epochs);
  count_epochs(epochs, model);
  model.hash = model_hash(model);
  return model;
}

Expected<SleepCalibration> calibrate_sleep(std::span<const LabelledEpoch> epochs,
                                           const SleepCalibrationSettings& settings) {
  const double epoch_s = epoch_length_s(epochs);
  if (!(epoch_s > 0.0)) return Error{"fewer than two epochs, or times that do not rise"};
  if (auto reason = refuse_states(epochs, epoch_s, settings.minutes_per_state); !reason.empty()) return Error{reason};
  const bool fixed = !settings.features.empty();
  const std::vector<SleepFeature> features = fixed ? settings.features : usable_features(epochs);
  if (std::none_of(features.begin(), features.end(), is_brain)) {
    return Error{"no brain feature has values: the table needs delta and theta (power above zero) in most epochs"};
  }
  bool stopped = false;
  double done = 0.0;
  const auto go_on = [&] {
    stopped = stopped || !settings.progress(std::min(1.0, done / (3.0 * static_cast<double>(settings.blocks + 1))));
    done += 1.0;
    return !stopped;
  };
  SleepCalibration result;
  for (std::size_t b = 0; b < settings.blocks && !stopped; ++b) {
    SleepFold fold{epochs.size() * b / settings.blocks, epochs.size() * (b + 1) / settings.blocks, {}};
    const auto training = without(epochs, fold.begin, fold.end);
    fold.model = fit_sleep_model(training, choose_recipe(training, features, fixed, settings.blocks - 1, go_on));
    const auto decided = decide_epochs(fold.model, epochs.subspan(fold.begin, fold.end - fold.begin));
    result.held_out.insert(result.held_out.end(), decided.begin(), decided.end());
    result.folds.push_back(std::move(fold));
  }
  result.recipe = choose_recipe(epochs, features, fixed, settings.blocks, go_on);
  if (stopped) return Error{"stopped"};
  if (auto reason = refuse_untaught(epochs, result.recipe.features, settings.minutes_per_state); !reason.empty())
    return Error{reason};
  result.model = fit_sleep_model(epochs, result.recipe);
  if (auto reason = implausible_shape(result.model); !reason.empty()) return Error{reason};
  if (auto problem = model_problem(result.model); !problem.empty()) return Error{problem};
  result.cross_validated = score_sleep(truth_of(epochs), epoch_s, result.held_out);
  result.model.cv_kappa = result.cross_validated.kappa;
  result.model.cv_rem_f1 = result.cross_validated.rem_f1;
  result.model.cv_onset_latency_s = result.cross_validated.onset_latency_median_s;
  result.warnings = warnings_for(result.model, result.cross_validated);
  return result;
}

}  // namespace vturn
