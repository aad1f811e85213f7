#include "daemon/sleep/seeds.hpp"

#include <algorithm>
#include <cmath>

#include "daemon/core/format.hpp"
#include "daemon/sleep/quantile.hpp"

namespace vturn {
namespace {

constexpr int kMixtureSteps = 100;
constexpr double kSmallestSd = 0.05;
constexpr double kApart = 2.0;
constexpr double kSmallestShareOfTone = 0.1;
constexpr double kSurelyLow = 0.5;
constexpr double kSurelyHigh = 0.05;
/// How far a REM seed lies from NREM: less delta, more theta for its delta.
constexpr double kLessDeltaSd = 2.5;
constexpr double kMoreRatioSd = 2.0;

double density(double value, double mean, double sd) noexcept {
  const double z = (value - mean) / sd;
  return std::exp(-0.5 * z * z) / sd;
}

bool usable(const LabelledEpoch& epoch, SleepFeature tone) noexcept {
  return !epoch.frame.artefact && epoch.frame.has(SleepFeature::kDelta) && epoch.frame.has(SleepFeature::kTheta) &&
         epoch.frame.has(tone);
}

double value_of(const LabelledEpoch& epoch, SleepFeature feature) noexcept {
  return static_cast<double>(epoch.frame.value(feature));
}
double ratio_of(const LabelledEpoch& epoch) noexcept {
  return value_of(epoch, SleepFeature::kTheta) - value_of(epoch, SleepFeature::kDelta);
}

std::size_t count_usable(std::span<const LabelledEpoch> epochs, SleepFeature tone) {
  return static_cast<std::size_t>(
      std::count_if(epochs.begin(), epochs.end(), [tone](const LabelledEpoch& epoch) { return usable(epoch, tone); }));
}

/// NREM's levels, from the slower half of low muscle tone.
struct NremLevels {
  double core_delta = 0.0;  ///< NREM core has more
  double rem_delta = 0.0;   ///< REM has less
  double rem_ratio = 0.0;   ///< and more theta for its delta
  double tone = 0.0;        ///< median
};

NremLevels nrem_levels(std::span<const LabelledEpoch> epochs, const std::vector<bool>& low, SleepFeature tone) {
  std::vector<double> delta;
  for (std::size_t i = 0; i < epochs.size(); ++i) {
    if (low[i]) delta.push_back(value_of(epochs[i], SleepFeature::kDelta));
  }
  NremLevels levels;
  levels.core_delta = quantile(delta, 0.5);
  std::vector<double> core_delta, ratio, muscle;
  for (std::size_t i = 0; i < epochs.size(); ++i) {
    if (!low[i] || value_of(epochs[i], SleepFeature::kDelta) < levels.core_delta) continue;
    core_delta.push_back(value_of(epochs[i], SleepFeature::kDelta));
    ratio.push_back(ratio_of(epochs[i]));
    muscle.push_back(value_of(epochs[i], tone));
  }
  const double median_delta = quantile(core_delta, 0.5);
  const double median_ratio = quantile(ratio, 0.5);
  levels.rem_delta = median_delta - kLessDeltaSd * scaled_mad(core_delta, median_delta);
  levels.rem_ratio = median_ratio + kMoreRatioSd * scaled_mad(ratio, median_ratio);
  levels.tone = quantile(muscle, 0.5);
  return levels;
}

/// REM lasts: at least two of an epoch and its neighbours.
std::vector<bool> keep_lasting(const std::vector<bool>& seen) {
  std::vector<bool> result(seen.size());
  for (std::size_t i = 1; i + 1 < seen.size(); ++i) {
    const int count = static_cast<int>(seen[i - 1]) + static_cast<int>(seen[i]) + static_cast<int>(seen[i + 1]);
    result[i] = seen[i] && count >= 2;
  }
  return result;
}

}  // namespace

double TwoNormals::separation() const noexcept {
  return std::sqrt(2.0) * (mean[1] - mean[0]) / std::sqrt(sd[0] * sd[0] + sd[1] * sd[1]);
}

double TwoNormals::lower(double value) const noexcept {
  // Outside both, where the wider one would claim either side.
  if (value <= mean[0]) return 1.0;
  if (value >= mean[1]) return 0.0;
  const double low = weight[0] * density(value, mean[0], sd[0]);
  const double high = weight[1] * density(value, mean[1], sd[1]);
  return low + high > 0.0 ? low / (low + high) : 0.5;
}

TwoNormals fit_two_normals(const std::vector<double>& values) {
  const double spread = std::max(kSmallestSd, 0.5 * (quantile(values, 0.75) - quantile(values, 0.25)));
  TwoNormals fit{{quantile(values, 0.25), quantile(values, 0.75)}, {spread, spread}, {0.5, 0.5}};
  for (int step = 0; step < kMixtureSteps; ++step) {
    std::array<double, 2> n{}, sum{}, square{};
    for (const double value : values) {
      const double low = fit.weight[0] * density(value, fit.mean[0], fit.sd[0]);
      const double high = fit.weight[1] * density(value, fit.mean[1], fit.sd[1]);
      const double p = low + high > 0.0 ? low / (low + high) : (value < fit.mean[0] ? 1.0 : 0.0);
      for (std::size_t k = 0; k < 2; ++k) {
        const double share = k == 0 ? p : 1.0 - p;
        n[k] += share;
        sum[k] += share * value;
        square[k] += share * value * value;
      }
    }
    for (std::size_t k = 0; k < 2; ++k) {
      if (n[k] < 2.0) continue;
      fit.mean[k] = sum[k] / n[k];
      fit.sd[k] = std::sqrt(std::max(square[k] / n[k] - fit.mean[k] * fit.mean[k], kSmallestSd * kSmallestSd));
      fit.weight[k] = n[k] / static_cast<double>(values.size());
    }
  }
  if (fit.mean[0] > fit.mean[1]) {
    std::swap(fit.mean[0], fit.mean[1]);
    std::swap(fit.sd[0], fit.sd[1]);
    std::swap(fit.weight[0], fit.weight[1]);
  }
  return fit;
}

Expected<StateSeeds> seed_states(std::span<const LabelledEpoch> epochs) {
  StateSeeds seeds;
  seeds.stages.assign(epochs.size(), SleepState::kUnknown);
  for (const SleepFeature next : {SleepFeature::kMotion, SleepFeature::kEmgLfp}) {
    if (2 * count_usable(epochs, seeds.tone) < epochs.size()) seeds.tone = next;
  }
  if (2 * count_usable(epochs, seeds.tone) < epochs.size() || epochs.size() < 8)
    return Error{
        "delta, theta and EMG (or motion, or EMG from LFP) are needed in most epochs: REM cannot be told from quiet "
        "wake else"};
  std::vector<double> tone;
  for (const LabelledEpoch& epoch : epochs) {
    if (usable(epoch, seeds.tone)) tone.push_back(value_of(epoch, seeds.tone));
  }
  const TwoNormals kinds = fit_two_normals(tone);
  seeds.separation = kinds.separation();
  if (seeds.separation < kApart || std::min(kinds.weight[0], kinds.weight[1]) < kSmallestShareOfTone) {
    return Error{
        format("muscle tone is of one kind (Ashman's D %.1f, at least 2 needed; smaller part %.0f %%, at least "
               "10 needed): both wake and sleep must be in the recording",
               seeds.separation, 100.0 * std::min(kinds.weight[0], kinds.weight[1]))};
  }
  std::vector<bool> low(epochs.size());
  for (std::size_t i = 0; i < epochs.size(); ++i)
    low[i] = usable(epochs[i], seeds.tone) && kinds.lower(value_of(epochs[i], seeds.tone)) > kSurelyLow;
  const NremLevels levels = nrem_levels(epochs, low, seeds.tone);
  std::vector<bool> rem(epochs.size());
  for (std::size_t i = 0; i < epochs.size(); ++i) {
    rem[i] = low[i] && value_of(epochs[i], SleepFeature::kDelta) < levels.rem_delta &&
             ratio_of(epochs[i]) > levels.rem_ratio && value_of(epochs[i], seeds.tone) <= levels.tone;
  }
  rem = keep_lasting(rem);
  for (std::size_t i = 0; i < epochs.size(); ++i) {
    if (!usable(epochs[i], seeds.tone)) continue;
    if (rem[i]) {
      seeds.stages[i] = SleepState::kRem;
      ++seeds.rem;
    } else if (low[i] && value_of(epochs[i], SleepFeature::kDelta) >= levels.core_delta) {
      seeds.stages[i] = SleepState::kNrem;
    } else if (kinds.lower(value_of(epochs[i], seeds.tone)) < kSurelyHigh) {
      seeds.stages[i] = SleepState::kWake;
    }
  }
  const double rem_s = static_cast<double>(seeds.rem) * epoch_length_s(epochs);
  if (rem_s < kFewestSeedsS)
    return Error{
        format("only %.0f s look like REM for certain, at least %.0f are needed: record 3 to 4 h of the light "
               "phase, or score some",
               rem_s, kFewestSeedsS)};
  return seeds;
}

}  // namespace vturn
