#include "tools/simulation/body.hpp"

#include <cmath>

namespace vturn::simulation {
namespace {

constexpr int kUpdateEvery = 10;
constexpr double kUpdateS = kUpdateEvery * kStepS;
constexpr double kZeroV = 1.7, kVoltsPerG = 0.34, kSensorNoiseV = 0.0006;
constexpr double kArousalS = 3.0;
constexpr double kChewingHz = 6.2;
constexpr double kPhasicPerMinute = 3.0;

/// S.d. of the log power of EMG.
struct ToneSpread {
  double wake, nrem, rem;
};
constexpr ToneSpread kPosture{0.34, 0.52, 0.40}, kTone{0.30, 0.10, 0.25}, kBurst{0.60, 0.36, 0.35};
constexpr double kDrowsyTone = 1.0;  ///< less of it in wake about to end

}  // namespace

void Body::Episode::step(double time_s, double per_minute, double shortest_s, double longest_s, Random& random) {
  if (time_s >= until_s) level = 0.0;
  if (level == 0.0 && random.chance(per_minute / 60.0 * kUpdateS)) {
    until_s = time_s + random.uniform(shortest_s, longest_s);
    level = random.uniform(0.4, 1.0);
  }
}

Body::Body(std::uint64_t seed, std::uint64_t life)
    : random_(seed * 1000003 + life, 6),
      emg_band_(80.0, 600.0, kEmgPerStep / kStepS),
      shake_{NoiseBand{1.0, 12.0, 1.0 / kStepS}, NoiseBand{1.0, 12.0, 1.0 / kStepS},
             NoiseBand{1.0, 12.0, 1.0 / kStepS}},
      posture_{OrnsteinUhlenbeck{0.25, 8.0, kUpdateS}, OrnsteinUhlenbeck{0.25, 8.0, kUpdateS},
               OrnsteinUhlenbeck{0.08, 8.0, kUpdateS}},
      posture_tone_(1.0, 250.0, kUpdateS),
      tone_(1.0, 10.0, kUpdateS),
      burst_(1.0, 1.0, kUpdateS),
      drift_(0.10, 3600.0, kUpdateS),
      vigour_(0.6, 1.5, kUpdateS),
      gravity_g_{0.0, 0.0, 1.0} {}

void Body::update_levels(const Moment& now, const StageMix& mix, bool artefact) {
  const bool wake = now.stage == SleepState::kWake;
  const bool nrem = now.stage == SleepState::kNrem;
  const bool rem = now.stage == SleepState::kRem;
  phasic_.step(now.time_s, rem ? kPhasicPerMinute : 0.0, 0.8, 3.0, random_);
  twitch_.step(now.time_s, !rem ? 0.0 : phasic_.level > 0.0 ? 40.0 : 4.0, 0.08, 0.35, random_);
  arousal_.step(now.time_s, nrem ? 0.4 : 0.0, 0.8, 2.5, random_);
  chewing_.step(now.time_s, wake && now.active ? 1.0 : 0.0, 2.0, 6.0, random_);
  shift_.step(now.time_s, wake && !now.active ? 12.0 : 0.0, 0.2, 0.8, random_);
  jolt_.step(now.time_s, wake && now.active ? 0.1 : 0.0, 0.2, 1.0, random_);
  const StageShares& shares = mix.muscle();
  const bool awake = shares.wake > 0.5;
  if (awake && !awake_ && now.time_s > 0.0) awakening_s_ = now.time_s;
  awake_ = awake;
  const bool waking = awake && now.time_s < awakening_s_ + kArousalS;
  const auto vary = [&](const ToneSpread& spread) { return shares.blend(spread.wake, spread.nrem, spread.rem); };
  const double tone = shares.blend(now.active ? 8.49 : 7.69, 6.08, 5.16) +
                      vary(kPosture) * posture_tone_.step(random_) + vary(kTone) * tone_.step(random_) +
                      vary(kBurst) * burst_.step(random_) + drift_.step(random_);
  const double log_power = tone - kDrowsyTone * shares.wake * mix.drowsy() + 2.2 * twitch_.level +
                           0.8 * arousal_.level + 0.8 * chewing_.level + 0.8 * shift_.level + 2.0 * jolt_.level +
                           (artefact ? 2.5 : 0.0);
  emg_amplitude_ = std::exp(0.5 * log_power);
  breath_g_ = 0.001 * std::sin(kTwoPi * 2.7 * now.time_s);
  const double vigour = std::exp(vigour_.step(random_));
  const double moving_g = now.active ? 0.06 * vigour : 0.004 + 0.03 * shift_.level;
  shake_g_ = shares.blend(moving_g, 0.0015, 0.0012) + 0.006 * twitch_.level + 0.02 * arousal_.level +
             (waking ? 0.05 * vigour : 0.0) + 0.1 * jolt_.level + (artefact ? 0.2 : 0.0);
  if (!wake) return;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    gravity_g_[axis] = (axis == 2 ? 1.0 : 0.0) + (now.active ? posture_[axis].step(random_) : posture_[axis].value());
  }
}

void Body::move() {
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const double g = gravity_g_[axis] + shake_g_ * shake_[axis].step(random_.white()) + (axis == 2 ? breath_g_ : 0.0);
    accelerometer_[axis] = kZeroV + kVoltsPerG * g + kSensorNoiseV * random_.white();
  }
}

void Body::step(const Moment& now, const StageMix& mix, bool artefact) {
  if (countdown_-- == 0) {
    update_levels(now, mix, artefact);
    countdown_ = kUpdateEvery - 1;
  }
  const double chew = chewing_.level > 0.0 ? 1.0 + chewing_.level * std::sin(kTwoPi * kChewingHz * now.time_s) : 1.0;
  for (auto& sample : emg_) sample = emg_amplitude_ * chew * emg_band_.step(random_.white());
  move();
}

}  // namespace vturn::simulation
