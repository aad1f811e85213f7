#include "daemon/sleep/calibration.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "daemon/sleep/emission_fit.hpp"
#include "daemon/sleep/sleep_filter.hpp"

namespace vturn {
namespace {

constexpr std::array<double, 2> kShrinkages = {0.05, 0.3};
constexpr double kSmallestRemFraction = 0.005;
constexpr double kLargestRemFraction = 0.35;
constexpr double kMostlyPresent = 0.5;
constexpr double kSameSignal = 0.98;
/// A larger feature set must earn this much over the smallest.
constexpr double kWorthMoreFeatures = 0.001;
constexpr std::array<const char*, kSleepStates> kStateNames = {"wake", "NREM", "REM"};

using FeatureSet = std::vector<SleepFeature>;

bool is_brain(SleepFeature feature) noexcept { return (feature_bit(feature) & kBrainFeatures) != 0; }

std::string format(const char* pattern, double a, double b = 0.0) {
  char text[256];
  std::snprintf(text, sizeof text, pattern, a, b);
  return text;
}

struct Candidate {
  FeatureSet features;
  double shrinkage;
};

struct Outcome {
  SleepScore score;
  double rules_kappa = 0.0;
};

bool mostly_present(std::span<const LabelledEpoch> epochs, SleepFeature feature) {
  std::size_t present = 0, scored = 0;
  for (const LabelledEpoch& epoch : epochs) {
    if (epoch.stage == SleepState::kUnknown || epoch.frame.artefact) continue;
    ++scored;
    if (epoch.frame.has(feature)) ++present;
  }
  return static_cast<double>(present) > kMostlyPresent * static_cast<double>(scored);
}

double correlation(std::span<const LabelledEpoch> epochs, SleepFeature a, SleepFeature b) {
  double n = 0, sa = 0, sb = 0, saa = 0, sbb = 0, sab = 0;
  for (const LabelledEpoch& epoch : epochs) {
    if (!epoch.frame.has(a) || !epoch.frame.has(b)) continue;
    const auto x = static_cast<double>(epoch.frame.value(a));
    const auto y = static_cast<double>(epoch.frame.value(b));
    n += 1, sa += x, sb += y, saa += x * x, sbb += y * y, sab += x * y;
  }
  const double variances = (n * saa - sa * sa) * (n * sbb - sb * sb);
  return variances > 0.0 ? (n * sab - sa * sb) / std::sqrt(variances) : 0.0;
}

FeatureSet available(std::span<const LabelledEpoch> epochs) {
  FeatureSet result;
  for (std::size_t i = 0; i < kLiveSleepFeatures; ++i) {
    const auto feature = static_cast<SleepFeature>(i);
    if (mostly_present(epochs, feature)) result.push_back(feature);
  }
  const auto has = [&](SleepFeature f) { return std::find(result.begin(), result.end(), f) != result.end(); };
  // A motion column that repeats EMG would count the same evidence twice.
  if (has(SleepFeature::kEmg) && has(SleepFeature::kMotion) &&
      correlation(epochs, SleepFeature::kEmg, SleepFeature::kMotion) > kSameSignal) {
    std::erase(result, SleepFeature::kMotion);
  }
  return result;
}

FeatureSet only(const FeatureSet& present, std::initializer_list<SleepFeature> wanted) {
  FeatureSet result;
  for (SleepFeature f : wanted) {
    if (std::find(present.begin(), present.end(), f) != present.end()) result.push_back(f);
  }
  return result;
}

/// From small to large; the smallest holds what carries most of the information.
std::vector<FeatureSet> feature_sets(const FeatureSet& present) {
  using F = SleepFeature;
  std::vector<FeatureSet> result;
  for (const FeatureSet& set : {only(present, {F::kDelta, F::kTheta, F::kEmg, F::kMotion}),
                                only(present, {F::kDelta, F::kTheta, F::kBeta, F::kEmg, F::kMotion}), present}) {
    const bool has_brain = std::any_of(set.begin(), set.end(), is_brain);
    if (has_brain && (result.empty() || result.back().size() < set.size())) result.push_back(set);
  }
  return result;
}

std::string refuse_states(std::span<const LabelledEpoch> epochs, double epoch_s, double minutes) {
  std::array<double, kSleepStates> s{};
  for (const LabelledEpoch& epoch : epochs) {
    if (epoch.stage != SleepState::kUnknown) s[static_cast<std::size_t>(epoch.stage) - 1] += epoch_s;
  }
  const double total = s[0] + s[1] + s[2];
  if (total == 0.0) return "no epoch is scored: the stage column must hold W, N or R";
  for (std::size_t i = 0; i < kSleepStates; ++i) {
    if (s[i] < 60.0 * minutes) {
      return std::string("too little ") + kStateNames[i] +
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

std::string refuse_shape(const SleepModel& model) {
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

SleepModel fit(std::span<const LabelledEpoch> epochs, const Candidate& candidate, double epoch_s) {
  SleepModel model;
  model.features = candidate.features;
  model.emissions = fit_emissions(epochs, candidate.features, candidate.shrinkage);
  model.epoch_s = epoch_s;
  model.motion = fit_motion(epochs, SleepFeature::kMotion);
  model.emg = fit_motion(epochs, SleepFeature::kEmg);
  model.emg_lfp = fit_motion(epochs, SleepFeature::kEmgLfp);
  return model;
}

Outcome cross_validate(std::span<const LabelledEpoch> epochs, const Candidate& candidate, double epoch_s,
                       std::size_t blocks, bool with_rules) {
  std::vector<SleepDecision> decisions;
  std::vector<SleepState> truth;
  std::vector<SleepState> by_rules;
  for (std::size_t b = 0; b < blocks; ++b) {
    const std::size_t begin = epochs.size() * b / blocks;
    const std::size_t end = epochs.size() * (b + 1) / blocks;
    std::vector<LabelledEpoch> training(epochs.begin(), epochs.begin() + static_cast<std::ptrdiff_t>(begin));
    training.insert(training.end(), epochs.begin() + static_cast<std::ptrdiff_t>(end), epochs.end());
    const auto test = epochs.subspan(begin, end - begin);
    const auto decided = decide_epochs(fit(training, candidate, epoch_s), test);
    decisions.insert(decisions.end(), decided.begin(), decided.end());
    if (!with_rules) continue;
    const ThresholdRules rules = fit_rules(training);
    for (const LabelledEpoch& epoch : test) {
      truth.push_back(epoch.stage);
      by_rules.push_back(apply_rules(rules, epoch.frame));
    }
  }
  return {score_sleep(truth_of(epochs), epoch_s, decisions), cohens_kappa(truth, by_rules)};
}

/// Kappa hardly sees REM, 5 % of the time, which is what a rig stimulates in.
double merit_of(const SleepScore& score) noexcept {
  const double f1 = std::isnan(score.rem_f1) ? 0.0 : score.rem_f1;
  return 0.5 * ((std::isnan(score.kappa) ? 0.0 : score.kappa) + f1);
}

std::vector<Candidate> candidates_of(const std::vector<FeatureSet>& sets) {
  std::vector<Candidate> result;
  for (const FeatureSet& features : sets) {
    for (double shrinkage : kShrinkages) result.push_back({features, shrinkage});
  }
  return result;
}

std::vector<std::string> warnings_for(const SleepModel& model, const SleepScore& score) {
  std::vector<std::string> result;
  if (!model.emg.known && !model.motion.known) {
    result.emplace_back("no EMG and no motion: quiet wake will be taken for REM; do not stimulate on this model");
  }
  if (score.kappa < 0.8)
    result.push_back(format("expected kappa is only %.2f; well-scored recordings give 0.88 or more", score.kappa));
  if (score.rem_bouts < 10)
    result.push_back(
        format("only %.0f REM bouts: the latency figures are rough", static_cast<double>(score.rem_bouts)));
  return result;
}

}  // namespace

double epoch_length_s(std::span<const LabelledEpoch> epochs) {
  if (epochs.size() < 2) return 0.0;
  std::vector<double> spacing;
  for (std::size_t i = 1; i < epochs.size(); ++i) spacing.push_back(epochs[i].t_s - epochs[i - 1].t_s);
  const auto middle = spacing.begin() + static_cast<std::ptrdiff_t>(spacing.size() / 2);
  std::nth_element(spacing.begin(), middle, spacing.end());
  return *middle;
}

std::vector<TruthEpoch> truth_of(std::span<const LabelledEpoch> epochs) {
  std::vector<TruthEpoch> result;
  result.reserve(epochs.size());
  for (const LabelledEpoch& epoch : epochs) result.push_back({epoch.t_s, epoch.stage});
  return result;
}

std::vector<SleepDecision> decide_epochs(const SleepModel& model, std::span<const LabelledEpoch> epochs,
                                         bool use_artefact_marks) {
  const double step_s = epoch_length_s(epochs);
  SleepFilter filter;
  filter.prepare(model, step_s > 0.0 ? std::min(step_s, kTransitionStepS) : model.epoch_s);
  std::vector<SleepDecision> result;
  result.reserve(epochs.size());
  for (const LabelledEpoch& epoch : epochs) {
    FeatureFrame frame = epoch.frame;
    frame.artefact = frame.artefact && use_artefact_marks;
    const SleepOutput output = filter.step(frame);
    result.push_back({seconds(frame.time_ns), output.state, filter.posterior()});
  }
  return result;
}

Expected<SleepCalibration> calibrate_sleep(std::span<const LabelledEpoch> epochs,
                                           const SleepCalibrationSettings& settings) {
  const double epoch_s = epoch_length_s(epochs);
  if (!(epoch_s > 0.0)) return Error{"fewer than two epochs, or times that do not rise"};
  if (auto reason = refuse_states(epochs, epoch_s, settings.minutes_per_state); !reason.empty()) return Error{reason};
  const FeatureSet present = settings.features.empty() ? available(epochs) : settings.features;
  if (std::none_of(present.begin(), present.end(), is_brain)) {
    return Error{"no brain feature has values: the table needs delta and theta (power above zero) in most epochs"};
  }
  const auto candidates =
      candidates_of(settings.features.empty() ? feature_sets(present) : std::vector<FeatureSet>{present});
  const Candidate* best = nullptr;
  double best_merit = -2.0;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (!settings.progress(static_cast<double>(i) / static_cast<double>(candidates.size() + 1)))
      return Error{"stopped"};
    const bool larger = candidates[i].features.size() > candidates.front().features.size();
    const SleepScore score = cross_validate(epochs, candidates[i], epoch_s, settings.blocks, false).score;
    const double merit = merit_of(score) - (larger ? kWorthMoreFeatures : 0.0);
    if (best == nullptr || merit > best_merit) {
      best = &candidates[i];
      best_merit = merit;
    }
  }
  const Outcome outcome = cross_validate(epochs, *best, epoch_s, settings.blocks, true);
  SleepCalibration result;
  result.model = fit(epochs, *best, epoch_s);
  if (auto reason = refuse_shape(result.model); !reason.empty()) return Error{reason};
  if (auto problem = model_problem(result.model); !problem.empty()) return Error{problem};
  result.model.rules = fit_rules(epochs);
  result.model.cv_kappa = outcome.score.kappa;
  result.model.cv_rem_f1 = outcome.score.rem_f1;
  result.model.cv_onset_latency_s = outcome.score.onset_latency_median_s;
  for (const LabelledEpoch& epoch : epochs) {
    if (teaches(epoch, result.model.features)) ++result.model.epochs[static_cast<std::size_t>(epoch.stage) - 1];
  }
  result.model.hash = model_hash(result.model);
  result.cross_validated = outcome.score;
  result.rules_kappa = outcome.rules_kappa;
  result.shrinkage = best->shrinkage;
  result.warnings = warnings_for(result.model, outcome.score);
  return result;
}

}  // namespace vturn
