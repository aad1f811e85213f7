#pragma once

#include <array>
#include <complex>
#include <numbers>
#include <vector>

#include "tools/simulation/activity.hpp"
#include "tools/simulation/body.hpp"
#include "tools/simulation/hypnogram.hpp"
#include "tools/simulation/lfp.hpp"
#include "tools/simulation/stage_mix.hpp"

namespace vturn::simulation::test {

/// The mouse's signals without its cells, which they do not depend on.
class SignalMouse {
 public:
  SignalMouse(std::uint64_t seed, std::uint64_t life, Hypnogram night)
      : walk_(std::move(night)), activity_(seed, life), mix_(seed, life), lfp_(seed, life), body_(seed, life) {}

  void step() {
    now_.time_s = static_cast<double>(steps_++) * kStepS;
    walk_.advance(now_.time_s);
    now_.stage = walk_.stage();
    now_.since_stage_s = walk_.since_change_s();
    activity_.step(now_);
    mix_.step(walk_, kStepS);
    body_.step(now_, mix_, walk_.artefact());
    lfp_uv_ = lfp_.step(now_, mix_, walk_.artefact(), body_.signs());
  }

  [[nodiscard]] const HypnogramWalk& walk() const { return walk_; }
  [[nodiscard]] const Body& body() const { return body_; }
  [[nodiscard]] double lfp_uv() const { return lfp_uv_; }

 private:
  HypnogramWalk walk_;
  Moment now_;
  Activity activity_;
  StageMix mix_;
  Lfp lfp_;
  Body body_;
  double lfp_uv_ = 0.0;
  std::int64_t steps_ = 0;
};

inline constexpr std::size_t kEpochFeatures = 6;  ///< delta, theta, alpha, beta, gamma, EMG

/// One 4-s epoch as a scorer's table has it: logarithms of band powers and of the EMG's integral.
struct ScoredEpoch {
  SleepState stage = SleepState::kUnknown;
  bool artefact = false;
  std::array<double, kEpochFeatures> log_power{};
};

/// Powers of a Hann-windowed periodogram of 4 s at 1 kHz, padded to 4096: no part of the product, no IIR filter.
class Periodogram {
 public:
  static constexpr std::size_t kSamples = 4000;

  Periodogram() {
    for (std::size_t i = 0; i < kPadded / 2; ++i)
      turns_[i] = std::polar(1.0, -kTurn * static_cast<double>(i) / kPadded);
    for (std::size_t i = 0; i < kSamples; ++i) {
      window_[i] = 0.5 - 0.5 * std::cos(kTurn * static_cast<double>(i) / kSamples);
    }
  }

  /// Two signals at a time, as real and imaginary part.
  std::array<std::vector<double>, 2> powers(const std::vector<double>& a, const std::vector<double>& b) {
    std::fill(work_.begin(), work_.end(), 0.0);
    for (std::size_t i = 0; i < kSamples; ++i) work_[reversed(i)] = {window_[i] * a[i], window_[i] * b[i]};
    transform();
    std::array<std::vector<double>, 2> result;
    for (std::size_t k = 1; k < kHighest; ++k) {
      const auto up = work_[k], down = std::conj(work_[kPadded - k]);
      result[0].push_back(std::norm(0.5 * (up + down)));
      result[1].push_back(std::norm(0.5 * (up - down)));
    }
    return result;
  }

  static double band(const std::vector<double>& powers, double low_hz, double high_hz) {
    double sum = 0.0;
    for (std::size_t i = 0; i < powers.size(); ++i) {
      const double hz = 1000.0 * static_cast<double>(i + 1) / kPadded;
      if (hz >= low_hz && hz < high_hz) sum += powers[i];
    }
    return sum;
  }

 private:
  static constexpr std::size_t kPadded = 4096, kBits = 12, kHighest = 340;
  static constexpr double kTurn = 2.0 * std::numbers::pi;

  static std::size_t reversed(std::size_t i) {
    std::size_t r = 0;
    for (std::size_t bit = 0; bit < kBits; ++bit) r |= (i >> bit & 1U) << (kBits - 1 - bit);
    return r;
  }

  void transform() {
    for (std::size_t half = 1; half < kPadded; half *= 2) {
      const std::size_t stride = kPadded / (2 * half);
      for (std::size_t begin = 0; begin < kPadded; begin += 2 * half) {
        for (std::size_t i = 0; i < half; ++i) {
          auto &low = work_[begin + i], &high = work_[begin + i + half];
          const auto t = turns_[i * stride];
          const std::complex<double> turned{high.real() * t.real() - high.imag() * t.imag(),
                                            high.real() * t.imag() + high.imag() * t.real()};
          high = low - turned;
          low += turned;
        }
      }
    }
  }

  std::vector<std::complex<double>> work_ = std::vector<std::complex<double>>(kPadded);
  std::array<std::complex<double>, kPadded / 2> turns_{};
  std::array<double, kSamples> window_{};
};

/// A life of the mouse on a night, as a table of epochs.
inline std::vector<ScoredEpoch> signal_epochs(std::uint64_t seed, std::uint64_t life, const Hypnogram& night,
                                              double hours) {
  constexpr std::array<double, 6> kEdgesHz{0.5, 4.0, 8.0, 13.0, 30.0, 80.0};
  SignalMouse mouse(seed, life, night);
  Periodogram periodogram;
  std::array<std::vector<double>, 2> signal;
  std::vector<ScoredEpoch> epochs;
  const auto count = static_cast<std::size_t>(std::min(hours * 900.0, night.duration_s() / 4.0)) / 2 * 2;
  for (std::size_t n = 0; n < count; ++n) {
    auto& lfp = signal[n % 2];
    lfp.clear();
    double integral = 0.0;
    ScoredEpoch epoch;
    for (std::size_t i = 0; i < Periodogram::kSamples; ++i) {
      mouse.step();
      lfp.push_back(mouse.lfp_uv());
      for (const double emg_uv : mouse.body().emg_uv()) integral += std::abs(emg_uv);
      if (i == Periodogram::kSamples / 2) {
        epoch.stage = mouse.walk().stage();
        epoch.artefact = mouse.walk().artefact();
      }
    }
    epoch.log_power[5] = std::log(integral);
    epochs.push_back(epoch);
    if (n % 2 == 0) continue;
    const auto powers = periodogram.powers(signal[0], signal[1]);
    for (std::size_t which = 0; which < 2; ++which) {
      for (std::size_t b = 0; b < 5; ++b) {
        epochs[n - 1 + which].log_power[b] = std::log(Periodogram::band(powers[which], kEdgesHz[b], kEdgesHz[b + 1]));
      }
    }
  }
  return epochs;
}

}  // namespace vturn::simulation::test
