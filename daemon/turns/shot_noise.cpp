#include "daemon/turns/shot_noise.hpp"

#include <algorithm>
#include <cmath>

#include "daemon/core/math.hpp"

namespace vturn::turns {
namespace {

constexpr double kTwoPi = 6.2831853071795865;
/// Below this mean a single spike is a rise through any level, which no density tells.
constexpr double kLowestMeanHz = 0.1;
/// Tilts (below) within which the level is looked for: from the mean to some thousands of times the mean.
constexpr double kLowestTilt = 1e-3, kHighestTilt = 12.0;

/// Integral of (e^u - 1) / u from 0 to v, by its series.
double exponential_integral(double v) noexcept {
  double term = 1.0, sum = 0.0;
  for (int n = 1; n <= 60; ++n) {
    term *= v / n;
    sum += term / n;
  }
  return sum;
}

/// The saddlepoint approximation of the noise's density (Daniels 1954), along its tilt v: spikes that decay
/// exponentially have the cumulant generating function mean * kernel * integral of (e^u - 1) / u. Clusters of c spikes
/// are spikes c times as high and c times as rare.
class Saddlepoint {
 public:
  explicit Saddlepoint(const ShotNoise& noise) noexcept
      : mean_hz_(std::max(noise.mean_hz, kLowestMeanHz)), kernel_s_(noise.kernel_s) {
    cluster_ = std::max(1.0, noise.variance * 2.0 * kernel_s_ / mean_hz_);
  }

  [[nodiscard]] double level_hz(double v) const noexcept { return mean_hz_ * (math::exp(v) - 1.0) / v; }

  [[nodiscard]] double rises_per_minute(double v) const noexcept {
    const double level = level_hz(v);
    const double e = math::exp(v);
    const double curvature = mean_hz_ * cluster_ / kernel_s_ * (v * e - e + 1.0) / (v * v);
    const double exponent = kernel_s_ / cluster_ * (mean_hz_ * exponential_integral(v) - v * level);
    return 60.0 * level / kernel_s_ * math::exp(exponent) / std::sqrt(kTwoPi * curvature);
  }

  /// The tilt up to which `above` holds.
  template <class Above>
  [[nodiscard]] double last(Above&& above) const noexcept {
    double low = kLowestTilt, high = kHighestTilt;
    for (int i = 0; i < 48; ++i) {
      const double middle = 0.5 * (low + high);
      (above(middle) ? low : high) = middle;
    }
    return high;
  }

 private:
  double mean_hz_, kernel_s_, cluster_ = 1.0;
};

}  // namespace

double rises_per_minute(const ShotNoise& noise, double level_hz) noexcept {
  const Saddlepoint saddlepoint(noise);
  return saddlepoint.rises_per_minute(saddlepoint.last([&](double v) { return saddlepoint.level_hz(v) < level_hz; }));
}

double level_for(const ShotNoise& noise, double rises_per_minute) noexcept {
  const Saddlepoint saddlepoint(noise);
  return saddlepoint.level_hz(
      saddlepoint.last([&](double v) { return saddlepoint.rises_per_minute(v) > rises_per_minute; }));
}

}  // namespace vturn::turns
