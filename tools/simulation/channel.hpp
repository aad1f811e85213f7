#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "tools/simulation/random.hpp"

namespace vturn::simulation {

/// From a base rate to the sample rate: linear interpolation, the converter's broadband noise, and its resolution.
class Channel {
 public:
  Channel(double base_hz, double noise, double resolution, std::uint64_t seed)
      : base_hz_(base_hz), resolution_(resolution), random_(seed, 7) {
    for (auto& value : noise_) value = static_cast<float>(noise * random_.normal());
  }

  void push(double value) { base_.push_back(static_cast<float>(value)); }

  /// Samples first..first+out.size(), numbered at `rate_hz`; their base samples must have been pushed (one beyond).
  void fill(std::int64_t first, double rate_hz, std::span<float> out) {
    forget_before(static_cast<std::int64_t>(static_cast<double>(first) * base_hz_ / rate_hz));
    const double step = base_hz_ / rate_hz;
    const double start = static_cast<double>(first) * step - static_cast<double>(forgotten_);
    const std::size_t shift = random_.bits() % kNoise;
    const auto inverse = static_cast<float>(1.0 / resolution_);
    const auto resolution = static_cast<float>(resolution_);
    for (std::size_t i = 0; i < out.size(); ++i) {
      const double at = start + static_cast<double>(i) * step;
      const auto index = static_cast<std::size_t>(at);
      const auto part = static_cast<float>(at - static_cast<double>(index));
      const float value = base_[index] + part * (base_[index + 1] - base_[index]) + noise_[(shift + i) % kNoise];
      out[i] = resolution * std::floor(value * inverse + 0.5F);
    }
  }

 private:
  static constexpr std::size_t kNoise = 8192;

  void forget_before(std::int64_t index) {
    const auto stale = static_cast<std::size_t>(index - forgotten_);
    if (stale < kNoise) return;
    base_.erase(base_.begin(), base_.begin() + static_cast<std::ptrdiff_t>(stale));
    forgotten_ = index;
  }

  double base_hz_, resolution_;
  Random random_;
  std::array<float, kNoise> noise_{};
  std::vector<float> base_;
  std::int64_t forgotten_ = 0;
};

}  // namespace vturn::simulation
