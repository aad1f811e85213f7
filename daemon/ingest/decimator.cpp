#include "daemon/ingest/decimator.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace vturn::ingest {
namespace {

constexpr double kCutoffOfOutputRate = 0.375;

}  // namespace

Decimator::Decimator(double rate_hz, double wanted_hz) noexcept
    : factor_(std::max<std::int64_t>(1, std::llround(rate_hz / wanted_hz))),
      output_rate_hz_(rate_hz / static_cast<double>(factor_)) {
  const double warped = std::tan(std::numbers::pi * kCutoffOfOutputRate / static_cast<double>(factor_));
  for (std::size_t k = 0; k < kSections; ++k) {
    // Butterworth pole pair k of order 2 * kSections, s^2 + damping s + 1, with s = (z - 1) / (warped (z + 1)).
    const double angle = std::numbers::pi * static_cast<double>(2 * k + 1) / (4.0 * kSections);
    const double damping = 2.0 * std::sin(angle);
    const double a0 = 1.0 + damping * warped + warped * warped;
    sections_[k].a1 = 2.0 * (warped * warped - 1.0) / a0;
    sections_[k].a2 = (1.0 - damping * warped + warped * warped) / a0;
    sections_[k].gain = (1.0 + sections_[k].a1 + sections_[k].a2) / 4.0;
  }
}

void Decimator::settle(double level) noexcept {
  for (Biquad& s : sections_) {
    s.s2 = (s.gain - s.a2) * level;
    s.s1 = (2.0 * s.gain - s.a1) * level + s.s2;
  }
  settled_ = true;
}

double Decimator::filter(double value) noexcept {
  for (Biquad& s : sections_) {
    const double input = s.gain * value;
    const double output = input + s.s1;
    s.s1 = 2.0 * input - s.a1 * output + s.s2;
    s.s2 = input - s.a2 * output;
    value = output;
  }
  return value;
}

}  // namespace vturn::ingest
