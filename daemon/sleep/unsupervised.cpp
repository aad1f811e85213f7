#include "daemon/sleep/unsupervised.hpp"

#include <algorithm>
#include <cmath>

#include "daemon/core/format.hpp"
#include "daemon/sleep/calibration.hpp"
#include "daemon/sleep/emission_fit.hpp"
#include "daemon/sleep/recipe_choice.hpp"
#include "daemon/sleep/seeds.hpp"
#include "daemon/sleep/smoother.hpp"

namespace vturn {
namespace {

constexpr double kShortestH = 2.0;
constexpr int kSteps = 6;
/// Of each state as the seeds show it, so that a rare state is not lost; they are extremes of it, not the whole.
constexpr double kSeedStrengthS = 60.0;
constexpr double kShrinkage = 0.05;
constexpr double kSmallestRem = 0.01;
constexpr double kLargestRem = 0.25;
constexpr std::size_t kFewestBouts = 3;
/// Of 6,977 REM bouts that experts scored, 5 % follow less NREM than this; five times as many are not REM.
constexpr double kSleepBeforeRemS = 28.0;
constexpr double kBeforeRemS = 60.0;
constexpr double kMostAbrupt = 0.25;

std::vector<LabelledEpoch> labelled(std::span<const LabelledEpoch> epochs, const std::vector<SleepState>& stages) {
  std::vector<LabelledEpoch> result(epochs.begin(), epochs.end());
  for (std::size_t i = 0; i < result.size(); ++i) result[i].stage = stages[i];
  return result;
}

/// Weighted moments about a centre, in the order of a model's features.
struct Moments {
  double weight = 0.0;
  std::array<double, kSleepFeatures> sum{};
  std::array<std::array<double, kSleepFeatures>, kSleepFeatures> square{};

  void add(double w, const std::array<double, kSleepFeatures>& x, std::size_t n) noexcept {
    weight += w;
    for (std::size_t i = 0; i < n; ++i) {
      sum[i] += w * x[i];
      for (std::size_t j = 0; j < n; ++j) square[i][j] += w * (x[i] * x[j]);
    }
  }
};

/// Emissions of weighted epochs, drawn towards `prior` as if each state had been seen so in `strength` epochs.
std::array<SleepEmission, kSleepStates> refit(std::span<const LabelledEpoch> epochs,
                                              const std::vector<SleepFeature>& features,
                                              const std::vector<StateVector>& weights,
                                              const std::array<SleepEmission, kSleepStates>& prior, double strength) {
  const std::size_t n = features.size();
  std::array<SleepEmission, kSleepStates> result = prior;
  for (std::size_t s = 0; s < kSleepStates; ++s) {
    Moments moments;
    std::array<double, kSleepFeatures> x{};
    for (std::size_t t = 0; t < epochs.size(); ++t) {
      if (!holds_all(epochs[t], features)) continue;
      for (std::size_t i = 0; i < n; ++i)
        x[i] = static_cast<double>(epochs[t].frame.value(features[i])) - prior[s].mean[i];
      moments.add(weights[t][s], x, n);
    }
    const double total = moments.weight + strength;
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        const double scatter = moments.square[i][j] - moments.sum[i] * moments.sum[j] / total;
        result[s].covariance[i][j] =
            (i == j ? 1.0 : 1.0 - kShrinkage) * (scatter + strength * prior[s].covariance[i][j]) / total;
      }
      result[s].mean[i] += moments.sum[i] / total;
    }
  }
  return result;
}

std::size_t likeliest(const StateVector& p) noexcept {
  return static_cast<std::size_t>(std::max_element(p.begin(), p.end()) - p.begin());
}

struct RemBouts {
  std::size_t count = 0;
  std::size_t abrupt = 0;  ///< after less sleep than 19 of 20 bouts of expert hypnograms have before them
};

/// A second of another state, which scorers of 4-s epochs do not see, neither ends a bout's past nor makes it abrupt.
RemBouts count_bouts(const std::vector<SleepState>& stages, double epoch_s) {
  const auto window = static_cast<std::size_t>(std::lround(kBeforeRemS / epoch_s));
  RemBouts bouts;
  std::size_t asleep = 0;  // of the last `window` epochs
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const bool begins = stages[i] == SleepState::kRem && (i == 0 || stages[i - 1] != SleepState::kRem);
    if (begins) {
      ++bouts.count;
      if (static_cast<double>(asleep) * epoch_s < kSleepBeforeRemS) ++bouts.abrupt;
    }
    if (stages[i] != SleepState::kWake) ++asleep;
    if (i >= window && stages[i - window] != SleepState::kWake) --asleep;
  }
  return bouts;
}

