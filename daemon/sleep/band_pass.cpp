#include "daemon/sleep/band_pass.hpp"

#include <cmath>

#include "daemon/core/angle.hpp"
#include "daemon/core/math.hpp"

namespace vturn {
namespace {

// std::complex would bring libm's hypot and csqrt, whose last bits differ between machines.
struct Complex {
  double re, im;
};

Complex operator+(Complex a, Complex b) noexcept { return {a.re + b.re, a.im + b.im}; }
Complex operator-(Complex a, Complex b) noexcept { return {a.re - b.re, a.im - b.im}; }
Complex operator*(Complex a, Complex b) noexcept { return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re}; }
double norm(Complex a) noexcept { return a.re * a.re + a.im * a.im; }
Complex operator/(Complex a, Complex b) noexcept {
  const Complex product = a * Complex{b.re, -b.im};
  const double scale = norm(b);
  return {product.re / scale, product.im / scale};
}
Complex square_root(Complex a) noexcept {
  const double magnitude = std::sqrt(norm(a));
  const double re = std::sqrt(0.5 * (magnitude + a.re));
  const double im = std::sqrt(std::fabs(0.5 * (magnitude - a.re)));
  return {re, a.im < 0.0 ? -im : im};
}

double warped(double hz, double rate_hz) noexcept {
  const double half = kPi * hz / rate_hz;
  return math::sin(half) / math::cos(half);
}

}  // namespace

void BandPass::design(double low_hz, double high_hz, double rate_hz) noexcept {
  const double low = warped(low_hz, rate_hz);
  const double high = warped(high_hz, rate_hz);
  const double centre_square = low * high;
  const double half_width = 0.5 * (high - low);
  // The low-pass prototype's pole (-1 + i)/√2 splits into two band-pass poles; its conjugate gives theirs.
  const double root_half = std::sqrt(0.5);
  const Complex alpha{-root_half * half_width, root_half * half_width};
  const Complex root = square_root(alpha * alpha - Complex{centre_square, 0.0});
  const std::array<Complex, 2> analog{alpha + root, alpha - root};
  const double centre = std::sqrt(centre_square);
  const Complex z0 = Complex{1.0, centre} / Complex{1.0, -centre};
  for (std::size_t i = 0; i < sections_.size(); ++i) {
    const Complex pole = (Complex{1.0, 0.0} + analog[i]) / (Complex{1.0, 0.0} - analog[i]);
    Section& section = sections_[i];
    section.a1 = -2.0 * pole.re;
    section.a2 = norm(pole);
    const Complex numerator = z0 * z0 - Complex{1.0, 0.0};
    const Complex denominator = z0 * z0 + Complex{section.a1, 0.0} * z0 + Complex{section.a2, 0.0};
    section.gain = std::sqrt(norm(denominator) / norm(numerator));
  }
  reset();
}

void BandPass::reset() noexcept {
  for (Section& section : sections_) section.s1 = section.s2 = 0.0;
}

double BandPass::step(double x) noexcept {
  for (Section& section : sections_) {
    const double in = section.gain * x;
    const double out = in + section.s1;
    section.s1 = section.s2 - section.a1 * out;
    section.s2 = -in - section.a2 * out;
    x = out;
  }
  return x;
}

}  // namespace vturn
