#include "tools/simulation/compass.hpp"

#include <algorithm>
#include <cmath>

#include "daemon/core/angle.hpp"

namespace vturn::simulation {
namespace {

constexpr double kPeakMax = 600.0 * kDegree;
constexpr double kShortestS = 0.2, kLongestS = 0.8;
constexpr double kFlankS = 0.15;
constexpr double kCutTauS = 0.006;  // 20 ms to 4 %
constexpr double kNudgeS = 0.1;
constexpr double kNudgeRad = 8.0 * kDegree;
constexpr double kSmallestTruthRad = 5.0 * kDegree;
constexpr double kReturnTauS = 0.1;
constexpr double kRemDiffusion = 10.0 * kDegree;  // per square root of a second

double raised_cosine(double phase) { return 0.5 * (1.0 - std::cos(kTwoPi * phase)); }

}  // namespace

Compass::Compass(std::uint64_t seed, std::uint64_t life)
    : random_(seed * 1000003 + life, 1),
      wake_active_(28.0 * kDegree, 0.2, kStepS),
      wake_quiet_(5.0 * kDegree, 0.2, kStepS),
      rem_(20.0 * kDegree, 0.5, kStepS),
      nrem_(780.0 * kDegree, 0.05, kStepS) {
  heading_rad_ = head_rad_ = random_.uniform(0.0, kTwoPi);
}

Compass::Turn Compass::draw_turn(const Moment& now, double onset_s, Direction direction) {
  const bool rem = now.stage == SleepState::kRem;
  // Amplitudes fitted to turns measured in wake and REM: of those >= 45 deg the median is ~66-71 deg, p90 ~145.
  const double largest = 0.98 * 0.5 * kPeakMax * kLongestS;
  const double angle = std::min(random_.log_normal((rem ? 41.0 : 33.0) * kDegree, rem ? 0.75 : 0.7), largest);
  const double size = std::pow(angle / (45.0 * kDegree), 0.25);
  const double drawn_s = random_.log_normal((rem ? 0.31 : 0.35) * size, 0.35);
  const double duration_s = std::clamp(std::max(drawn_s, 2.0 * angle / kPeakMax), kShortestS, kLongestS);
  const double sign = direction == Direction::kCounterclockwise ? 1.0 : -1.0;
  return {onset_s, duration_s, sign * 2.0 * angle / duration_s, false, std::nullopt, now.stage};
}

bool Compass::command_turn(const Moment& now, double onset_s, Direction direction) {
  if (turn_) return false;
  turn_ = draw_turn(now, onset_s, direction);
  return true;
}

bool Compass::command_rotation(const Moment& now, double onset_s, Direction direction) {
  if (turn_) return false;
  const double sign = direction == Direction::kCounterclockwise ? 1.0 : -1.0;
  turn_ = Turn{onset_s,  random_.uniform(1.5, 4.0), sign * random_.uniform(120.0, 260.0) * kDegree, true, std::nullopt,
               now.stage};
  return true;
}

bool Compass::stimulate(double time_s) {
  if (turning()) {
    if (!turn_->cut_s) turn_->cut_s = time_s;
    return true;
  }
  nudge_rad_s_ = (random_.chance(0.5) ? 1.0 : -1.0) * kNudgeRad / kNudgeS;
  nudge_until_s_ = time_s + kNudgeS;
  return false;
}

double Compass::drift(const Moment& now) {
  switch (now.stage) {
    case SleepState::kNrem:
      return nrem_.step(random_);
    case SleepState::kRem:
      return rem_.step(random_);
    default:
      return now.active ? wake_active_.step(random_) : wake_quiet_.step(random_);
  }
}

double Compass::turn_velocity(double time_s) {
  if (!turn_ || time_s < turn_->onset_s) return 0.0;
  started_ = true;
  const double t = time_s - turn_->onset_s;
  const bool cut_out = turn_->cut_s && time_s - *turn_->cut_s > 5.0 * kCutTauS;
  if (t >= turn_->duration_s || cut_out) {
    end_turn();
    return 0.0;
  }
  const double flank = std::min({t, turn_->duration_s - t, kFlankS}) / kFlankS;
  const double shape = turn_->sustained ? raised_cosine(0.5 * flank) : raised_cosine(t / turn_->duration_s);
  const double left = turn_->cut_s ? std::exp(-(time_s - *turn_->cut_s) / kCutTauS) : 1.0;
  return turn_->peak_rad_s * shape * left;
}

void Compass::end_turn() {
  if (std::abs(turned_rad_) >= kSmallestTruthRad) done_.push_back({turn_->onset_s, turned_rad_, turn_->stage});
  turn_.reset();
  started_ = false;
  turned_rad_ = 0.0;
}

void Compass::step(const Moment& now) {
  // A turn belongs to the stage it began in: sleep does not finish what wake began, nor the other way round.
  if (turn_ && turn_->stage != now.stage) end_turn();
  const double turning = turn_velocity(now.time_s);
  turned_rad_ += turning * kStepS;
  const double nudge = now.time_s < nudge_until_s_ ? nudge_rad_s_ : 0.0;
  velocity_rad_s_ = drift(now) + turning + nudge;
  const double diffusion = now.stage == SleepState::kRem ? kRemDiffusion * std::sqrt(kStepS) * random_.normal() : 0.0;
  heading_rad_ = wrap_angle(heading_rad_ + velocity_rad_s_ * kStepS + diffusion);
  if (now.stage == SleepState::kWake) {
    head_rad_ = wrap_angle(head_rad_ + velocity_rad_s_ * kStepS);
    heading_rad_ = wrap_angle(heading_rad_ + angle_difference(head_rad_, heading_rad_) * kStepS / kReturnTauS);
  }
}

std::vector<TurnTruth> Compass::take_turns() {
  std::vector<TurnTruth> turns;
  turns.swap(done_);
  return turns;
}

}  // namespace vturn::simulation
