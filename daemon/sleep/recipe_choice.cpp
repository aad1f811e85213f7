#include "daemon/sleep/recipe_choice.hpp"

#include <algorithm>
#include <cmath>

#include "daemon/sleep/emission_fit.hpp"

namespace vturn {
namespace {

constexpr double kMostlyPresent = 0.5;
constexpr double kSameSignal = 0.98;
constexpr double kStandardShrinkage = 0.05;
constexpr double kStandardAdaptationS = 900.0;
constexpr double kOtherShrinkage = 0.3;
constexpr std::array<double, 2> kOtherAdaptationsS = {600.0, 1200.0};

using FeatureSet = std::vector<SleepFeature>;

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

FeatureSet only(const FeatureSet& present, std::initializer_list<SleepFeature> wanted) {
  FeatureSet result;
  for (SleepFeature f : wanted) {
    if (std::find(present.begin(), present.end(), f) != present.end()) result.push_back(f);
  }
  return result;
}

bool has_brain(const FeatureSet& set) {
  return std::any_of(set.begin(), set.end(), [](SleepFeature f) { return (feature_bit(f) & kBrainFeatures) != 0; });
}

/// What the smaller sets hold carries most of the information.
std::vector<FeatureSet> smaller_sets(const FeatureSet& present) {
  using F = SleepFeature;
  std::vector<FeatureSet> result;
  for (const FeatureSet& set : {only(present, {F::kDelta, F::kTheta, F::kBeta, F::kEmg, F::kMotion, F::kEmgLfp}),
                                only(present, {F::kDelta, F::kTheta, F::kEmg, F::kMotion, F::kEmgLfp})}) {
    if (has_brain(set) && set.size() < (result.empty() ? present.size() : result.back().size())) result.push_back(set);
  }
  return result;
}

/// Epochs of each true state (rows) called each state.
struct Agreement {
  std::array<std::array<double, kSleepStates>, kSleepStates> n{};

  void operator-=(const Agreement& other) noexcept {
    for (std::size_t i = 0; i < kSleepStates; ++i) {
      for (std::size_t j = 0; j < kSleepStates; ++j) n[i][j] -= other.n[i][j];
    }
  }
  void operator+=(const Agreement& other) noexcept {
    for (std::size_t i = 0; i < kSleepStates; ++i) {
      for (std::size_t j = 0; j < kSleepStates; ++j) n[i][j] += other.n[i][j];
    }
  }
  /// Mean of kappa and REM F1: kappa hardly sees REM, 5 % of the time, which is what a rig stimulates in.
  [[nodiscard]] double merit() const noexcept {
    double total = 0.0, agree = 0.0, chance = 0.0;
    std::array<double, kSleepStates> truth{}, called{};
    for (std::size_t i = 0; i < kSleepStates; ++i) {
      agree += n[i][i];
      for (std::size_t j = 0; j < kSleepStates; ++j) {
        truth[i] += n[i][j];
        called[j] += n[i][j];
        total += n[i][j];
      }
    }
    for (std::size_t i = 0; i < kSleepStates; ++i) chance += truth[i] * called[i];
    const double room = total * total - chance;
    const double kappa = room > 0.0 ? (total * agree - chance) / room : 0.0;
    const double rem = truth[2] + called[2];
    return 0.5 * (kappa + (rem > 0.0 ? 2.0 * n[2][2] / rem : 0.0));
  }
};

Agreement agreement(std::span<const LabelledEpoch> epochs, const std::vector<SleepDecision>& decisions) {
  Agreement result;
  for (std::size_t i = 0; i < epochs.size(); ++i) {
    if (epochs[i].stage == SleepState::kUnknown) continue;
    const auto& p = decisions[i].p;
    const auto called = static_cast<std::size_t>(std::max_element(p.begin(), p.end()) - p.begin());
    result.n[static_cast<std::size_t>(epochs[i].stage) - 1][called] += 1.0;
  }
  return result;
}

/// Emissions only: the choice needs no baselines, and blocks of one recording have the gains it was fitted with.
SleepModel fit_bare(std::span<const LabelledEpoch> epochs, const SleepRecipe& recipe) {
  SleepModel model;
  model.features = recipe.features;
  model.emissions = fit_emissions(epochs, recipe.features, recipe.shrinkage);
  model.epoch_s = epoch_length_s(epochs);
  model.adaptation_s = recipe.adaptation_s;
  model.gain_fit_s = 0.0;
  return model;
}

std::vector<Agreement> left_out(std::span<const LabelledEpoch> epochs, const SleepRecipe& recipe, std::size_t blocks) {
  std::vector<Agreement> result;
  for (std::size_t b = 0; b < blocks; ++b) {
    const std::size_t begin = epochs.size() * b / blocks;
    const std::size_t end = epochs.size() * (b + 1) / blocks;
    const auto test = epochs.subspan(begin, end - begin);
    result.push_back(agreement(test, decide_epochs(fit_bare(without(epochs, begin, end), recipe), test)));
  }
  return result;
}

/// Gain of `other` over `standard` less its standard error, by the jackknife over blocks.
double sure_gain(const std::vector<Agreement>& standard, const std::vector<Agreement>& other) {
  Agreement a, b;
  for (std::size_t i = 0; i < standard.size(); ++i) a += standard[i], b += other[i];
  std::vector<double> gains;
  double mean = 0.0;
  for (std::size_t i = 0; i < standard.size(); ++i) {
    Agreement rest_a = a, rest_b = b;
    rest_a -= standard[i];
    rest_b -= other[i];
    gains.push_back(rest_b.merit() - rest_a.merit());
    mean += gains.back() / static_cast<double>(standard.size());
  }
  double square = 0.0;
  for (double gain : gains) square += (gain - mean) * (gain - mean);
  const auto n = static_cast<double>(gains.size());
  return b.merit() - a.merit() - std::sqrt(square * (n - 1.0) / n);
}

class Choice {
 public:
  Choice(std::span<const LabelledEpoch> epochs, SleepRecipe standard, std::size_t blocks)
      : epochs_(epochs), blocks_(blocks), chosen_(std::move(standard)), figures_(left_out(epochs, chosen_, blocks)) {}

