#include "tools/simulation/activity.hpp"

namespace vturn::simulation {
namespace {

constexpr double kArousalActiveS = 4.0;

}  // namespace

void Activity::step(Moment& now) noexcept {
  const bool awake = now.stage == SleepState::kWake;
  if (first_) now.active = was_awake_ = awake;
  first_ = false;
  if (awake && !was_awake_) {
    now.active = true;
    until_s_ = now.time_s + kArousalActiveS + random_.exponential(6.0);
  } else if (awake && now.time_s >= until_s_) {
    now.active = !now.active;
    until_s_ = now.time_s + random_.exponential(now.active ? 20.0 : 12.0);
  }
  if (!awake) now.active = false;
  was_awake_ = awake;
}

}  // namespace vturn::simulation
