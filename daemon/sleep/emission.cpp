#include "daemon/sleep/emission.hpp"

#include <cmath>

#include "daemon/core/angle.hpp"
#include "daemon/core/math.hpp"

namespace vturn {
namespace {

/// What thresholds say counts this much against each other state, every evidence constant.
constexpr double kRuleNats = 3.0;

void trigger(bool& on, double value, double threshold, double margin) noexcept {
  if (value > threshold + margin) on = true;
  if (value < threshold - margin) on = false;
}

}  // namespace

bool cholesky(std::array<std::array<double, kSleepFeatures>, kSleepFeatures>& matrix, std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = matrix[i][j];
      for (std::size_t k = 0; k < j; ++k) sum -= matrix[i][k] * matrix[j][k];
      if (i != j) {
        matrix[i][j] = sum / matrix[j][j];
      } else if (sum > 0.0) {
        matrix[i][i] = std::sqrt(sum);
      } else {
        return false;
      }
    }
  }
  return true;
}

void Emission::prepare(const SleepModel& model) noexcept {
  *this = Emission{};
  manual_ = model.manual;
  for (std::size_t i = 0; i < model.features.size(); ++i) {
    const auto row = static_cast<std::size_t>(model.features[i]);
    used_ = static_cast<SleepFeatureMask>(used_ | feature_bit(model.features[i]));
    for (std::size_t s = 0; s < kSleepStates; ++s) {
      mean_[s][row] = model.emissions[s].mean[i];
      for (std::size_t j = 0; j < model.features.size(); ++j) {
        covariance_[s][row][static_cast<std::size_t>(model.features[j])] = model.emissions[s].covariance[i][j];
      }
    }
  }
}

bool Emission::weigh_rules(const FeatureFrame& frame, StateVector& log_likelihood) noexcept {
  if ((frame.valid & used_) != used_) return false;
  const auto delta = static_cast<double>(frame.value(SleepFeature::kDelta));
  trigger(toned_, static_cast<double>(frame.value(SleepFeature::kEmg)), manual_.rules.log_emg, manual_.margin);
  trigger(slow_, delta, manual_.rules.log_delta, manual_.margin);
  trigger(theta_, static_cast<double>(frame.value(SleepFeature::kTheta)) - delta, manual_.rules.log_ratio,
          manual_.margin);
  const std::size_t state = toned_ ? 0 : (!slow_ && theta_ ? 2 : 1);
  log_likelihood.fill(-kRuleNats);
  log_likelihood[state] = 0.0;
  return true;
}

void Emission::factorise(SleepFeatureMask valid) noexcept {
  factored_ = valid;
  count_ = 0;
  for (std::size_t i = 0; i < kSleepFeatures; ++i) {
    if ((valid & feature_bit(static_cast<SleepFeature>(i))) != 0) index_[count_++] = i;
  }
  const double log_two_pi = math::log(kTwoPi);
  for (std::size_t s = 0; s < kSleepStates; ++s) {
    Matrix& factor = factor_[s];
    for (std::size_t i = 0; i < count_; ++i) {
      for (std::size_t j = 0; j < count_; ++j) factor[i][j] = covariance_[s][index_[i]][index_[j]];
    }
    cholesky(factor, count_);
    log_norm_[s] = -0.5 * static_cast<double>(count_) * log_two_pi;
    for (std::size_t i = 0; i < count_; ++i) {
      log_norm_[s] -= math::log(factor[i][i]);
      factor[i][i] = 1.0 / factor[i][i];
    }
  }
}

bool Emission::log_likelihood(const FeatureFrame& frame, std::span<const double, kSleepFeatures> offset,
                              StateVector& log_likelihood) noexcept {
  if (manual_.known) return weigh_rules(frame, log_likelihood);
  const auto valid = static_cast<SleepFeatureMask>(frame.valid & used_);
  if (valid == 0) return false;
  if (valid != factored_) factorise(valid);
  std::array<double, kSleepFeatures> z{};
  for (std::size_t s = 0; s < kSleepStates; ++s) {
    double square = 0.0;
    for (std::size_t i = 0; i < count_; ++i) {
      const std::size_t feature = index_[i];
      double sum = static_cast<double>(frame.log_power[feature]) - offset[feature] - mean_[s][feature];
      for (std::size_t k = 0; k < i; ++k) sum -= factor_[s][i][k] * z[k];
      z[i] = sum * factor_[s][i][i];
      square += z[i] * z[i];
    }
    log_likelihood[s] = log_norm_[s] - 0.5 * square;
  }
  return true;
}

}  // namespace vturn