  void among(const std::vector<SleepRecipe>& others) {
    double most = 0.0;
    SleepRecipe best = chosen_;
    std::vector<Agreement> best_figures = figures_;
    for (const SleepRecipe& other : others) {
      std::vector<Agreement> figures = left_out(epochs_, other, blocks_);
      const double gain = sure_gain(figures_, figures);
      if (gain <= most) continue;
      most = gain;
      best = other;
      best_figures = std::move(figures);
    }
    chosen_ = std::move(best);
    figures_ = std::move(best_figures);
  }
  [[nodiscard]] const SleepRecipe& chosen() const noexcept { return chosen_; }

 private:
  std::span<const LabelledEpoch> epochs_;
  std::size_t blocks_;
  SleepRecipe chosen_;
  std::vector<Agreement> figures_;
};

}  // namespace

std::vector<SleepFeature> usable_features(std::span<const LabelledEpoch> epochs) {
  FeatureSet result;
  for (std::size_t i = 0; i < kSleepFeatures; ++i) {
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

std::vector<LabelledEpoch> without(std::span<const LabelledEpoch> epochs, std::size_t begin, std::size_t end) {
  std::vector<LabelledEpoch> rest(epochs.begin(), epochs.begin() + static_cast<std::ptrdiff_t>(begin));
  rest.insert(rest.end(), epochs.begin() + static_cast<std::ptrdiff_t>(end), epochs.end());
  return rest;
}

SleepRecipe choose_recipe(std::span<const LabelledEpoch> epochs, const std::vector<SleepFeature>& features,
                          bool fixed_features, std::size_t blocks, const std::function<bool()>& go_on) {
  Choice choice(epochs, {features, kStandardShrinkage, kStandardAdaptationS}, blocks);
  std::vector<SleepRecipe> others;
  for (const FeatureSet& set : fixed_features ? std::vector<FeatureSet>{} : smaller_sets(features)) {
    others.push_back(choice.chosen());
    others.back().features = set;
  }
  if (go_on()) choice.among(others);
  others.assign(1, choice.chosen());
  others.front().shrinkage = kOtherShrinkage;
  if (go_on()) choice.among(others);
  others.clear();
  for (const double adaptation_s : kOtherAdaptationsS) {
    others.push_back(choice.chosen());
    others.back().adaptation_s = adaptation_s;
  }
  if (go_on()) choice.among(others);
  return choice.chosen();
}

}  // namespace vturn
