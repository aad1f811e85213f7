#include "daemon/sleep/emission_fit.hpp"

#include <algorithm>

#include "daemon/core/format.hpp"
#include "daemon/sleep/quantile.hpp"

namespace vturn {
namespace {

/// Log powers are never known better than this: keeps every covariance positive definite.
constexpr double kSmallestVariance = 1e-3;
constexpr double kSmallestMad = 0.1;
/// The tone of sleep spreads far wider than the stillness of a head: four of its MADs lie above quiet wake.
constexpr double kLowestThreshold = 4.0, kLowestEmgThreshold = 2.0;
constexpr double kHighestThreshold = 12.0;
constexpr std::size_t kEpochsForMotion = 20;

std::size_t state_index(const LabelledEpoch& epoch) noexcept { return static_cast<std::size_t>(epoch.stage) - 1; }

double value_of(const LabelledEpoch& epoch, SleepFeature feature) noexcept {
  return static_cast<double>(epoch.frame.value(feature));
}

void add_scatter(const LabelledEpoch& epoch, const std::vector<SleepFeature>& features, SleepEmission& emission) {
  for (std::size_t i = 0; i < features.size(); ++i) {
    for (std::size_t j = 0; j < features.size(); ++j) {
      emission.covariance[i][j] +=
          (value_of(epoch, features[i]) - emission.mean[i]) * (value_of(epoch, features[j]) - emission.mean[j]);
    }
  }
}

void shrink(SleepEmission& emission, std::size_t features, double epochs, double shrinkage) {
  for (std::size_t i = 0; i < features; ++i) {
    for (std::size_t j = 0; j < features; ++j) {
      double& entry = emission.covariance[i][j];
      entry /= std::max(1.0, epochs - 1.0);
      entry = i == j ? std::max(entry, 0.0) + kSmallestVariance : entry * (1.0 - shrinkage);
      if (epochs < 2.0) entry = i == j ? 1.0 : 0.0;
    }
  }
}

}  // namespace

bool teaches(const LabelledEpoch& epoch, const std::vector<SleepFeature>& features) noexcept {
  return epoch.stage != SleepState::kUnknown && holds_all(epoch, features);
}

std::string refuse_untaught(std::span<const LabelledEpoch> epochs, const std::vector<SleepFeature>& features,
                            double minutes) {
  std::array<double, kSleepStates> taught_s{};
  const double epoch_s = epoch_length_s(epochs);
  for (const LabelledEpoch& epoch : epochs) {
    if (teaches(epoch, features)) taught_s[state_index(epoch)] += epoch_s;
  }
  for (std::size_t s = 0; s < kSleepStates; ++s) {
    if (taught_s[s] >= 60.0 * minutes) continue;
    return std::string("too little ") + kSleepStateNames[s] + " in which " + sleep_feature_names(features) +
           " all have values: " +
           format("%.1f min, at least %.1f are needed; take a longer recording or fewer features", taught_s[s] / 60.0,
                  minutes);
  }
  return {};
}

std::array<SleepEmission, kSleepStates> fit_emissions(std::span<const LabelledEpoch> epochs,
                                                      const std::vector<SleepFeature>& features, double shrinkage) {
  std::array<SleepEmission, kSleepStates> result{};
  std::array<double, kSleepStates> count{};
  for (const LabelledEpoch& epoch : epochs) {
    if (!teaches(epoch, features)) continue;
    count[state_index(epoch)] += 1.0;
    for (std::size_t i = 0; i < features.size(); ++i) {
      result[state_index(epoch)].mean[i] += value_of(epoch, features[i]);
    }
  }
  for (std::size_t s = 0; s < kSleepStates; ++s) {
    for (double& mean : result[s].mean) mean /= std::max(1.0, count[s]);
  }
  for (const LabelledEpoch& epoch : epochs) {
    if (teaches(epoch, features)) add_scatter(epoch, features, result[state_index(epoch)]);
  }
  for (std::size_t s = 0; s < kSleepStates; ++s) shrink(result[s], features.size(), count[s], shrinkage);
  return result;
}

MotionReference fit_motion(std::span<const LabelledEpoch> epochs, SleepFeature feature) {
  std::vector<double> nrem;
  std::vector<double> sleep;
  for (const LabelledEpoch& epoch : epochs) {
    if (!teaches(epoch, {feature}) || epoch.stage == SleepState::kWake) continue;
    sleep.push_back(value_of(epoch, feature));
    if (epoch.stage == SleepState::kNrem) nrem.push_back(value_of(epoch, feature));
  }
  MotionReference reference;
  if (nrem.size() < kEpochsForMotion) return reference;
  reference.known = true;
  reference.nrem_median = quantile(nrem, 0.5);
  reference.nrem_mad = std::max(kSmallestMad, scaled_mad(nrem, reference.nrem_median));
  const double highest_of_sleep = (quantile(sleep, 0.975) - reference.nrem_median) / reference.nrem_mad;
  const double lowest = feature == SleepFeature::kMotion ? kLowestThreshold : kLowestEmgThreshold;
  reference.threshold = std::clamp(highest_of_sleep, lowest, kHighestThreshold);
  return reference;
}

}  // namespace vturn
