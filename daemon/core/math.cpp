#include "daemon/core/math.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numbers>

namespace vturn::math {
namespace {

constexpr double kLn2High = 6.93147180369123816490e-01;  // upper 33 bits: k * kLn2High is exact for |k| < 2^20
constexpr double kLn2Low = 1.90821492927058770002e-10;
constexpr double kHalfPiHigh = 1.57079632673412561417e+00;  // upper 33 bits of π/2
constexpr double kHalfPiLow = 6.07710050650619224932e-11;

double power_of_two(int exponent) noexcept {
  return std::bit_cast<double>(static_cast<std::uint64_t>(exponent + 1023) << 52);
}

double sin_kernel(double r) noexcept {
  const double z = r * r;
  double sum = 0.0;
  for (int n = 9; n >= 1; --n) sum = (1.0 + sum) * (-z / static_cast<double>(2 * n * (2 * n + 1)));
  return r * (1.0 + sum);
}

double cos_kernel(double r) noexcept {
  const double z = r * r;
  double sum = 0.0;
  for (int n = 9; n >= 1; --n) sum = (1.0 + sum) * (-z / static_cast<double>(2 * n * (2 * n - 1)));
  return 1.0 + sum;
}

struct Quadrant {
  double remainder;
  unsigned index;
};

Quadrant reduce(double x) noexcept {
  const double k = std::floor(x * (2.0 / std::numbers::pi) + 0.5);
  return {(x - k * kHalfPiHigh) - k * kHalfPiLow, static_cast<unsigned>(static_cast<std::int64_t>(k) & 3)};
}

/// Arctangent for |z| ≤ tan(π/8), where its series converges fast.
double atan_series(double z) noexcept {
  const double square = z * z;
  double sum = 0.0;
  for (int n = 22; n >= 0; --n) sum = 1.0 / static_cast<double>(2 * n + 1) - square * sum;
  return z * sum;
}

double atan_positive(double z) noexcept {
  constexpr double kTanPi8 = 0.41421356237309503;
  if (z <= kTanPi8) return atan_series(z);
  if (z <= 1.0) return std::numbers::pi / 4 + atan_series((z - 1.0) / (z + 1.0));
  return std::numbers::pi / 2 - atan_positive(1.0 / z);
}

}  // namespace

double exp(double x) noexcept {
  if (x != x) return x;
  if (x < -708.0) return 0.0;
  if (x > 709.0) return std::numeric_limits<double>::infinity();
  const double k = std::floor(x * std::numbers::log2e + 0.5);
  const double r = (x - k * kLn2High) - k * kLn2Low;
  double sum = 1.0;
  for (int n = 13; n >= 1; --n) sum = 1.0 + sum * r / static_cast<double>(n);
  const int exponent = static_cast<int>(k);
  return exponent == 1024 ? sum * 2.0 * power_of_two(1023) : sum * power_of_two(exponent);
}

double log(double x) noexcept {
  if (x != x || x < 0.0) return std::numeric_limits<double>::quiet_NaN();
  if (x == 0.0) return -std::numeric_limits<double>::infinity();
  if (x == std::numeric_limits<double>::infinity()) return x;
  int shift = 0;
  if (x < std::numeric_limits<double>::min()) {
    x *= 0x1p54;
    shift = -54;
  }
  std::uint64_t bits = std::bit_cast<std::uint64_t>(x);
  int exponent = static_cast<int>(bits >> 52) - 1023;
  double mantissa = std::bit_cast<double>((bits & 0x000FFFFFFFFFFFFFULL) | 0x3FF0000000000000ULL);
  if (mantissa > std::numbers::sqrt2) {
    mantissa *= 0.5;
    ++exponent;
  }
  const double s = (mantissa - 1.0) / (mantissa + 1.0);
  const double square = s * s;
  double sum = 0.0;
  for (int n = 10; n >= 0; --n) sum = 1.0 / static_cast<double>(2 * n + 1) + square * sum;
  const double k = static_cast<double>(exponent + shift);
  return k * kLn2High + (2.0 * s * sum + k * kLn2Low);
}

double sin(double x) noexcept {
  const Quadrant q = reduce(x);
  const double value = (q.index & 1U) != 0 ? cos_kernel(q.remainder) : sin_kernel(q.remainder);
  return (q.index & 2U) != 0 ? -value : value;
}

double cos(double x) noexcept {
  const Quadrant q = reduce(x);
  const double value = (q.index & 1U) != 0 ? -sin_kernel(q.remainder) : cos_kernel(q.remainder);
  return (q.index & 2U) != 0 ? -value : value;
}

double atan2(double y, double x) noexcept {
  if (x == 0.0 && y == 0.0) return 0.0;
  const double ax = std::fabs(x);
  const double ay = std::fabs(y);
  const double angle = ax == 0.0 ? std::numbers::pi / 2 : atan_positive(ay / ax);
  const double quadrant = x < 0.0 ? std::numbers::pi - angle : angle;
  return y < 0.0 ? -quadrant : quadrant;
}

}  // namespace vturn::math
