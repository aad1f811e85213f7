#include "daemon/turns/coupling.hpp"

#include <algorithm>
#include <stdexcept>

#include "daemon/core/angle.hpp"

namespace vturn::turns {
namespace {

/// The heading may be missing for this long around an event's edges and still be taken as known there.
constexpr std::int64_t kMaxHoleNs = 50 * kNsPerMs;

std::size_t index_of(SleepState state) noexcept { return static_cast<std::size_t>(state) & 3U; }
std::size_t index_of(Direction side) noexcept { return side == Direction::kCounterclockwise ? 1U : 0U; }

/// SplitMix64: the next of a sequence, below `bound`.
std::uint64_t random_below(std::uint64_t& state, std::uint64_t bound) noexcept {
  state += 0x9E3779B97F4A7C15ULL;
  std::uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return (z ^ (z >> 31)) % bound;
}

}  // namespace

void Coupling::prepare(const CouplingSettings& settings) {
  if (!(settings.window_s > 0.0 && settings.window_s <= 1.0)) {
    throw std::invalid_argument("coupling: window_s must be above 0 and at most 1");
  }
  if (!(settings.delay_s >= 0.0 && settings.delay_s <= 0.5)) {
    throw std::invalid_argument("coupling: delay_s must be within 0..0.5");
  }
  if (!(settings.min_rotation_rad > 0.0 && settings.min_rotation_rad <= kTwoPi)) {
    throw std::invalid_argument("coupling: min_rotation_rad must be above 0 and at most 2 pi");
  }
  settings_ = settings;
  window_ns_ = static_cast<std::int64_t>(settings.window_s * 1e9);
  delay_ns_ = static_cast<std::int64_t>(settings.delay_s * 1e9);
  random_ = settings.seed;
  counts_ = shuffled_ = {};
  unscored_ = 0;
  reset();
}

void Coupling::reset() noexcept {
  past_size_ = past_head_ = 0;
  pending_size_ = pending_head_ = 0;
  unwrapped_rad_ = 0.0;
  started_ = false;
  state_ = SleepState::kUnknown;
}

const Coupling::Point& Coupling::back(std::size_t steps) const noexcept {
  return past_[(past_head_ + kPast - 1 - steps) % kPast];
}

void Coupling::heading(SessionNs time_ns, float angle_rad, SleepState state) noexcept {
  if (started_ && time_ns < back(0).time_ns) reset();
  if (started_)
    unwrapped_rad_ += angle_difference(static_cast<double>(angle_rad), static_cast<double>(last_angle_rad_));
  if (state != state_ || !started_) {
    state_ = state;
    state_since_ns_ = time_ns;
  }
  last_angle_rad_ = angle_rad;
  const bool first = !started_;
  started_ = true;
  if (!first && time_ns - back(0).time_ns < kStepNs) return;
  past_[past_head_] = {time_ns, unwrapped_rad_};
  past_head_ = (past_head_ + 1) % kPast;
  past_size_ = std::min(past_size_ + 1, kPast);
  while (pending_size_ > 0 && time_ns >= pending_[pending_head_].time_ns + window_ns_ + delay_ns_) {
    score(pending_[pending_head_]);
    pending_head_ = (pending_head_ + 1) % kPending;
    --pending_size_;
  }
}

void Coupling::event(SessionNs time_ns, Direction side, SleepState state) noexcept {
  if (side == Direction::kNone) return;
  if (pending_size_ == kPending) {
    ++unscored_;
    return;
  }
  const SessionNs since_ns = state == state_ ? state_since_ns_ : time_ns;
  pending_[(pending_head_ + pending_size_++) % kPending] = {time_ns, since_ns, side, state};
}

bool Coupling::angle_at(SessionNs time_ns, double& angle_rad) const noexcept {
  std::size_t older = past_size_, newer = 0;  // how far back: the first that is not after the time
  while (newer < older) {
    const std::size_t middle = newer + (older - newer) / 2;
    if (back(middle).time_ns > time_ns) {
      newer = middle + 1;
    } else {
      older = middle;
    }
  }
  if (newer == past_size_) return false;
  angle_rad = back(newer).angle_rad;
  return time_ns - back(newer).time_ns <= kMaxHoleNs;
}

bool Coupling::turns_around(SessionNs time_ns, Direction side, bool& turns) const noexcept {
  double before_rad = 0.0;
  double after_rad = 0.0;
  if (!angle_at(time_ns + delay_ns_ - window_ns_, before_rad) || !angle_at(time_ns + delay_ns_ + window_ns_, after_rad))
    return false;
  const double rotation_rad = after_rad - before_rad;
  turns = (side == Direction::kCounterclockwise ? rotation_rad : -rotation_rad) >= settings_.min_rotation_rad;
  return true;
}

void Coupling::score(const Event& event) noexcept {
  bool turns = false;
  if (!turns_around(event.time_ns, event.side, turns)) {
    ++unscored_;
    return;
  }
  counts_[index_of(event.state)][index_of(event.side)].add(event.time_ns, turns);
  score_shuffled(event);
}

void Coupling::score_shuffled(const Event& event) noexcept {
  const SessionNs from_ns = std::max(event.time_ns - kFurthestShuffleNs, event.state_since_ns);
  const SessionNs to_ns = event.time_ns - kNearestShuffleNs;
  if (to_ns - from_ns < kNsPerS) return;
  const auto span = static_cast<std::uint64_t>(to_ns - from_ns);
  for (int i = 0; i < kShuffles; ++i) {
    const SessionNs time_ns = from_ns + static_cast<std::int64_t>(random_below(random_, span));
    bool turns = false;
    if (!turns_around(time_ns, event.side, turns)) continue;
    shuffled_[index_of(event.state)][index_of(event.side)].add(event.time_ns, turns);
  }
}

ProportionEstimate Coupling::estimate(Direction side, SleepState state) const noexcept {
  return counts_[index_of(state)][index_of(side)].estimate();
}

ProportionEstimate Coupling::shuffled(Direction side, SleepState state) const noexcept {
  return shuffled_[index_of(state)][index_of(side)].estimate();
}

}  // namespace vturn::turns
