#pragma once

#include <array>
#include <cstdint>

#include "daemon/core/types.hpp"

namespace vturn::ingest {

/// Rate that signals are decimated to, as nearly as an integer factor allows.
inline constexpr double kDecimatedRateHz = 1000.0;

/// For signals whose 300-600 Hz is wanted too (EMG from LFP).
inline constexpr double kWideRateHz = 2500.0;

/// Causal anti-alias filter and integer decimation of one signal to about 1 kHz, or another rate.
///
/// Butterworth low-pass, order 8, as four biquads (bilinear transform, pre-warped), cut-off 0.375 of the output rate:
/// flat within 0.2 dB to 0.3 of it (the EMG band), aliases into the theta and delta bands below -65 dB. Samples are
/// taken where the source's sample number is a multiple of the factor, so the grid does not depend on blocks or gaps.
class Decimator {
 public:
  explicit Decimator(double rate_hz = kDecimatedRateHz, double wanted_hz = kDecimatedRateHz) noexcept;

  [[nodiscard]] std::int64_t factor() const noexcept { return factor_; }
  [[nodiscard]] double output_rate_hz() const noexcept { return output_rate_hz_; }

  /// Forgets the past: the next sample is taken as the level at which the signal has always been, so that an offset
  /// does not ring.
  void reset() noexcept { settled_ = false; }

  /// Takes the sample with this number; true when it is one of the output, which `output` then holds.
  /// The sample has to be finite.
  bool push(SampleIndex number, float sample, float& output) noexcept {
    if (!settled_) settle(sample);
    const double filtered = filter(sample);
    if (number % factor_ != 0) return false;
    output = static_cast<float>(filtered);
    return true;
  }

 private:
  static constexpr std::size_t kSections = 4;
  /// Transposed direct form II; the numerator is gain * (1 + z^-1)^2, so that the gain at 0 Hz is exactly 1.
  struct Biquad {
    double gain = 1, a1 = 0, a2 = 0;
    double s1 = 0, s2 = 0;
  };

  void settle(double level) noexcept;
  double filter(double value) noexcept;

  std::array<Biquad, kSections> sections_{};
  std::int64_t factor_ = 1;
  double output_rate_hz_ = kDecimatedRateHz;
  bool settled_ = false;
};

}  // namespace vturn::ingest
