#include "daemon/sleep/sleep_model.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <initializer_list>

#include "daemon/sleep/emission.hpp"

namespace vturn {
namespace {

class Fnv {
 public:
  void add(std::uint64_t value) noexcept {
    for (unsigned i = 0; i < 8; ++i) hash_ = (hash_ ^ ((value >> (8 * i)) & 0xFFU)) * 0x100000001B3ULL;
  }
  void add(double value) noexcept { add(std::bit_cast<std::uint64_t>(value)); }
  void add(const MotionReference& reference) noexcept {
    add(std::uint64_t{reference.known});
    for (double value : {reference.nrem_median, reference.nrem_mad, reference.threshold}) add(value);
  }
  [[nodiscard]] std::uint64_t value() const noexcept { return hash_; }

 private:
  std::uint64_t hash_ = 0xCBF29CE484222325ULL;
};

struct Range {
  const char* name;
  double value, low, high;
};

std::string outside(const Range& range) {
  if (range.value >= range.low && range.value <= range.high) return {};
  return std::string(range.name) + " is " + std::to_string(range.value) + ", allowed " + std::to_string(range.low) +
         " to " + std::to_string(range.high);
}

std::string setting_problem(const SleepModel& m) {
  for (const Range& range : std::initializer_list<Range>{{"epoch_s", m.epoch_s, 0.05, 60.0},
                                                         {"evidence_constant_s", m.evidence_constant_s, 0.1, 60.0},
                                                         {"adaptation_s", m.adaptation_s, 0.0, 86400.0},
                                                         {"gain_fit_s", m.gain_fit_s, 0.0, 86400.0},
                                                         {"gain_prior_sd", m.gain_prior_sd, 0.01, 100.0},
                                                         {"rem_on", m.rem_on, 0.0, 1.0},
                                                         {"rem_off", m.rem_off, 0.0, m.rem_on},
                                                         {"switch_probability", m.switch_probability, 0.0, 1.0},
                                                         {"confirm_s", m.confirm_s, 0.0, 60.0},
                                                         {"unknown_after_s", m.unknown_after_s, 0.1, 3600.0}}) {
    if (auto problem = outside(range); !problem.empty()) return problem;
  }
  for (const MotionReference& reference : {m.motion, m.emg, m.emg_lfp}) {
    if (!reference.known) continue;
    if (auto problem = outside({"nrem_median", reference.nrem_median, -100.0, 100.0}); !problem.empty()) return problem;
    if (auto problem = outside({"nrem_mad", reference.nrem_mad, 1e-3, 100.0}); !problem.empty()) return problem;
    if (auto problem = outside({"threshold", reference.threshold, 0.0, 1e4}); !problem.empty()) return problem;
  }
  return {};
}

std::string transition_problem(const TransitionMatrix& transitions) {
  for (std::size_t i = 0; i < kSleepStates; ++i) {
    double sum = 0.0;
    for (double value : transitions[i]) {
      if (!(value > 0.0 && value < 1.0)) return "transitions must lie between 0 and 1, neither included";
      sum += value;
    }
    if (!(std::fabs(sum - 1.0) < 1e-6))
      return "row " + std::to_string(i) + " of transitions sums to " + std::to_string(sum) + ", not 1";
  }
  return {};
}

std::string emission_problem(const SleepEmission& emission, std::size_t n, std::size_t state) {
  const std::string where = "state " + std::to_string(state);
  for (std::size_t i = 0; i < n; ++i) {
    if (!(std::fabs(emission.mean[i]) < 1e3)) return where + ": mean of a log power must lie between -1000 and 1000";
    for (std::size_t j = 0; j < n; ++j) {
      if (!(std::fabs(emission.covariance[i][j]) < 1e6))
        return where + ": covariance entries must lie between -1e6 and 1e6";
      if (emission.covariance[i][j] != emission.covariance[j][i]) return where + ": covariance is not symmetric";
    }
    if (emission.covariance[i][i] < 1e-6) return where + ": a variance is below 1e-6";
  }
  // Some room to the edge of definiteness: every sub-covariance must factorise too, whatever features are missing.
  auto factor = emission.covariance;
  for (std::size_t i = 0; i < n; ++i) factor[i][i] *= 1.0 - 1e-9;
  return cholesky(factor, n) ? "" : where + ": covariance is not positive definite";
}

std::string manual_problem(const SleepModel& model) {
  const ManualThresholds& manual = model.manual;
  if (!manual.known) return {};
  for (const Range& range :
       std::initializer_list<Range>{{"log_emg", manual.rules.log_emg, -100.0, 100.0},
                                    {"log_delta", manual.rules.log_delta, -100.0, 100.0},
                                    {"log_theta_over_delta", manual.rules.log_ratio, -100.0, 100.0},
                                    {"margin", manual.margin, 0.0, 10.0}}) {
    if (auto problem = outside(range); !problem.empty()) return "manual_thresholds: " + problem;
  }
  if (model.features != std::vector{SleepFeature::kDelta, SleepFeature::kTheta, SleepFeature::kEmg})
    return "manual_thresholds go with the features delta, theta, emg";
  if (model.adaptation_s != 0.0 || model.gain_fit_s != 0.0)
    return "manual_thresholds are what they are: adaptation_s and gain_fit_s must be 0";
  return {};
}

}  // namespace

std::string model_problem(const SleepModel& model) {
  if (model.features.empty() || model.features.size() > kSleepFeatures)
    return "features must name 1 to " + std::to_string(kSleepFeatures) + " features";
  for (std::size_t i = 0; i < model.features.size(); ++i) {
    const auto rest = model.features.begin() + static_cast<std::ptrdiff_t>(i) + 1;
    if (std::find(rest, model.features.end(), model.features[i]) != model.features.end())
      return "features names one twice";
  }
  if (auto problem = setting_problem(model); !problem.empty()) return problem;
  if (auto problem = manual_problem(model); !problem.empty()) return problem;
  if (auto problem = transition_problem(model.transitions); !problem.empty()) return problem;
  for (std::size_t s = 0; s < kSleepStates; ++s) {
    if (auto problem = emission_problem(model.emissions[s], model.features.size(), s); !problem.empty()) return problem;
  }
  return {};
}

std::uint64_t model_hash(const SleepModel& model) noexcept {
  Fnv hash;
  hash.add(static_cast<std::uint64_t>(model.features.size()));
  for (SleepFeature feature : model.features) hash.add(static_cast<std::uint64_t>(feature));
  for (const SleepEmission& emission : model.emissions) {
    for (std::size_t i = 0; i < model.features.size(); ++i) {
      hash.add(emission.mean[i]);
      for (std::size_t j = 0; j < model.features.size(); ++j) hash.add(emission.covariance[i][j]);
    }
  }
  for (const auto& row : model.transitions) {
    for (double value : row) hash.add(value);
  }
  for (double value : {model.evidence_constant_s, model.adaptation_s, model.gain_fit_s, model.gain_prior_sd,
                       model.rem_on, model.rem_off, model.switch_probability, model.confirm_s, model.unknown_after_s}) {
    hash.add(value);
  }
  hash.add(model.motion);
  hash.add(model.emg);
  hash.add(model.emg_lfp);
  if (model.manual.known) {
    const ManualThresholds& manual = model.manual;
    for (double value : {manual.rules.log_emg, manual.rules.log_delta, manual.rules.log_ratio, manual.margin})
      hash.add(value);
  }
  return hash.value();
}

}  // namespace vturn
