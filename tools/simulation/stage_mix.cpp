#include "tools/simulation/stage_mix.hpp"

#include <algorithm>

namespace vturn::simulation {
namespace {

constexpr double kRelaxS = 0.5;
constexpr double kBeforeS = 6.0, kAfterS = 4.0, kAtOnset = 0.4;

double rem_share(const HypnogramWalk& walk) {
  if (walk.stage() == SleepState::kRem) {
    return kAtOnset + (1.0 - kAtOnset) * std::min(1.0, walk.since_change_s() / kAfterS);
  }
  if (walk.next_stage() != SleepState::kRem) return 0.0;
  return kAtOnset * std::max(0.0, 1.0 - walk.until_change_s() / kBeforeS);
}

}  // namespace

void StageMix::step(const HypnogramWalk& walk, double step_s) noexcept {
  const double rem = rem_share(walk);
  const bool wake = walk.stage() == SleepState::kWake;
  const double relax = step_s / kRelaxS;
  rem_ += (rem - rem_) * relax;
  wake_ += ((wake ? 1.0 - rem : 0.0) - wake_) * relax;
  nrem_ += ((wake ? 0.0 : 1.0 - rem) - nrem_) * relax;
}

}  // namespace vturn::simulation