double mean_of(const SleepModel& model, std::size_t state, SleepFeature feature) {
  const auto at = std::find(model.features.begin(), model.features.end(), feature);
  return model.emissions[state].mean[static_cast<std::size_t>(at - model.features.begin())];
}

std::string refuse_sleep(const UnsupervisedCalibration& found, SleepFeature tone, double epoch_s) {
  const double rem = found.share[2];
  if (rem < kSmallestRem || rem > kLargestRem)
    return format("%.1f %% of the time would be REM, which no recording of hours shows (1 to 25 %%)", 100.0 * rem);
  const auto ratio = [&](std::size_t state) {
    return mean_of(found.model, state, SleepFeature::kTheta) - mean_of(found.model, state, SleepFeature::kDelta);
  };
  if (ratio(2) <= ratio(1)) return "what would be REM has no more theta for its delta than NREM";
  if (mean_of(found.model, 2, tone) > mean_of(found.model, 1, tone))
    return "what would be REM has more muscle tone than NREM: probably quiet wake";
  const RemBouts bouts = count_bouts(found.stages, epoch_s);
  if (bouts.count < kFewestBouts)
    return format("bouts of REM in the recording: %.0f, at least %.0f are needed", static_cast<double>(bouts.count),
                  static_cast<double>(kFewestBouts));
  const double abrupt = static_cast<double>(bouts.abrupt) / static_cast<double>(bouts.count);
  if (abrupt > kMostAbrupt)
    return format(
        "%.0f %% of what would be REM begins without %.0f s of sleep in the minute before: probably quiet wake",
        100.0 * abrupt, kSleepBeforeRemS);
  return {};
}

}  // namespace

Expected<UnsupervisedCalibration> calibrate_sleep_unsupervised(std::span<const LabelledEpoch> epochs) {
  const double epoch_s = epoch_length_s(epochs);
  const double length_h = epoch_s * static_cast<double>(epochs.size()) / 3600.0;
  if (length_h < kShortestH)
    return Error{
        format("%.1f h of features; without labels at least %.0f are needed, better 3 to 4", length_h, kShortestH)};
  const auto seeds = seed_states(epochs);
  if (!seeds) return Error{seeds.error()};
  UnsupervisedCalibration result;
  result.rem_seeds = seeds->rem;
  result.separation = seeds->separation;
  const auto seeded = labelled(epochs, seeds->stages);
  SleepModel model;
  model.features = usable_features(seeded);
  model.epoch_s = epoch_s;
  if (auto reason = refuse_untaught(seeded, model.features, kFewestSeedsS / 60.0); !reason.empty())
    return Error{reason};
  const auto prior = fit_emissions(seeded, model.features, kShrinkage);
  model.emissions = prior;
  std::vector<StateVector> states = smooth_states(model, epochs);
  for (int step = 0; step < kSteps; ++step) {
    model.emissions = refit(epochs, model.features, states, prior, kSeedStrengthS / epoch_s);
    states = smooth_states(model, epochs);
  }
  for (const StateVector& p : states) result.stages.push_back(sleep_state_of(likeliest(p)));
  for (const SleepState stage : result.stages)
    result.share[static_cast<std::size_t>(stage) - 1] += 1.0 / static_cast<double>(epochs.size());
  const auto told = labelled(epochs, result.stages);
  result.model = fit_sleep_model(told, {model.features, kShrinkage, model.adaptation_s});
  result.model.emissions = model.emissions;
  result.model.hash = model_hash(result.model);
  if (auto reason = refuse_sleep(result, seeds->tone, epoch_s); !reason.empty()) return Error{reason};
  if (auto reason = implausible_shape(result.model); !reason.empty()) return Error{reason};
  constexpr double kFewestMinutes = SleepCalibrationSettings::kFewestMinutes;
  if (auto reason = refuse_untaught(told, model.features, kFewestMinutes); !reason.empty()) return Error{reason};
  if (auto problem = model_problem(result.model); !problem.empty()) return Error{problem};
  return result;
}

}  // namespace vturn
