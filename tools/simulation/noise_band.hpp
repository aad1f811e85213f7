#pragma once

#include <array>
#include <cmath>

#include "daemon/core/angle.hpp"

namespace vturn::simulation {

/// White noise in, band-limited noise of unit variance out: two equal second-order band-passes (constant 0 dB peak),
/// scaled by the energy of their impulse response.
class NoiseBand {
 public:
  NoiseBand(double low_hz, double high_hz, double rate_hz) {
    const double centre = std::sqrt(low_hz * high_hz);
    const double w = kTwoPi * centre / rate_hz;
    const double alpha = std::sin(w) * (high_hz - low_hz) / (2.0 * centre);
    b0_ = alpha / (1.0 + alpha);
    a1_ = -2.0 * std::cos(w) / (1.0 + alpha);
    a2_ = (1.0 - alpha) / (1.0 + alpha);
    double energy = 0.0;
    const int length = static_cast<int>(20.0 * rate_hz / (high_hz - low_hz));
    for (int i = 0; i < length; ++i) {
      const double y = step(i == 0 ? 1.0 : 0.0);
      energy += y * y;
    }
    scale_ = 1.0 / std::sqrt(energy);
    state_ = {};
  }

  double step(double x) noexcept {
    for (auto& s : state_) {
      const double y = b0_ * x + s[0];
      s[0] = s[1] - a1_ * y;
      s[1] = -b0_ * x - a2_ * y;
      x = y;
    }
    return scale_ * x;
  }

 private:
  double b0_ = 1.0, a1_ = 0.0, a2_ = 0.0, scale_ = 1.0;
  std::array<std::array<double, 2>, 2> state_{};
};

}  // namespace vturn::simulation
