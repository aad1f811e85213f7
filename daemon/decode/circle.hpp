#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>

#include "daemon/core/angle.hpp"
#include "daemon/core/math.hpp"
#include "daemon/decode/heading_model.hpp"
#include "daemon/decode/samples.hpp"

/// Distributions over the kHeadingAngles bins of the heading circle.
namespace vturn::circle {

inline constexpr double kBinRad = kTwoPi / static_cast<double>(kHeadingAngles);

/// Bin whose centre is nearest to an angle in [0, 2π).
inline std::size_t nearest_bin(double angle_rad) noexcept {
  return static_cast<std::size_t>(std::floor(angle_rad / kBinRad + 0.5)) % kHeadingAngles;
}

/// Sectors of 30 degrees, the first from 0 on: what of the circle was visited.
inline constexpr std::size_t kSectors = 12;
inline std::size_t sector_of(double angle_rad) noexcept {
  const double share = wrap_angle(angle_rad) / kTwoPi;
  return std::min(kSectors - 1, static_cast<std::size_t>(share * static_cast<double>(kSectors)));
}

/// Heading at a time between two rows: linear on the circle.
inline double interpolated(const HeadingSample& before, const HeadingSample& after, SessionNs time_ns) noexcept {
  const double share =
      static_cast<double>(time_ns - before.time_ns) / static_cast<double>(after.time_ns - before.time_ns);
  const double from_rad = static_cast<double>(before.angle_rad);
  return wrap_angle(from_rad + share * angle_difference(static_cast<double>(after.angle_rad), from_rad));
}

/// Angle wrapped to [0, 2π) that stays below 2π as a float.
inline float wrapped_float(double angle_rad) noexcept {
  const float angle = static_cast<float>(wrap_angle(angle_rad));
  return angle < static_cast<float>(kTwoPi) ? angle : 0.0F;
}

/// Where the maximum is, refined by the parabola through its neighbours.
template <class T>
float maximum(std::span<const T, kHeadingAngles> p) noexcept {
  // Sixteen running maxima, then the block and in it the bin that first has the largest: vectors, where there are any.
  constexpr std::size_t kLanes = 16;
  static_assert(kHeadingAngles % kLanes == 0);
  std::array<T, kLanes> most;
  for (std::size_t lane = 0; lane < kLanes; ++lane) most[lane] = p[lane];
  for (std::size_t block = kLanes; block < kHeadingAngles; block += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) most[lane] = std::max(most[lane], p[block + lane]);
  }
  const T largest = *std::max_element(most.begin(), most.end());
  std::size_t best = 0;
  for (std::size_t block = 0; block < kHeadingAngles; block += kLanes) {
    bool here = false;
    for (std::size_t lane = 0; lane < kLanes; ++lane) here |= p[block + lane] == largest;
    if (!here) continue;
    best = block;
    while (p[best] != largest) ++best;
    break;
  }
  const double before = static_cast<double>(p[(best + kHeadingAngles - 1) % kHeadingAngles]);
  const double after = static_cast<double>(p[(best + 1) % kHeadingAngles]);
  const double curvature = 2.0 * static_cast<double>(p[best]) - before - after;
  const double offset = curvature > 0.0 ? 0.5 * (after - before) / curvature : 0.0;
  return wrapped_float((static_cast<double>(best) + offset) * kBinRad);
}

template <class T>
float maximum(const std::array<T, kHeadingAngles>& p) noexcept {
  return maximum(std::span<const T, kHeadingAngles>(p));
}

struct Mean {
  double angle_rad;
  double length;  ///< mean resultant length, 0..1
};

