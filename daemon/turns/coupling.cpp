#include "daemon/turns/coupling.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "daemon/core/angle.hpp"

namespace vturn::turns {
namespace {

/// The heading may be missing for this long around an event's edges and still be taken as known there.
constexpr std::int64_t kMaxHoleNs = 50 * kNsPerMs;

std::size_t index_of(SleepState state) noexcept { return static_cast<std::size_t>(state) & 3U; }
std::size_t index_of(Direction side) noexcept { return side == Direction::kCounterclockwise ? 1U : 0U; }

}  // namespace

CouplingEstimate wilson(std::uint64_t hits, std::uint64_t events) noexcept {
  CouplingEstimate estimate;
  estimate.events = events;
  estimate.hits = hits;
  if (events == 0) return estimate;
  constexpr double kZ = 1.959963984540054;
  const double n = static_cast<double>(events);
  const double p = static_cast<double>(hits) / n;
  const double scale = 1.0 + kZ * kZ / n;
  const double centre = (p + kZ * kZ / (2.0 * n)) / scale;
  const double half = kZ / scale * std::sqrt(p * (1.0 - p) / n + kZ * kZ / (4.0 * n * n));
  estimate.probability = p;
  estimate.low = std::max(0.0, centre - half);
  estimate.high = std::min(1.0, centre + half);
  return estimate;
}

void Coupling::prepare(const CouplingSettings& settings) {
  if (!(settings.window_s > 0.0 && settings.window_s <= 1.0)) {
    throw std::invalid_argument("coupling: window_s must be above 0 and at most 1");
  }
  if (!(settings.min_rotation_rad > 0.0 && settings.min_rotation_rad <= kTwoPi)) {
    throw std::invalid_argument("coupling: min_rotation_rad must be above 0 and at most 2 pi");
  }
  settings_ = settings;
  window_ns_ = static_cast<std::int64_t>(settings.window_s * 1e9);
  counts_ = chance_ = {};
  unscored_ = 0;
  reset();
}

void Coupling::reset() noexcept {
  past_size_ = past_head_ = 0;
  pending_size_ = pending_head_ = 0;
  unwrapped_rad_ = 0.0;
  started_ = false;
}

void Coupling::heading(SessionNs time_ns, float angle_rad, SleepState state) noexcept {
  if (started_) {
    const Point& newest = past_[(past_head_ + kPast - 1) % kPast];
    if (time_ns < newest.time_ns) reset();
  }
  if (started_) {
    unwrapped_rad_ += angle_difference(static_cast<double>(angle_rad), static_cast<double>(last_angle_rad_));
  } else {
    next_chance_ns_ = time_ns + window_ns_;
  }
  last_angle_rad_ = angle_rad;
  const bool first = !started_;
  started_ = true;
  if (!first && time_ns - past_[(past_head_ + kPast - 1) % kPast].time_ns < kStepNs) return;
  past_[past_head_] = {time_ns, unwrapped_rad_};
  past_head_ = (past_head_ + 1) % kPast;
  past_size_ = std::min(past_size_ + 1, kPast);
  if (time_ns >= next_chance_ns_) {
    enqueue({time_ns, Direction::kNone, state});
    next_chance_ns_ = time_ns + kChanceStepNs;
  }
  while (pending_size_ > 0 && time_ns >= pending_[pending_head_].time_ns + window_ns_) {
    score(pending_[pending_head_]);
    pending_head_ = (pending_head_ + 1) % kPending;
    --pending_size_;
  }
}

void Coupling::event(SessionNs time_ns, Direction side, SleepState state) noexcept {
  if (side != Direction::kNone) enqueue({time_ns, side, state});
}

void Coupling::enqueue(const Event& event) noexcept {
  if (pending_size_ == kPending) {
    ++unscored_;
    return;
  }
  pending_[(pending_head_ + pending_size_++) % kPending] = event;
}

bool Coupling::angle_at(SessionNs time_ns, double& angle_rad) const noexcept {
  for (std::size_t back = 0; back < past_size_; ++back) {
    const Point& point = past_[(past_head_ + kPast - 1 - back) % kPast];
    if (point.time_ns > time_ns) continue;
    angle_rad = point.angle_rad;
    return time_ns - point.time_ns <= kMaxHoleNs;
  }
  return false;
}

void Coupling::score(const Event& event) noexcept {
  double before_rad = 0.0;
  double after_rad = 0.0;
  if (!angle_at(event.time_ns - window_ns_, before_rad) || !angle_at(event.time_ns + window_ns_, after_rad)) {
    if (event.side != Direction::kNone) ++unscored_;
    return;
  }
  const double rotation_rad = after_rad - before_rad;
  if (event.side != Direction::kNone) return count(counts_, event, event.side, rotation_rad);
  count(chance_, event, Direction::kClockwise, rotation_rad);
  count(chance_, event, Direction::kCounterclockwise, rotation_rad);
}

void Coupling::count(Counts& counts, const Event& event, Direction side, double rotation_rad) const noexcept {
  Count& count = counts[index_of(event.state)][index_of(side)];
  const double this_way_rad = side == Direction::kCounterclockwise ? rotation_rad : -rotation_rad;
  ++count.events;
  if (this_way_rad >= settings_.min_rotation_rad) ++count.hits;
}

CouplingEstimate Coupling::estimate(Direction side, SleepState state) const noexcept {
  const Count& count = counts_[index_of(state)][index_of(side)];
  return wilson(count.hits, count.events);
}

CouplingEstimate Coupling::chance(Direction side, SleepState state) const noexcept {
  const Count& count = chance_[index_of(state)][index_of(side)];
  return wilson(count.hits, count.events);
}

}  // namespace vturn::turns
