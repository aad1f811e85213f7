// The three-threshold scorer that most rigs use: a baseline that every report shows beside the filter.
#include "daemon/sleep/threshold_rules.hpp"

#include <algorithm>

namespace vturn {
namespace {

constexpr SleepFeatureMask kNeeded =
    feature_bit(SleepFeature::kDelta) | feature_bit(SleepFeature::kTheta) | feature_bit(SleepFeature::kEmg);
constexpr std::size_t kSteps = 40;
constexpr int kRounds = 3;
/// How far NREM's tone lies below a threshold set by hand, and its spread: typical of mice (nats).
constexpr double kToneOfNrem = 1.0;
constexpr double kToneMad = 0.25;

bool measurable(const LabelledEpoch& epoch) noexcept { return (epoch.frame.valid & kNeeded) == kNeeded; }

double emg_of(const FeatureFrame& frame) noexcept { return static_cast<double>(frame.value(SleepFeature::kEmg)); }
double delta_of(const FeatureFrame& frame) noexcept { return static_cast<double>(frame.value(SleepFeature::kDelta)); }
double ratio_of(const FeatureFrame& frame) noexcept {
  return static_cast<double>(frame.value(SleepFeature::kTheta)) - delta_of(frame);
}

std::vector<double> levels(std::span<const LabelledEpoch> epochs, double (*measure)(const FeatureFrame&) noexcept) {
  std::vector<double> values;
  for (const LabelledEpoch& epoch : epochs) {
    if (measurable(epoch)) values.push_back(measure(epoch.frame));
  }
  std::sort(values.begin(), values.end());
  std::vector<double> result;
  for (std::size_t i = 1; i < kSteps; ++i) result.push_back(values[i * (values.size() - 1) / kSteps]);
  return result;
}

std::vector<SleepState> stages_of(std::span<const LabelledEpoch> epochs) {
  std::vector<SleepState> result;
  for (const LabelledEpoch& epoch : epochs) result.push_back(epoch.stage);
  return result;
}

}  // namespace

SleepState apply_rules(const ThresholdRules& rules, const FeatureFrame& frame) noexcept {
  if (!rules.known || (frame.valid & kNeeded) != kNeeded) return SleepState::kNrem;
  if (emg_of(frame) > rules.log_emg) return SleepState::kWake;
  const bool rem = delta_of(frame) < rules.log_delta && ratio_of(frame) > rules.log_ratio;
  return rem ? SleepState::kRem : SleepState::kNrem;
}

ThresholdRules fit_rules(std::span<const LabelledEpoch> epochs) {
  ThresholdRules rules;
  if (std::none_of(epochs.begin(), epochs.end(), measurable)) return rules;
  const auto emg = levels(epochs, emg_of);
  const auto delta = levels(epochs, delta_of);
  const auto ratio = levels(epochs, ratio_of);
  rules = {true, emg[emg.size() / 2], delta[delta.size() / 2], ratio[ratio.size() / 2]};
  const std::vector<SleepState> truth = stages_of(epochs);
  std::vector<SleepState> scored(epochs.size());
  double best = -1.0;
  const auto search = [&](double ThresholdRules::*threshold, const std::vector<double>& candidates) {
    for (double candidate : candidates) {
      ThresholdRules tried = rules;
      tried.*threshold = candidate;
      for (std::size_t i = 0; i < epochs.size(); ++i) scored[i] = apply_rules(tried, epochs[i].frame);
      const double kappa = cohens_kappa(truth, scored);
      if (kappa > best) {
        best = kappa;
        rules = tried;
      }
    }
  };
  for (int round = 0; round < kRounds; ++round) {
    search(&ThresholdRules::log_emg, emg);
    search(&ThresholdRules::log_ratio, ratio);
    search(&ThresholdRules::log_delta, delta);
  }
  return rules;
}

SleepModel manual_model(const ManualThresholds& thresholds) {
  SleepModel model;
  model.manual = thresholds;
  model.manual.known = true;
  model.features = {SleepFeature::kDelta, SleepFeature::kTheta, SleepFeature::kEmg};
  // Unused, but every model has them.
  for (SleepEmission& emission : model.emissions) {
    for (std::size_t i = 0; i < model.features.size(); ++i) emission.covariance[i][i] = 1.0;
  }
  model.adaptation_s = model.gain_fit_s = 0.0;
  // Moving is tone that the thresholds call wake's.
  model.emg = {true, thresholds.rules.log_emg - kToneOfNrem, kToneMad, kToneOfNrem / kToneMad};
  model.hash = model_hash(model);
  return model;
}

std::vector<SleepDecision> decide_by_rules(const ThresholdRules& rules, std::span<const LabelledEpoch> epochs,
                                           double dwell_s) {
  const double epoch_s = epoch_length_s(epochs);
  std::vector<SleepDecision> result;
  SleepState state = SleepState::kUnknown;
  SleepState wanted = SleepState::kUnknown;
  double wanted_s = 0.0;
  for (const LabelledEpoch& epoch : epochs) {
    const SleepState now = apply_rules(rules, epoch.frame);
    wanted_s = now == wanted ? wanted_s + epoch_s : epoch_s;
    wanted = now;
    if (state == SleepState::kUnknown || wanted_s >= dwell_s) state = wanted;
    result.push_back(certain(epoch, state));
  }
  return result;
}

}  // namespace vturn
