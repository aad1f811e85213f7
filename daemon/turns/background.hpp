#pragma once

#include <array>
#include <cstddef>

namespace vturn::turns {

/// Mean and variance with a memory: weights fade once they add up to `most`.
struct RunningMoments {
  double mean = 0.0;
  double variance = 0.0;
  double weight = 0.0;

  void add(double value, double value_weight, double most) noexcept {
    weight = weight + value_weight < most ? weight + value_weight : most;
    const double share = value_weight < weight ? value_weight / weight : 1.0;
    const double off = value - mean;
    mean += share * off;
    variance = (1.0 - share) * (variance + share * off * off);
  }
};

/// How long a rate was how high, for quantiles. The rate is in spikes within the kernel, up to 128 of them.
class RateHistogram {
 public:
  void add(double spikes, double weight) noexcept;
  /// Fades the past so that all weights add up to at most `most`.
  void fade(double most) noexcept;
  [[nodiscard]] double quantile(double share) const noexcept;
  [[nodiscard]] double weight() const noexcept { return weight_; }

 private:
  static constexpr double kBinsPerSpike = 4.0;
  std::array<float, 512> bins_{};
  double weight_ = 0.0;
};

/// Holds samples back until it is known that no event began right after them: an event's rising flank is not learnt as
/// background.
class HeldSamples {
 public:
  /// The sample that is old enough now, if any, is written to `value` and `weight`.
  bool push(double new_value, double new_weight, double& value, double& weight) noexcept {
    const bool full = size_ == kHeld;
    Sample& slot = samples_[next_];
    if (full) {
      value = slot.value;
      weight = slot.weight;
    } else {
      ++size_;
    }
    slot = {new_value, new_weight};
    next_ = (next_ + 1) % kHeld;
    return full;
  }
  void clear() noexcept { size_ = next_ = 0; }

 private:
  static constexpr std::size_t kHeld = 30;  ///< 150 ms and more
  struct Sample {
    double value = 0.0;
    double weight = 0.0;
  };
  std::array<Sample, kHeld> samples_{};
  std::size_t size_ = 0;
  std::size_t next_ = 0;
};

}  // namespace vturn::turns
