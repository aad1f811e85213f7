#include "daemon/turns/turn_detector.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "daemon/core/angle.hpp"
#include "daemon/core/math.hpp"

namespace vturn::turns {
namespace {

/// Odds are not told beyond this: the posterior is in single precision.
constexpr double kLeastProbability = 1e-7;

struct Odds {
  double turn;
  double not_turn;
};

/// The complement is summed, not subtracted: 1 - p has no digits left where a sure turn is decided.
Odds odds_of(Direction direction, const HeadingOutput& heading) noexcept {
  const bool left = direction == Direction::kCounterclockwise;
  const double turn = static_cast<double>(left ? heading.p_left : heading.p_right);
  const double other = static_cast<double>(left ? heading.p_right : heading.p_left);
  return {turn, static_cast<double>(heading.p_rest) + other};
}

bool exceeds(const Odds& odds, double ratio) noexcept { return odds.turn > ratio * odds.not_turn; }

float faster(Direction direction, float a, float b) noexcept {
  return direction == Direction::kCounterclockwise ? std::max(a, b) : std::min(a, b);
}

double log_odds_of(const Odds& odds) noexcept {
  return math::log(std::max(odds.turn, kLeastProbability)) - math::log(std::max(odds.not_turn, kLeastProbability));
}

void check(const TurnSettings& settings) {
  const bool ordered = settings.off_log_odds < settings.log_odds;  // false for NaN
  if (!ordered || std::fabs(settings.log_odds) > 15.0 || std::fabs(settings.off_log_odds) > 15.0) {
    throw std::invalid_argument("turn detector: log_odds must be within -15..15 nats and above off_log_odds");
  }
  if (!(settings.refractory_s >= 0.0 && settings.refractory_s <= 60.0)) {
    throw std::invalid_argument("turn detector: refractory_s must be within 0..60");
  }
  if (!(settings.lookback_s > 0.0 && settings.lookback_s <= TurnDetector::kMaxLookbackS)) {
    throw std::invalid_argument("turn detector: lookback_s must be above 0 and at most 1.2");
  }
  if (!(settings.rest_velocity_rad_s > 0.0 && settings.rest_velocity_rad_s < 10.0)) {
    throw std::invalid_argument("turn detector: rest_velocity_rad_s must be between 0 and 10");
  }
  if (!(settings.max_gap_s > 0.0)) throw std::invalid_argument("turn detector: max_gap_s must be above 0");
}

}  // namespace

void TurnDetector::prepare(const TurnSettings& settings) {
  check(settings);
  settings_ = settings;
  on_ratio_ = math::exp(settings.log_odds);
  off_ratio_ = math::exp(settings.off_log_odds);
  gated_ = 0;
  reset();
}

void TurnDetector::reset() noexcept {
  past_size_ = past_head_ = 0;
  unwrapped_rad_ = 0.0;
  started_ = ready_ = crossing_gated_ = onset_given_ = false;
  direction_ = Direction::kNone;
}

const TurnDetector::Past& TurnDetector::past(std::size_t back) const noexcept {
  return past_[(past_head_ + kPastCapacity - 1 - back) % kPastCapacity];
}

void TurnDetector::remember(SessionNs time_ns, const HeadingOutput& heading) noexcept {
  if (started_) {
    unwrapped_rad_ += angle_difference(static_cast<double>(heading.angle_rad), static_cast<double>(last_angle_rad_));
  }
  started_ = true;
  last_angle_rad_ = heading.angle_rad;
  last_ns_ = time_ns;
  if (past_size_ > 0 && time_ns - past(0).time_ns < kPastStepNs) return;
  past_[past_head_] = {time_ns, unwrapped_rad_, heading.angular_velocity_rad_s};
  past_head_ = (past_head_ + 1) % kPastCapacity;
  past_size_ = std::min(past_size_ + 1, kPastCapacity);
}

void TurnDetector::begin(SessionNs time_ns, Direction direction, const HeadingOutput& heading) noexcept {
  const double sign = direction == Direction::kCounterclockwise ? 1.0 : -1.0;
  const auto earliest_ns = time_ns - static_cast<std::int64_t>(settings_.lookback_s * 1e9);
  direction_ = direction;
  onset_ns_ = time_ns;
  onset_angle_rad_ = unwrapped_rad_;
  peak_velocity_rad_s_ = heading.angular_velocity_rad_s;
  // Change point of the path's slope (Page 1954): since when has the rotation gained most on a steady drift?
  double most_gained_rad = 0.0;
  float peak = peak_velocity_rad_s_;
  for (std::size_t back = 0; back < past_size_ && past(back).time_ns >= earliest_ns; ++back) {
    const Past& then = past(back);
    peak = faster(direction, peak, then.velocity_rad_s);
    const double gained_rad =
        sign * (unwrapped_rad_ - then.angle_rad) - settings_.rest_velocity_rad_s * seconds(time_ns - then.time_ns);
    if (gained_rad <= most_gained_rad) continue;
    most_gained_rad = gained_rad;
    onset_ns_ = then.time_ns;
    onset_angle_rad_ = then.angle_rad;
    peak_velocity_rad_s_ = peak;
  }
  ready_ = false;
  onset_given_ = true;
  last_onset_ns_ = time_ns;
}

void TurnDetector::fill(TurnPhase phase, SessionNs time_ns, const HeadingOutput& heading, SleepState state,
                        TurnOutput& turn) const noexcept {
  turn.onset_time_ns = onset_ns_;
  turn.decision_time_ns = time_ns;
  turn.angle_rad = static_cast<float>(unwrapped_rad_ - onset_angle_rad_);
  turn.peak_velocity_rad_s = peak_velocity_rad_s_;
  turn.log_odds = static_cast<float>(log_odds_of(odds_of(direction_, heading)));
  turn.direction = direction_;
  turn.phase = phase;
  turn.sleep_state = state;
}

bool TurnDetector::step(SessionNs time_ns, const HeadingOutput& heading, SleepState state, TurnOutput& turn) noexcept {
  if (started_ && (time_ns < last_ns_ || seconds(time_ns - last_ns_) > settings_.max_gap_s)) reset();
  remember(time_ns, heading);
  const Odds left = odds_of(Direction::kCounterclockwise, heading);
  const Odds right = odds_of(Direction::kClockwise, heading);
  if (direction_ != Direction::kNone) {
    peak_velocity_rad_s_ = faster(direction_, peak_velocity_rad_s_, heading.angular_velocity_rad_s);
    if (exceeds(direction_ == Direction::kCounterclockwise ? left : right, off_ratio_)) return false;
    fill(TurnPhase::kEnd, time_ns, heading, state, turn);
    direction_ = Direction::kNone;
    ready_ = true;
    return true;
  }
  if (!exceeds(left, off_ratio_) && !exceeds(right, off_ratio_)) ready_ = true;
  const bool turns_left = exceeds(left, on_ratio_);
  if (!turns_left && !exceeds(right, on_ratio_)) {
    crossing_gated_ = false;
    return false;
  }
  if (!ready_ || (onset_given_ && seconds(time_ns - last_onset_ns_) < settings_.refractory_s)) return false;
  const bool evident = static_cast<double>(heading.evidence_nats_per_spike) >= settings_.min_evidence_nats_per_spike &&
                       static_cast<double>(heading.spikes_per_s) >= settings_.min_spikes_per_s;
  if (!evident) {
    if (!crossing_gated_) ++gated_;
    crossing_gated_ = true;
    return false;
  }
  begin(time_ns, turns_left ? Direction::kCounterclockwise : Direction::kClockwise, heading);
  fill(TurnPhase::kOnset, time_ns, heading, state, turn);
  return true;
}

}  // namespace vturn::turns
