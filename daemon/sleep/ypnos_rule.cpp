#include <algorithm>
#include <cmath>

#include "daemon/sleep/threshold_rules.hpp"

namespace vturn {
namespace {

constexpr SleepFeatureMask kNeeded =
    feature_bit(SleepFeature::kDelta) | feature_bit(SleepFeature::kTheta) | feature_bit(SleepFeature::kEmg);
constexpr std::size_t kSteps = 30;
constexpr double kToNremS = 3.0;
constexpr double kToRemS = 5.0;

struct Measures {
  bool known = false;
  double emg = 0.0;
  double ratio = 0.0;
};

std::vector<Measures> measure(std::span<const LabelledEpoch> epochs) {
  std::vector<Measures> result;
  double lowest = 0.0, highest = 0.0;
  bool started = false;
  for (const LabelledEpoch& epoch : epochs) {
    Measures now;
    if ((epoch.frame.valid & kNeeded) == kNeeded) {
      const auto emg = static_cast<double>(epoch.frame.value(SleepFeature::kEmg));
      lowest = started ? std::min(lowest, emg) : emg;
      highest = started ? std::max(highest, emg) : emg;
      started = true;
      now = {true, highest > lowest ? (emg - lowest) / (highest - lowest) : 0.5,
             static_cast<double>(epoch.frame.value(SleepFeature::kDelta)) -
                 static_cast<double>(epoch.frame.value(SleepFeature::kTheta))};
    }
    result.push_back(now);
  }
  return result;
}

/// Waiting times in epochs: the original decides each second on the last four of signal.
class Machine {
 public:
  Machine(const YpnosRule& rule, double epoch_s)
      : rule_(rule), to_nrem_(epochs_in(kToNremS, epoch_s)), to_rem_(epochs_in(kToRemS, epoch_s)) {}

  SleepState step(const Measures& now) noexcept {
    if (!now.known) return state_;
    const bool still = now.emg < rule_.emg;
    const bool flat = now.ratio < rule_.log_ratio;
    still_ = still ? still_ + 1 : 0;
    flat_ = still && flat ? flat_ + 1 : 0;
    slow_ = flat ? 0 : slow_ + 1;
    if (!still) {
      state_ = SleepState::kWake;
    } else if (state_ == SleepState::kWake) {
      if (still_ >= to_nrem_) state_ = SleepState::kNrem;
    } else if (state_ == SleepState::kNrem) {
      if (flat_ >= to_rem_) state_ = SleepState::kRem;
    } else if (slow_ >= to_rem_) {
      state_ = SleepState::kNrem;
    }
    return state_;
  }

 private:
  static int epochs_in(double wait_s, double epoch_s) noexcept {
    return epoch_s > 0.0 ? std::max(1, static_cast<int>(std::ceil(wait_s / epoch_s - 1e-9))) : 1;
  }

  YpnosRule rule_;
  int to_nrem_, to_rem_;
  int still_ = 0, flat_ = 0, slow_ = 0;
  SleepState state_ = SleepState::kWake;
};

double kappa_of(const YpnosRule& rule, std::span<const LabelledEpoch> epochs, const std::vector<Measures>& measures,
                double epoch_s) {
  Machine machine(rule, epoch_s);
  std::vector<SleepState> truth(epochs.size());
  std::vector<SleepState> scored(epochs.size());
  for (std::size_t i = 0; i < epochs.size(); ++i) {
    scored[i] = machine.step(measures[i]);
    truth[i] = epochs[i].stage;
  }
  return cohens_kappa(truth, scored);
}

std::vector<double> levels(const std::vector<Measures>& measures, double Measures::*field) {
  std::vector<double> values;
  for (const Measures& one : measures) {
    if (one.known) values.push_back(one.*field);
  }
  std::sort(values.begin(), values.end());
  std::vector<double> result;
  for (std::size_t i = 1; i < kSteps; ++i) result.push_back(values[i * (values.size() - 1) / kSteps]);
  return result;
}

}  // namespace

std::vector<SleepDecision> decide_by_ypnos(const YpnosRule& rule, std::span<const LabelledEpoch> epochs) {
  const std::vector<Measures> measures = measure(epochs);
  Machine machine(rule, epoch_length_s(epochs));
  std::vector<SleepDecision> result;
  for (std::size_t i = 0; i < epochs.size(); ++i) result.push_back(certain(epochs[i], machine.step(measures[i])));
  return result;
}

YpnosRule fit_ypnos(std::span<const LabelledEpoch> epochs) {
  const std::vector<Measures> measures = measure(epochs);
  YpnosRule rule;
  if (std::none_of(measures.begin(), measures.end(), [](const Measures& one) { return one.known; })) return rule;
  const auto emg = levels(measures, &Measures::emg);
  const auto ratio = levels(measures, &Measures::ratio);
  const double epoch_s = epoch_length_s(epochs);
  double best = -1.0;
  for (const double emg_level : emg) {
    for (const double ratio_level : ratio) {
      const YpnosRule tried{true, emg_level, ratio_level};
      const double kappa = kappa_of(tried, epochs, measures, epoch_s);
      if (kappa <= best) continue;
      best = kappa;
      rule = tried;
    }
  }
  return rule;
}

}  // namespace vturn
