#include "daemon/turns/cusum_detector.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "daemon/core/angle.hpp"
#include "daemon/core/math.hpp"

namespace vturn::turns {
namespace {

/// Single precision leaves nothing to compare below this.
constexpr double kLeastProbability = 1e-9;

double bounded(float p) noexcept { return std::max(static_cast<double>(p), kLeastProbability); }

void check(const CusumSettings& settings) {
  if (!(settings.nats > 0.0 && settings.nats <= 50.0 && settings.end_nats > 0.0 && settings.end_nats <= 50.0)) {
    throw std::invalid_argument("CUSUM detector: nats and end_nats must be above 0 and at most 50");
  }
  if (!(settings.lead_nats >= 0.0 && settings.lead_nats <= settings.nats)) {
    throw std::invalid_argument("CUSUM detector: lead_nats must be within 0..nats");
  }
  const bool rates = settings.rest_to_turn_hz > 0.0 && settings.turn_to_rest_hz > 0.0 &&
                     settings.rest_to_turn_hz <= 1000.0 && settings.turn_to_rest_hz <= 1000.0;
  if (!rates) throw std::invalid_argument("CUSUM detector: the switching rates must be above 0 and at most 1000 Hz");
  if (!(settings.refractory_s >= 0.0 && settings.refractory_s <= 60.0)) {
    throw std::invalid_argument("CUSUM detector: refractory_s must be within 0..60");
  }
  if (!(settings.max_gap_s > 0.0)) throw std::invalid_argument("CUSUM detector: max_gap_s must be above 0");
}

}  // namespace

std::size_t CusumDetector::index_of(Direction direction) noexcept {
  return direction == Direction::kCounterclockwise ? 1U : 0U;
}

void CusumDetector::prepare(const CusumSettings& settings) {
  check(settings);
  settings_ = settings;
  gated_ = 0;
  reset();
}

void CusumDetector::reset() noexcept {
  started_ = crossing_gated_ = onset_given_ = false;
  direction_ = Direction::kNone;
}

double CusumDetector::nats(Direction direction) const noexcept { return sides_[index_of(direction)].nats; }

void CusumDetector::start(SessionNs time_ns, const HeadingOutput& heading) noexcept {
  reset();
  started_ = true;
  unwrapped_rad_ = 0.0;
  sides_.fill({0.0, time_ns, 0.0, heading.angular_velocity_rad_s});
}

void CusumDetector::accumulate(SessionNs time_ns, const HeadingOutput& heading) noexcept {
  unwrapped_rad_ += angle_difference(static_cast<double>(heading.angle_rad), static_cast<double>(last_angle_rad_));
  // The chain without spikes: what turns decays towards its share, left and right become alike.
  const double dt_s = seconds(time_ns - last_ns_);
  const double total_hz = settings_.rest_to_turn_hz + settings_.turn_to_rest_hz;
  const double settled = settings_.rest_to_turn_hz / total_hz;
  const double moving = settled + (p_left_ + p_right_ - settled) * math::exp(-total_hz * dt_s);
  const double difference = (p_left_ - p_right_) * math::exp(-settings_.turn_to_rest_hz * dt_s);
  const double rest = 1.0 - moving;
  const std::array predicted{0.5 * (moving - difference), 0.5 * (moving + difference)};
  const std::array found{bounded(heading.p_right), bounded(heading.p_left)};
  for (std::size_t side = 0; side < 2; ++side) {
    const double odds = found[side] / (bounded(heading.p_rest) + found[1 - side]);
    const double predicted_odds = std::max(predicted[side], kLeastProbability) / (rest + predicted[1 - side]);
    latest_nats_[side] = math::log(odds / predicted_odds);
    Side& sum = sides_[side];
    sum.nats += latest_nats_[side];
    sum.peak_velocity_rad_s = side == 1 ? std::max(sum.peak_velocity_rad_s, heading.angular_velocity_rad_s)
                                        : std::min(sum.peak_velocity_rad_s, heading.angular_velocity_rad_s);
    // During a turn its own sum goes on from its onset.
    const bool turned = turning() && side == index_of(direction_);
    if (!turned && !(sum.nats > 0.0)) sum = {0.0, time_ns, unwrapped_rad_, heading.angular_velocity_rad_s};
  }
}

bool CusumDetector::find_end() noexcept {
  end_nats_ = std::max(0.0, end_nats_ - latest_nats_[index_of(direction_)]);
  return end_nats_ >= settings_.end_nats;
}

bool CusumDetector::find_onset(SessionNs time_ns, const HeadingOutput& heading) noexcept {
  const std::size_t side = sides_[1].nats > sides_[0].nats ? 1 : 0;
  const double lead_nats = sides_[side].nats - sides_[1 - side].nats;
  if (sides_[side].nats < settings_.nats || lead_nats < settings_.lead_nats) {
    crossing_gated_ = false;
    return false;
  }
  if (onset_given_ && seconds(time_ns - last_onset_ns_) < settings_.refractory_s) return false;
  const bool evident = static_cast<double>(heading.evidence_nats_per_spike) >= settings_.min_evidence_nats_per_spike &&
                       static_cast<double>(heading.spikes_per_s) >= settings_.min_spikes_per_s;
  if (!evident) {
    if (!crossing_gated_) ++gated_;
    crossing_gated_ = true;
    return false;
  }
  direction_ = side == 1 ? Direction::kCounterclockwise : Direction::kClockwise;
  end_nats_ = 0.0;
  onset_given_ = true;
  last_onset_ns_ = time_ns;
  return true;
}

void CusumDetector::fill(TurnPhase phase, SessionNs time_ns, double nats, SleepState state,
                         TurnOutput& turn) const noexcept {
  const Side& side = sides_[index_of(direction_)];
  turn.onset_time_ns = side.since_ns;
  turn.decision_time_ns = time_ns;
  turn.angle_rad = static_cast<float>(unwrapped_rad_ - side.since_rad);
  turn.peak_velocity_rad_s = side.peak_velocity_rad_s;
  turn.log_odds = static_cast<float>(nats);
  turn.direction = direction_;
  turn.phase = phase;
  turn.sleep_state = state;
}

bool CusumDetector::step(SessionNs time_ns, const HeadingOutput& heading, SleepState state, TurnOutput& turn) noexcept {
  if (started_ && (time_ns < last_ns_ || seconds(time_ns - last_ns_) > settings_.max_gap_s)) started_ = false;
  if (started_) {
    accumulate(time_ns, heading);
  } else {
    start(time_ns, heading);
  }
  last_ns_ = time_ns;
  last_angle_rad_ = heading.angle_rad;
  p_left_ = bounded(heading.p_left);
  p_right_ = bounded(heading.p_right);
  if (direction_ == Direction::kNone) {
    if (!find_onset(time_ns, heading)) return false;
    fill(TurnPhase::kOnset, time_ns, sides_[index_of(direction_)].nats, state, turn);
    return true;
  }
  if (!find_end()) return false;
  fill(TurnPhase::kEnd, time_ns, -end_nats_, state, turn);
  direction_ = Direction::kNone;
  sides_.fill({0.0, time_ns, unwrapped_rad_, heading.angular_velocity_rad_s});
  return true;
}

}  // namespace vturn::turns
