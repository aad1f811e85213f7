#pragma once

#include <array>
#include <cmath>
#include <cstdint>

namespace vturn::simulation {

/// xoshiro256** (Blackman & Vigna 2018) seeded by SplitMix64. One per process of the mouse, so that switching one
/// process off or changing its cell count leaves the others' draws alone.
class Random {
 public:
  Random(std::uint64_t seed, std::uint64_t stream) noexcept {
    std::uint64_t x = seed * 0x9E3779B97F4A7C15ULL ^ (stream + 1) * 0xD1B54A32D192ED03ULL;
    for (auto& word : state_) word = split_mix(x);
  }

  std::uint64_t bits() noexcept {
    const std::uint64_t result = rotate(state_[1] * 5, 7) * 9;
    const std::uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = rotate(state_[3], 45);
    return result;
  }

  /// [0, 1)
  double uniform() noexcept { return static_cast<double>(bits() >> 11) * 0x1.0p-53; }
  double uniform(double low, double high) noexcept { return low + (high - low) * uniform(); }
  bool chance(double probability) noexcept { return uniform() < probability; }
  double exponential(double mean) noexcept { return -mean * std::log(1.0 - uniform()); }
  double log_normal(double median, double sigma) noexcept { return median * std::exp(sigma * normal()); }

  /// Mean 0, variance 1, uniform. For the input of narrow filters, whose output is normal whatever theirs; a tenth of
  /// the cost of normal().
  double white() noexcept {
    if (whites_left_-- == 0) {
      whites_ = bits();
      whites_left_ = 3;
    }
    const auto value = static_cast<std::int16_t>(whites_ & 0xFFFFU);
    whites_ >>= 16;
    return (static_cast<double>(value) + 0.5) * (3.4641016151377546 / 65536.0);
  }

  /// Standard normal (polar method of Marsaglia).
  double normal() noexcept {
    if (has_spare_) {
      has_spare_ = false;
      return spare_;
    }
    double x = 0.0, y = 0.0, r = 0.0;
    do {
      x = uniform(-1.0, 1.0);
      y = uniform(-1.0, 1.0);
      r = x * x + y * y;
    } while (r >= 1.0 || r == 0.0);
    const double scale = std::sqrt(-2.0 * std::log(r) / r);
    spare_ = y * scale;
    has_spare_ = true;
    return x * scale;
  }

 private:
  static std::uint64_t rotate(std::uint64_t x, int k) noexcept { return (x << k) | (x >> (64 - k)); }
  static std::uint64_t split_mix(std::uint64_t& x) noexcept {
    x += 0x9E3779B97F4A7C15ULL;
    std::uint64_t z = x;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }

  std::array<std::uint64_t, 4> state_{};
  std::uint64_t whites_ = 0;
  int whites_left_ = 0;
  double spare_ = 0.0;
  bool has_spare_ = false;
};

/// Ornstein-Uhlenbeck process of mean 0, exact for a fixed step.
class OrnsteinUhlenbeck {
 public:
  OrnsteinUhlenbeck(double sd, double tau_s, double step_s) noexcept
      : decay_(std::exp(-step_s / tau_s)), kick_(sd * std::sqrt(1.0 - decay_ * decay_)) {}
  double step(Random& random) noexcept { return value_ = value_ * decay_ + kick_ * random.normal(); }
  /// Cheaper, for time constants of many steps.
  double step_white(Random& random) noexcept { return value_ = value_ * decay_ + kick_ * random.white(); }
  [[nodiscard]] double value() const noexcept { return value_; }

 private:
  double decay_, kick_;
  double value_ = 0.0;
};

}  // namespace vturn::simulation