template <class T>
Mean mean(const std::array<T, kHeadingAngles>& p) noexcept {
  double x = 0.0;
  double y = 0.0;
  double sum = 0.0;
  for (std::size_t bin = 0; bin < kHeadingAngles; ++bin) {
    const double angle = kBinRad * static_cast<double>(bin);
    const double mass = static_cast<double>(p[bin]);
    x += mass * math::cos(angle);
    y += mass * math::sin(angle);
    sum += mass;
  }
  return {wrap_angle(math::atan2(y, x)), std::min(1.0, std::sqrt(x * x + y * y) / sum)};
}

using Kernel = std::array<double, kHeadingAngles>;

/// Gaussian around bin 0 on the bins, cut at half a circle, summing to 1; a single 1 for a deviation of 0.
inline Kernel gaussian(double sd_rad) noexcept {
  Kernel kernel{};
  kernel[0] = 1.0;
  if (sd_rad <= 0.0) return kernel;
  double sum = 0.0;
  for (std::size_t bin = 0; bin < kHeadingAngles; ++bin) {
    const double z = kBinRad * static_cast<double>(std::min(bin, kHeadingAngles - bin)) / sd_rad;
    sum += kernel[bin] = math::exp(-0.5 * z * z);
  }
  for (double& weight : kernel) weight /= sum;
  return kernel;
}

inline std::array<double, kHeadingAngles> convolved(const std::array<double, kHeadingAngles>& values,
                                                    const Kernel& kernel) noexcept {
  std::array<double, kHeadingAngles> result{};
  for (std::size_t bin = 0; bin < kHeadingAngles; ++bin) {
    for (std::size_t other = 0; other < kHeadingAngles; ++other) {
      result[bin] += values[other] * kernel[(bin + kHeadingAngles - other) % kHeadingAngles];
    }
  }
  return result;
}

/// Density (per bin) between bin centres: linear.
template <class T>
double density_at(const std::array<T, kHeadingAngles>& p, double angle_rad) noexcept {
  const double place = wrap_angle(angle_rad) / kBinRad;
  const auto below = std::min(static_cast<std::size_t>(place), kHeadingAngles - 1);
  const double rest = place - static_cast<double>(below);
  return (1.0 - rest) * static_cast<double>(p[below]) + rest * static_cast<double>(p[(below + 1) % kHeadingAngles]);
}

/// Mass and size (radians) of where the density lies above `level`, piecewise linear between bin centres.
struct AboveLevel {
  double mass = 0.0;
  double size_rad = 0.0;
};
template <class T>
AboveLevel above_level(const std::array<T, kHeadingAngles>& p, double level) noexcept {
  double mass = 0.0, bins = 0.0;
  for (std::size_t bin = 0; bin < kHeadingAngles; ++bin) {
    const double a = static_cast<double>(p[bin]);
    const double b = static_cast<double>(p[(bin + 1) % kHeadingAngles]);
    const double high = std::max(a, b), low = std::min(a, b);
    if (high <= level) continue;
    const double share = low > level ? 1.0 : (high - level) / (high - low);
    mass += share * 0.5 * (high + std::max(low, level));
    bins += share;
  }
  return {mass, bins * kBinRad};
}

/// Whether the smallest set that holds `mass` of the density (p sums to 1) holds this angle. Whole bins would hold a
/// few per cent too much where the density is as narrow as a few bins.
template <class T>
bool in_highest_density_set(const std::array<T, kHeadingAngles>& p, double angle_rad, double mass) noexcept {
  return above_level(p, density_at(p, angle_rad)).mass < mass;
}

/// Size (radians) of the smallest set that holds `mass` of the density.
template <class T>
double highest_density_size(const std::array<T, kHeadingAngles>& p, double mass) noexcept {
  constexpr int kHalvings = 16;
  double low = 0.0;  // its set holds at least `mass`
  double high = static_cast<double>(*std::max_element(p.begin(), p.end()));
  for (int i = 0; i < kHalvings; ++i) {
    const double level = 0.5 * (low + high);
    (above_level(p, level).mass >= mass ? low : high) = level;
  }
  return above_level(p, low).size_rad;
}

}  // namespace vturn::circle
