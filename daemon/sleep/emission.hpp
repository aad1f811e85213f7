#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "daemon/sleep/sleep_model.hpp"

namespace vturn {

using StateVector = std::array<double, kSleepStates>;

/// Log likelihood of one frame under the three Gaussians of a model. Missing features are marginalised out: the
/// factors of the remaining sub-covariances are kept until the set of valid features changes.
class Emission {
 public:
  /// Copies what it needs. The covariances must be positive definite (SleepModel's reader and calibration see to it).
  void prepare(const SleepModel& model) noexcept;
  /// log N(x - offset | state) for each state; false, and nothing written, when no feature of the model is valid.
  bool log_likelihood(const FeatureFrame& frame, std::span<const double, kSleepFeatures> offset,
                      StateVector& log_likelihood) noexcept;
  [[nodiscard]] SleepFeatureMask features() const noexcept { return used_; }
  /// Mean of `feature` in `state`; 0 for a feature that the model does not use.
  [[nodiscard]] double mean(std::size_t state, SleepFeature feature) const noexcept {
    return mean_[state][static_cast<std::size_t>(feature)];
  }

  /// By thresholds, which need every one of their features.
  [[nodiscard]] bool by_rules() const noexcept { return manual_.known; }

 private:
  void factorise(SleepFeatureMask valid) noexcept;
  bool weigh_rules(const FeatureFrame& frame, StateVector& log_likelihood) noexcept;

  using Matrix = std::array<std::array<double, kSleepFeatures>, kSleepFeatures>;
  SleepFeatureMask used_ = 0;
  std::array<std::array<double, kSleepFeatures>, kSleepStates> mean_{};  ///< by SleepFeature
  std::array<Matrix, kSleepStates> covariance_{};                        ///< by SleepFeature

  ManualThresholds manual_;
  bool toned_ = false;  ///< where the Schmitt triggers stand
  bool slow_ = false;
  bool theta_ = false;

  SleepFeatureMask factored_ = 0;
  std::array<std::size_t, kSleepFeatures> index_{};  ///< features in the factors, in order
  std::size_t count_ = 0;
  std::array<Matrix, kSleepStates> factor_{};  ///< lower Cholesky, its diagonal inverted
  StateVector log_norm_{};
};

/// Lower Cholesky factor of the leading `n` × `n` block, in place; false when it is not positive definite.
bool cholesky(std::array<std::array<double, kSleepFeatures>, kSleepFeatures>& matrix, std::size_t n) noexcept;

}  // namespace vturn
