#include "tools/simulation/colliculus.hpp"

#include <algorithm>
#include <cmath>

namespace vturn::simulation {
namespace {

constexpr double kLeadS = 3.0 * kBurstSdS;  // a burst is drawn this long before its centre
constexpr double kRefractoryS = 0.6;
constexpr double kRotation = 0.1;  // share of unopposed commands that become long rotations

/// Commands a minute and side. Wake figures average to ~23 over active and quiet wake.
double commands_per_minute(const Moment& now) {
  switch (now.stage) {
    case SleepState::kNrem:
      return 36.0;
    case SleepState::kRem:
      return kRemBurstsPerMinute;
    default:
      return now.active ? 29.0 : 15.0;
  }
}

double follow_probability(const Moment& now) {
  switch (now.stage) {
    case SleepState::kNrem:
      return 0.0;
    case SleepState::kRem:
      return 0.68;
    default:
      return now.active ? 0.85 : 0.5;
  }
}

/// Turns a minute, both directions, that no recorded command precedes.
double spontaneous_per_minute(const Moment& now) {
  switch (now.stage) {
    case SleepState::kNrem:
      return 0.0;
    case SleepState::kRem:
      return 15.0;
    default:
      return now.active ? 42.0 : 6.0;
  }
}

/// The direction whose drive is gone.
Direction silenced(const Moment& now, TtxSide ttx) {
  if (!now.ttx || ttx == TtxSide::kNone) return Direction::kNone;
  return ttx == TtxSide::kLeft ? Direction::kClockwise : Direction::kCounterclockwise;
}

}  // namespace

Colliculus::Colliculus(std::uint64_t seed, std::uint64_t life)
    : random_(seed * 1000003 + life, 2),
      sides_{Side{Direction::kClockwise, 0.5, {}, 0.0}, Side{Direction::kCounterclockwise, 0.5, {}, 0.0}} {
  for (auto& side : sides_) side.next_s = random_.uniform(0.2, 2.0);
}

void Colliculus::begin_burst(const Moment& now, Side& side, TtxSide ttx, Compass& compass) {
  const double centre_s = now.time_s + kLeadS;
  side.next_s = now.time_s + kRefractoryS + random_.exponential(60.0 / commands_per_minute(now) - kRefractoryS);
  const Direction gone = silenced(now, ttx);
  // The recorded cells are all in the left colliculus: TTX there silences them; on the right it only ends the drive.
  if (!(now.ttx && ttx == TtxSide::kLeft)) {
    side.bursts.push_back({centre_s, random_.uniform(1.0 - kBurstSizeSpread, 1.0 + kBurstSizeSpread)});
    commands_.push_back({centre_s, side.direction});
  }
  if (side.direction == gone) return;
  const bool unopposed = gone != Direction::kNone;
  const double follows = follow_probability(now);
  if (!random_.chance(unopposed && follows > 0.0 ? std::min(0.95, 1.3 * follows) : follows)) return;
  const double onset_s = centre_s + random_.uniform(0.02, 0.07);
  if (unopposed && random_.chance(kRotation)) {
    compass.command_rotation(now, onset_s, side.direction);
  } else {
    compass.command_turn(now, onset_s, side.direction);
  }
}

void Colliculus::spontaneous_turn(const Moment& now, TtxSide ttx, Compass& compass) {
  if (!random_.chance(spontaneous_per_minute(now) / 60.0 * kStepS)) return;
  const Direction direction = random_.chance(0.5) ? Direction::kClockwise : Direction::kCounterclockwise;
  if (direction == silenced(now, ttx) && random_.chance(0.7)) return;
  compass.command_turn(now, now.time_s, direction);
}

void Colliculus::update_intensity(const Moment& now, Side& side) {
  side.intensity = 0.0;
  for (const auto& burst : side.bursts) {
    const double z = (now.time_s - burst.centre_s) / kBurstSdS;
    side.intensity += burst.size * std::exp(-0.5 * z * z) / (kBurstSdS * 2.5066282746310002);
  }
  std::erase_if(side.bursts, [&](const Burst& burst) { return now.time_s > burst.centre_s + 4.0 * kBurstSdS; });
}

void Colliculus::step(const Moment& now, TtxSide ttx, Compass& compass) {
  for (auto& side : sides_) {
    if (now.time_s >= side.next_s) begin_burst(now, side, ttx, compass);
    if (side.bursts.empty()) {
      side.intensity = 0.0;
    } else {
      update_intensity(now, side);
    }
  }
  spontaneous_turn(now, ttx, compass);
}

std::vector<Colliculus::Command> Colliculus::take_commands() {
  std::vector<Command> commands;
  commands.swap(commands_);
  return commands;
}

}  // namespace vturn::simulation
