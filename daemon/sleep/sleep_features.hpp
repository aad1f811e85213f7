#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "daemon/core/types.hpp"

namespace vturn {

/// Features by name: a model and a table of epochs agree by these names, not by position. All but alpha, which exists
/// in tables of other scorers only, are computed live (in the order published as Sleep.features).
enum class SleepFeature : std::uint8_t {
  kDelta = 0,
  kTheta,
  kSigma,
  kBeta,
  kGamma,
  kEmg,
  kMotion,
  kEmgLfp,     ///< muscle tone in the LFP: EmgFromLfp
  kRate,       ///< of all units, spikes/s
  kSilence,    ///< share of 50 ms without a spike
  kFano,       ///< variance over mean of the spikes in 50 ms
  kTurnSpeed,  ///< of the memoryless decoded heading, rad/s
  kEvidence,   ///< e^(nats per 100 ms) of the heading's tuning against mean rates
  kAlpha
};
inline constexpr std::size_t kSleepFeatures = 14;
inline constexpr std::size_t kLiveSleepFeatures = 13;
inline constexpr std::array<std::string_view, kSleepFeatures> kSleepFeatureNames = {
    "delta",   "theta", "sigma",   "beta", "gamma",      "emg",      "motion",
    "emg_lfp", "rate",  "silence", "fano", "turn_speed", "evidence", "alpha"};

/// Set of features, bit i = SleepFeature i.
using SleepFeatureMask = std::uint16_t;
constexpr SleepFeatureMask feature_bit(SleepFeature feature) noexcept {
  return static_cast<SleepFeatureMask>(1U << static_cast<unsigned>(feature));
}
inline constexpr SleepFeatureMask kBrainFeatures = 0b10'0000'0001'1111;  ///< powers of LFP or EEG
inline constexpr SleepFeatureMask kUnitFeatures = 0b01'1111'0000'0000;

/// Of these features, for people.
inline std::string sleep_feature_names(std::span<const SleepFeature> features) {
  std::string all;
  for (const SleepFeature feature : features)
    all.append(all.empty() ? "" : ", ").append(kSleepFeatureNames[static_cast<std::size_t>(feature)]);
  return all;
}
/// Of all.
inline std::string sleep_feature_names() {
  std::array<SleepFeature, kSleepFeatures> all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<SleepFeature>(i);
  return sleep_feature_names(all);
}

constexpr std::optional<SleepFeature> sleep_feature_from_name(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kSleepFeatures; ++i) {
    if (kSleepFeatureNames[i] == name) return static_cast<SleepFeature>(i);
  }
  return std::nullopt;
}

/// What the sleep filter sees at one moment: natural logarithms of power (μV², V² for an accelerometer, or the units of
/// the table they come from), and of the features of units.
struct FeatureFrame {
  SessionNs time_ns = 0;                          ///< end of the data that it holds
  std::array<float, kSleepFeatures> log_power{};  ///< by SleepFeature; 0 where invalid
  SleepFeatureMask valid = 0;
  bool artefact = false;            ///< a signal is saturated or bursts far beyond its running power
  SleepFeatureMask fast_valid = 0;  ///< kEmg, kMotion, kEmgLfp: of the last 100 ms alone
  float fast_emg = 0.0F;
  float fast_motion = 0.0F;
  float fast_emg_lfp = 0.0F;

  [[nodiscard]] bool has(SleepFeature feature) const noexcept { return (valid & feature_bit(feature)) != 0; }
  [[nodiscard]] float value(SleepFeature feature) const noexcept {
    return log_power[static_cast<std::size_t>(feature)];
  }
  void set(SleepFeature feature, float log_value) noexcept {
    log_power[static_cast<std::size_t>(feature)] = log_value;
    valid = static_cast<SleepFeatureMask>(valid | feature_bit(feature));
  }
};

}  // namespace vturn
