#pragma once

#include <array>
#include <cmath>
#include <complex>
#include <cstddef>

namespace vturn::test {

/// Butterworth low-pass of order 8 in direct form I, made from its analog poles: each maps to z = (2 + s) / (2 - s)
/// with s scaled to the pre-warped cut-off; the denominator is the product of (1 - z z^-1), the zeros lie at z = -1.
class ReferenceLowPass {
 public:
  ReferenceLowPass(double rate_hz, double cutoff_hz) {
    using Complex = std::complex<long double>;
    const long double pi = 3.141592653589793238462643383279502884L;
    const long double warped = 2 * std::tan(pi * static_cast<long double>(cutoff_hz / rate_hz));
    std::array<Complex, kOrder + 1> denominator{Complex(1)}, numerator{Complex(1)};
    for (std::size_t k = 0; k < kOrder; ++k) {
      const Complex s = warped * std::polar(1.0L, pi / 2 + pi * static_cast<long double>(2 * k + 1) / (2.0L * kOrder));
      const Complex z = (2.0L + s) / (2.0L - s);
      for (std::size_t i = kOrder; i > 0; --i) {
        denominator[i] -= z * denominator[i - 1];
        numerator[i] += numerator[i - 1];
      }
    }
    long double above = 0, below = 0;
    for (std::size_t i = 0; i <= kOrder; ++i) {
      a_[i] = denominator[i].real();
      b_[i] = numerator[i].real();
      above += b_[i];
      below += a_[i];
    }
    for (long double& b : b_) b *= below / above;
  }

  /// As if the input had been `level` for ever.
  void settle(double level) {
    inputs_.fill(level);
    outputs_.fill(level);
  }

  double push(double sample) {
    for (std::size_t i = kOrder; i > 0; --i) inputs_[i] = inputs_[i - 1];
    inputs_[0] = sample;
    long double value = b_[0] * inputs_[0];
    for (std::size_t i = 1; i <= kOrder; ++i) value += b_[i] * inputs_[i] - a_[i] * outputs_[i - 1];
    for (std::size_t i = kOrder; i > 0; --i) outputs_[i] = outputs_[i - 1];
    outputs_[0] = value;
    return static_cast<double>(value);
  }

 private:
  static constexpr std::size_t kOrder = 8;
  std::array<long double, kOrder + 1> a_{}, b_{}, inputs_{}, outputs_{};
};

}  // namespace vturn::test
