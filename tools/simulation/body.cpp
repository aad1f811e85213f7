#include "tools/simulation/body.hpp"

#include <cmath>

namespace vturn::simulation {
namespace {

constexpr int kUpdateEvery = 10;
constexpr double kUpdateS = kUpdateEvery * kStepS;
constexpr double kZeroV = 1.7, kVoltsPerG = 0.34, kSensorNoiseV = 0.0006;
constexpr double kArousalS = 3.0;

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
      tone_(0.30, 100.0, kUpdateS),
      burst_(0.25, 2.0, kUpdateS),
      drift_(0.25, 3600.0, kUpdateS),
      vigour_(0.6, 1.5, kUpdateS),
      gravity_g_{0.0, 0.0, 1.0} {}

void Body::update_levels(const Moment& now, const StageMix& mix, bool artefact) {
  const bool wake = now.stage == SleepState::kWake;
  const bool nrem = now.stage == SleepState::kNrem;
  twitch_.step(now.time_s, now.stage == SleepState::kRem ? 8.0 : 0.0, 0.08, 0.35, random_);
  arousal_.step(now.time_s, nrem ? 0.4 : 0.0, 0.8, 2.5, random_);
  chewing_.step(now.time_s, wake && now.active ? 1.0 : 0.0, 2.0, 6.0, random_);
  shift_.step(now.time_s, wake && !now.active ? 12.0 : 0.0, 0.2, 0.8, random_);
  const bool waking = wake && now.since_stage_s < kArousalS && now.time_s > kArousalS;
  const double lively = wake ? 1.6 : 1.0;
  const double log_power = mix.blend(now.active ? 8.0 : 7.2, 6.0, 5.2) + tone_.step(random_) + drift_.step(random_) +
                           lively * burst_.step(random_) + 2.2 * twitch_.level + 1.6 * arousal_.level +
                           0.8 * chewing_.level + 0.8 * shift_.level + (waking ? 0.8 : 0.0) + (artefact ? 2.5 : 0.0);
  emg_amplitude_ = std::exp(0.5 * log_power);
  const double vigour = std::exp(vigour_.step(random_));
  const double moving_g = now.active ? 0.06 * vigour : 0.004 + 0.03 * shift_.level;
  shake_g_ = mix.blend(moving_g, 0.0015, 0.0012) + 0.006 * twitch_.level + 0.02 * arousal_.level +
             (waking ? 0.05 * vigour : 0.0) + (artefact ? 0.2 : 0.0);
  if (!wake) return;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    gravity_g_[axis] = (axis == 2 ? 1.0 : 0.0) + (now.active ? posture_[axis].step(random_) : posture_[axis].value());
  }
}

void Body::move(const Moment& now) {
  const double breath_g = 0.001 * std::sin(kTwoPi * 2.7 * now.time_s);
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const double g = gravity_g_[axis] + shake_g_ * shake_[axis].step(random_.normal()) + (axis == 2 ? breath_g : 0.0);
    accelerometer_[axis] = kZeroV + kVoltsPerG * g + kSensorNoiseV * random_.normal();
  }
}

void Body::step(const Moment& now, const StageMix& mix, bool artefact) {
  if (countdown_-- == 0) {
    update_levels(now, mix, artefact);
    countdown_ = kUpdateEvery - 1;
  }
  const double chew = 1.0 + chewing_.level * std::sin(kTwoPi * 6.2 * now.time_s);
  for (auto& sample : emg_) sample = emg_amplitude_ * chew * emg_band_.step(random_.normal());
  move(now);
}

}  // namespace vturn::simulation
