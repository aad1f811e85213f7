#pragma once

#include <cmath>
#include <numbers>

namespace vturn {

inline constexpr double kPi = std::numbers::pi;
inline constexpr double kTwoPi = 2.0 * std::numbers::pi;

/// Angle wrapped to [0, 2π), counter-clockwise positive seen from above. `std::floor` is exact, so the result is
/// the same on every machine.
inline double wrap_angle(double angle_rad) noexcept {
  const double wrapped = angle_rad - kTwoPi * std::floor(angle_rad / kTwoPi);
  return wrapped < kTwoPi ? wrapped : 0.0;
}

/// Signed shortest rotation from `from_rad` to `to_rad`, in [-π, π).
inline double angle_difference(double to_rad, double from_rad) noexcept {
  return wrap_angle(to_rad - from_rad + kPi) - kPi;
}

}  // namespace vturn
