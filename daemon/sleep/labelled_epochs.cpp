#include "daemon/sleep/labelled_epochs.hpp"

#include <algorithm>
#include <cmath>

#include "daemon/core/math.hpp"
#include "daemon/sleep/sleep_filter.hpp"

namespace vturn {

bool holds_all(const LabelledEpoch& epoch, const std::vector<SleepFeature>& features) noexcept {
  return !epoch.frame.artefact &&
         std::all_of(features.begin(), features.end(), [&](SleepFeature f) { return epoch.frame.has(f); });
}

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

double filter_step_s(const SleepModel& model, std::span<const LabelledEpoch> epochs) {
  const double step_s = epoch_length_s(epochs);
  return step_s > 0.0 ? std::min(step_s, kTransitionStepS) : model.epoch_s;
}

std::vector<SleepDecision> decide_epochs(const SleepModel& model, std::span<const LabelledEpoch> epochs,
                                         bool use_artefact_marks) {
  SleepFilter filter;
  filter.prepare(model, filter_step_s(model, epochs), epoch_length_s(epochs));
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

SleepDecision certain(const LabelledEpoch& epoch, SleepState state) noexcept {
  SleepDecision decision{seconds(epoch.frame.time_ns), state, {}};
  if (state != SleepState::kUnknown) decision.p[static_cast<std::size_t>(state) - 1] = 1.0;
  return decision;
}

std::vector<LabelledEpoch> with_gain(std::span<const LabelledEpoch> epochs, double brain, double emg) {
  std::vector<LabelledEpoch> result(epochs.begin(), epochs.end());
  const auto brain_shift = static_cast<float>(math::log(brain));
  const auto emg_shift = static_cast<float>(math::log(emg));
  for (LabelledEpoch& epoch : result) {
    for (std::size_t i = 0; i < kSleepFeatures; ++i) {
      const auto feature = static_cast<SleepFeature>(i);
      if (!epoch.frame.has(feature)) continue;
      if ((feature_bit(feature) & kBrainFeatures) != 0) epoch.frame.log_power[i] += brain_shift;
      if (feature == SleepFeature::kEmg) epoch.frame.log_power[i] += emg_shift;
    }
  }
  return result;
}

}  // namespace vturn
