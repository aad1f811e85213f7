#include "tools/simulation/lfp.hpp"

#include <cmath>

namespace vturn::simulation {
namespace {

constexpr double kRateHz = 1000.0;
constexpr int kUpdateEvery = 10;  // steps between changes of amplitude
constexpr double kUpdateS = kUpdateEvery * kStepS;

struct BandLevel {
  double wake, nrem, rem;  ///< log of the band's variance, uV^2
  double active, quiet;    ///< added in active and in quiet wake
};
constexpr std::array<BandLevel, 5> kLevels{{{8.30, 9.20, 7.75, -0.15, 0.30},
                                            {7.60, 8.30, 8.40, 0.50, -0.50},
                                            {6.65, 7.80, 6.80, 0.00, 0.10},
                                            {7.20, 7.93, 7.14, 0.00, 0.00},
                                            {7.13, 7.23, 7.06, 0.10, -0.05}}};
constexpr std::size_t kTheta = 1;

}  // namespace

Lfp::Lfp(std::uint64_t seed, std::uint64_t life)
    : random_(seed * 1000003 + life, 5),
      bands_{{{NoiseBand(1.0, 4.0, kRateHz), {0.25, 4.0, kUpdateS}, {0.22, 40.0, kUpdateS}},
              {NoiseBand(5.0, 10.0, kRateHz), {0.27, 4.0, kUpdateS}, {0.22, 40.0, kUpdateS}},
              {NoiseBand(10.0, 15.0, kRateHz), {0.35, 3.0, kUpdateS}, {0.20, 40.0, kUpdateS}},
              {NoiseBand(15.0, 30.0, kRateHz), {0.28, 3.0, kUpdateS}, {0.20, 40.0, kUpdateS}},
              {NoiseBand(30.0, 90.0, kRateHz), {0.15, 3.0, kUpdateS}, {0.12, 40.0, kUpdateS}}}},
      rhythm_(7.0, 8.2, kRateHz),
      common_(0.22, 5.0, kUpdateS),
      drift_(0.15, 3600.0, kUpdateS),
      wander_(300.0, 0.15, kStepS),
      background_{OrnsteinUhlenbeck{12.0, 0.32, kStepS}, OrnsteinUhlenbeck{12.0, 0.032, kStepS},
                  OrnsteinUhlenbeck{12.0, 0.0032, kStepS}} {}

void Lfp::update_amplitudes(const Moment& now, const StageMix& mix) {
  const double common = common_.step(random_) + drift_.step(random_);
  for (std::size_t i = 0; i < bands_.size(); ++i) {
    const auto& level = kLevels[i];
    const double wake = level.wake + (now.active ? level.active : level.quiet);
    const double log_power =
        mix.blend(wake, level.nrem, level.rem) + common + bands_[i].fast.step(random_) + bands_[i].slow.step(random_);
    bands_[i].amplitude = std::exp(0.5 * log_power);
  }
  const double share = mix.blend(now.active ? 0.5 : 0.2, 0.1, 0.7);
  rhythm_amplitude_ = bands_[kTheta].amplitude * std::sqrt(share);
  bands_[kTheta].amplitude *= std::sqrt(1.0 - share);
}

double Lfp::step(const Moment& now, const StageMix& mix, bool artefact, double chewing) {
  if (countdown_-- == 0) {
    update_amplitudes(now, mix);
    countdown_ = kUpdateEvery - 1;
  }
  double sum = rhythm_amplitude_ * rhythm_.step(random_.normal());
  for (auto& band : bands_) sum += band.amplitude * band.noise.step(random_.normal());
  for (auto& part : background_) sum += part.step(random_);
  sum += 35.0 * chewing * std::sin(kTwoPi * 6.2 * now.time_s);
  return artefact ? sum + wander_.step(random_) : sum;
}

}  // namespace vturn::simulation
