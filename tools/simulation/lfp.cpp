#include "tools/simulation/lfp.hpp"

#include <cmath>

namespace vturn::simulation {
namespace {

constexpr double kRateHz = 1000.0;
constexpr int kUpdateEvery = 10;  // steps between changes of amplitude
constexpr double kUpdateS = kUpdateEvery * kStepS;
constexpr std::size_t kDelta = 0, kTheta = 1, kAlpha = 2, kBeta = 3, kGamma = 4;

constexpr double kThetaHz = 7.0, kActiveHz = 0.5, kPhasicHz = 1.3, kRhythmS = 0.35;
constexpr double kChewingHz = 6.2, kChewingUv = 35.0;
constexpr double kPhasicPower = 0.9;
/// Intermediate sleep: spindles and theta over a falling delta.
constexpr double kIntermediateDelta = -0.7, kIntermediateTheta = 0.15;
/// Active wake against its mean; quiet wake as much the other way.
constexpr double kActiveAlpha = -0.2, kActiveBeta = -0.1, kActiveGamma = 0.06;

std::array<OrnsteinUhlenbeck, kLfpBands> units(double tau_s) {
  const OrnsteinUhlenbeck unit(1.0, tau_s, kUpdateS);
  return {unit, unit, unit, unit, unit};
}

double bent(double deviation, double skew) {
  return std::abs(skew) < 1e-3 ? deviation : std::expm1(skew * deviation) / skew;
}

}  // namespace

Lfp::Rhythm::Rhythm() : kick_(std::sqrt(1.0 - std::exp(-2.0 * kStepS / kRhythmS))) { tune(kThetaHz); }

void Lfp::Rhythm::tune(double hz) noexcept {
  const double decay = std::exp(-kStepS / kRhythmS);
  turn_ = {decay * std::cos(kTwoPi * hz * kStepS), decay * std::sin(kTwoPi * hz * kStepS)};
}

double Lfp::Rhythm::step(Random& random) noexcept {
  const auto [x, y] = value_;
  value_ = {x * turn_[0] - y * turn_[1] + kick_ * random.white(), x * turn_[1] + y * turn_[0] + kick_ * random.white()};
  return value_[0];
}

Lfp::Lfp(std::uint64_t seed, std::uint64_t life)
    : random_(seed * 1000003 + life, 5),
      bands_{NoiseBand(0.6, 4.5, kRateHz), NoiseBand(4.5, 8.0, kRateHz), NoiseBand(8.0, 13.0, kRateHz),
             NoiseBand(13.0, 30.0, kRateHz), NoiseBand(30.0, 80.0, kRateHz)},
      fast_(units(0.8)),
      slow_(units(25.0)),
      drift_(0.03, 3600.0, kUpdateS),
      depth_(0.13, 900.0, kUpdateS),
      wander_(1.0, 0.15, kStepS),
      background_{OrnsteinUhlenbeck{12.0, 0.32, kStepS}, OrnsteinUhlenbeck{12.0, 0.032, kStepS},
                  OrnsteinUhlenbeck{12.0, 0.0032, kStepS}} {}

void Lfp::update_amplitudes(const Moment& now, const StageMix& mix, const BodySigns& body) {
  const StageShares& shares = mix.brain();
  std::array<double, kLfpBands> fast{}, slow{};
  for (auto& process : fast_) fast[static_cast<std::size_t>(&process - fast_.data())] = process.step(random_);
  for (auto& process : slow_) slow[static_cast<std::size_t>(&process - slow_.data())] = process.step(random_);
  const double gain = drift_.step(random_);
  const double skew = shares.blend(kWakeLevels.skew, kNremLevels.skew, kRemLevels.skew);
  std::array<double, kLfpBands> log_power{};
  for (std::size_t i = 0; i < kLfpBands; ++i) {
    double deviation = 0.0;
    for (std::size_t j = 0; j <= i; ++j) {
      deviation += shares.blend(kWakeLevels.fast[i][j], kNremLevels.fast[i][j], kRemLevels.fast[i][j]) * fast[j] +
                   shares.blend(kWakeLevels.slow[i][j], kNremLevels.slow[i][j], kRemLevels.slow[i][j]) * slow[j];
    }
    log_power[i] =
        shares.blend(kWakeLevels.mean[i], kNremLevels.mean[i], kRemLevels.mean[i]) + bent(deviation, skew) + gain;
  }
  log_power[kDelta] += shares.nrem * (depth_.step(random_) + kIntermediateDelta * mix.intermediate());
  log_power[kTheta] += shares.nrem * kIntermediateTheta * mix.intermediate() + kPhasicPower * body.phasic;
  log_power[kAlpha] +=
      shares.nrem * kIntermediateTheta * mix.intermediate() + shares.wake * (now.active ? kActiveAlpha : -kActiveAlpha);
  log_power[kBeta] += shares.wake * (now.active ? kActiveBeta : -kActiveBeta);
  log_power[kGamma] += shares.wake * (now.active ? kActiveGamma : -kActiveGamma);
  for (std::size_t i = 0; i < kLfpBands; ++i) amplitude_[i] = std::exp(0.5 * log_power[i]);
  const double rhythmic = shares.blend(now.active ? 0.5 : 0.2, 0.1, 0.7);
  rhythm_amplitude_ = amplitude_[kTheta] * std::sqrt(rhythmic);
  amplitude_[kTheta] *= std::sqrt(1.0 - rhythmic);
  rhythm_.tune(kThetaHz + (now.active ? kActiveHz : 0.0) + kPhasicHz * body.phasic);
}

double Lfp::artefacts(bool artefact, double jolt) {
  const double size_uv = artefact ? 300.0 : 150.0 * jolt;
  if (size_uv == 0.0) return 0.0;
  return size_uv * (wander_.step_white(random_) + 0.3 * random_.white());
}

double Lfp::step(const Moment& now, const StageMix& mix, bool artefact, const BodySigns& body) {
  if (countdown_-- == 0) {
    update_amplitudes(now, mix, body);
    countdown_ = kUpdateEvery - 1;
  }
  double sum = rhythm_amplitude_ * rhythm_.step(random_);
  for (std::size_t i = 0; i < kLfpBands; ++i) sum += amplitude_[i] * bands_[i].step(random_.white());
  for (auto& part : background_) sum += part.step_white(random_);
  if (body.chewing > 0.0) sum += kChewingUv * body.chewing * std::sin(kTwoPi * kChewingHz * now.time_s);
  return sum + artefacts(artefact, body.jolt);
}

}  // namespace vturn::simulation
