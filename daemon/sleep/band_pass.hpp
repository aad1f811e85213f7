#pragma once

#include <array>

namespace vturn {

/// Butterworth band-pass of order 2 at each edge (4 poles, two second-order sections), bilinear with prewarped edges:
/// |H(f)|² = 1 / (1 + w⁴), w = (Ω² - Ω₁Ω₂) / (Ω (Ω₂ - Ω₁)), Ω = tan(π f / fs). Gain 1 at the geometric centre.
/// Transposed direct form II in double precision. No allocation; the same bits on every machine.
class BandPass {
 public:
  /// 0 < low_hz < high_hz < rate_hz / 2.
  void design(double low_hz, double high_hz, double rate_hz) noexcept;
  void reset() noexcept;
  double step(double x) noexcept;

 private:
  struct Section {
    double gain = 1.0;  ///< numerator is gain·(1 - z⁻²)
    double a1 = 0.0;
    double a2 = 0.0;
    double s1 = 0.0;
    double s2 = 0.0;
  };
  std::array<Section, 2> sections_{};
};

}  // namespace vturn
