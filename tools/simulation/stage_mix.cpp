#include "tools/simulation/stage_mix.hpp"

#include <algorithm>
#include <cmath>

namespace vturn::simulation {
namespace {

constexpr double kUpdateS = 0.01;
constexpr double kBrainRelaxS = 1.2, kMuscleRelaxS = 2.0, kArousalRelaxS = 0.6;
constexpr double kIntermediateS = 12.0;
constexpr double kDrowsyS = 60.0, kDrowsyNrem = 0.22;
/// Of a bout, at most so much is taken by the changes at its ends.
constexpr double kLargestPart = 0.5;

bool falls_asleep(SleepState from, SleepState to) { return from == SleepState::kWake && to == SleepState::kNrem; }
bool enters_rem(SleepState from, SleepState to) { return from == SleepState::kNrem && to == SleepState::kRem; }

double brain_lead_s(SleepState from, SleepState to, Random& random) {
  if (falls_asleep(from, to)) return random.chance(0.5) ? random.uniform(0.0, 16.0) : random.uniform(-3.0, 1.0);
  if (enters_rem(from, to)) return 2.5 * random.normal() - 0.5;
  return 0.5 + 1.7 * random.normal();
}

double muscle_lead_s(SleepState from, SleepState to, Random& random) {
  if (falls_asleep(from, to)) return random.chance(0.5) ? random.uniform(0.0, 20.0) : random.uniform(-6.0, 0.0);
  if (enters_rem(from, to)) return random.uniform(-14.0, 14.0);
  return 0.3 + 0.8 * random.normal();
}

StageShares pure(SleepState stage) {
  const bool nrem = stage == SleepState::kNrem, rem = stage == SleepState::kRem;
  return {nrem || rem ? 0.0 : 1.0, nrem ? 1.0 : 0.0, rem ? 1.0 : 0.0};
}

}  // namespace

SleepState StageMix::Seen::stage(const HypnogramWalk& walk, SleepState before) const noexcept {
  if (before != SleepState::kUnknown && walk.since_change_s() < -last_lead_s) return before;
  return walk.until_change_s() < lead_s ? walk.next_stage() : walk.stage();
}

void StageMix::Seen::relax(const StageShares& target, double share) noexcept {
  shares.wake += (target.wake - shares.wake) * share;
  shares.nrem += (target.nrem - shares.nrem) * share;
  shares.rem += (target.rem - shares.rem) * share;
}

void StageMix::draw(const HypnogramWalk& walk) noexcept {
  before_ = stage_;
  stage_ = walk.stage();
  const double longest_s = kLargestPart * walk.until_change_s();
  for (Seen* seen : {&brain_, &muscle_}) {
    const double lead_s = seen == &brain_ ? brain_lead_s(stage_, walk.next_stage(), random_)
                                          : muscle_lead_s(stage_, walk.next_stage(), random_);
    seen->last_lead_s = std::max(seen->lead_s, -longest_s);
    seen->lead_s = std::min(lead_s, longest_s);
  }
}

void StageMix::step(const HypnogramWalk& walk, double step_s) noexcept {
  since_update_s_ += step_s;
  if (since_update_s_ < kUpdateS - 1e-9 && stage_ != SleepState::kUnknown) return;
  update(walk, since_update_s_);
  since_update_s_ = 0.0;
}

void StageMix::update(const HypnogramWalk& walk, double step_s) noexcept {
  const bool first = stage_ == SleepState::kUnknown;
  if (walk.stage() != stage_) draw(walk);
  if (first) brain_.shares = muscle_.shares = pure(stage_);

  const SleepState brain = brain_.stage(walk, before_);
  drowsy_ = stage_ == SleepState::kWake ? std::exp(-walk.until_change_s() / kDrowsyS) : 0.0;
  StageShares target = pure(brain);
  if (brain == SleepState::kWake) target = {1.0 - kDrowsyNrem * drowsy_, kDrowsyNrem * drowsy_, 0.0};
  brain_.relax(target, step_s / kBrainRelaxS);

  const SleepState muscle = muscle_.stage(walk, before_);
  muscle_.relax(pure(muscle), step_s / (muscle == SleepState::kWake ? kArousalRelaxS : kMuscleRelaxS));

  const double until_s = enters_rem(stage_, walk.next_stage()) ? walk.until_change_s() - brain_.lead_s : kIntermediateS;
  intermediate_ = std::clamp(1.0 - until_s / kIntermediateS, 0.0, 1.0);
}

}  // namespace vturn::simulation
