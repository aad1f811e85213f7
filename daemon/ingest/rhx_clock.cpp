#include "daemon/ingest/rhx_clock.hpp"

#include <algorithm>
#include <cstdlib>

namespace vturn::ingest {
namespace {

// More than RHX lets its clients lag behind before it stops the recording.
constexpr double kLongestBacklogS = 20.0;
// A forward jump beyond this and the time that passed is another recording and not a gap.
constexpr double kUnexplainedJumpS = 10.0;
// A run that begins later than this was moved within a recording that is played.
constexpr double kLatestStartS = 1.0;
// Unread for longer than this, a count that is near 0 again is another run and not the same one behind its 2^32 wrap.
constexpr double kLongestUnreadS = 600.0;
// So long after the first frames of a run the spikes of the one before are through.
constexpr std::int64_t kStragglersNs = kNsPerS;
// A spike that stands further before the one ahead of it is of another run; less is two channels out of order.
constexpr double kOutOfOrderS = 0.1;
// Further behind the frames than any spike comes: it is of a run whose frames are yet to come, if they have stopped for
// as long or if it does not go on from the spike before.
constexpr double kLatestSpikeS = 0.25;

std::int64_t step(std::uint32_t from, std::uint32_t to) noexcept { return static_cast<std::int32_t>(to - from); }

SampleIndex nearest(std::uint32_t timestamp, SampleIndex to) noexcept {
  return to + step(static_cast<std::uint32_t>(to), timestamp);
}

}  // namespace

void RhxClock::resume(SampleIndex next_sample) noexcept {
  if (started_) return;
  current_.next = next_sample;
  resumed_ = true;
}

RhxStep RhxClock::frames(std::uint32_t timestamp, std::uint32_t count, double rate_hz,
                         MonoNs arrival_mono_ns) noexcept {
  RhxStep result;
  result.taken_over = resumed_;
  if (resumed_) take_over(rate_hz, arrival_mono_ns);
  const SampleIndex expected = current_.next;
  const std::int64_t jump = step(static_cast<std::uint32_t>(expected), timestamp);
  result.epoch = judge(jump, timestamp, rate_hz, arrival_mono_ns);
  if (result.epoch == EpochCause::kNone) {
    result.first = expected + jump;
    result.missing = static_cast<std::uint64_t>(jump);
    // The frames tell their time as before; what happened meanwhile nobody knows.
    if (forced_) result.epoch = EpochCause::kRestart;
  } else {
    result.first = timestamp;
    begin_run(timestamp, rate_hz, arrival_mono_ns);
  }
  result.broken = result.epoch != EpochCause::kNone || result.missing > 0;
  forced_ = resumed_ = false;
  current_.next = result.first + count;
  current_.clock.seen(current_.next, arrival_mono_ns);
  last_arrival_mono_ns_ = arrival_mono_ns;
  return result;
}

EpochCause RhxClock::judge(std::int64_t jump, std::uint32_t timestamp, double rate_hz,
                           MonoNs arrival_mono_ns) const noexcept {
  if (!started_) return EpochCause::kStart;
  if (rate_hz != current_.clock.rate_hz()) return EpochCause::kRateChange;
  const auto ahead = static_cast<double>(jump);
  const bool near_start = timestamp < kLatestStartS * rate_hz;
  if (resumed_) {
    const bool same_run = ahead >= 0 && !(near_start && ahead > kLongestUnreadS * rate_hz);
    return same_run ? EpochCause::kNone : EpochCause::kRestart;
  }
  const double furthest = kUnexplainedJumpS * rate_hz + elapsed_samples(arrival_mono_ns);
  if (ahead >= 0 && ahead <= furthest) return EpochCause::kNone;
  return near_start ? EpochCause::kRestart : EpochCause::kLoop;
}

void RhxClock::take_over(double rate_hz, MonoNs arrival_mono_ns) noexcept {
  begin_run(current_.next, rate_hz, arrival_mono_ns);
  current_.clock.seen(current_.next, arrival_mono_ns);
}

void RhxClock::begin_run(SampleIndex first, double rate_hz, MonoNs arrival_mono_ns) noexcept {
  previous_ = current_;
  current_.clock.begin_epoch(first, rate_hz, arrival_mono_ns);
  spikes_behind_ = started_ && !spikes_ahead_;
  any_spike_ = any_spike_ && spikes_behind_;
  spikes_ahead_ = false;
  started_ = true;
  run_began_mono_ns_ = arrival_mono_ns;
}

RhxSpikeInstant RhxClock::spike(std::uint32_t timestamp, MonoNs arrival_mono_ns) noexcept {
  using Place = RhxSpikeInstant::Place;
  if (!started_ || spikes_ahead_) {
    spikes_ahead_ = started_;
    return {Place::kWait, 0, 0};
  }
  if (spikes_behind_ && straggles(timestamp, arrival_mono_ns)) {
    last_spike_ = timestamp;
    any_spike_ = true;
    const SampleIndex sample = nearest(timestamp, previous_.next);
    return {Place::kPrevious, sample, previous_.clock.time_ns(sample)};
  }
  if (spikes_behind_) any_spike_ = spikes_behind_ = false;
  const SampleIndex sample = nearest(timestamp, current_.next);
  const double ahead = static_cast<double>(sample - current_.next) - elapsed_samples(arrival_mono_ns);
  if (ahead > kLongestBacklogS * current_.clock.rate_hz()) return {Place::kNowhere, sample, 0};
  if (of_next_run(timestamp, current_.next - sample, arrival_mono_ns)) {
    spikes_ahead_ = true;
    return {Place::kWait, 0, 0};
  }
  if (!any_spike_ || step(last_spike_, timestamp) > 0) last_spike_ = timestamp;
  any_spike_ = true;
  return {Place::kCurrent, sample, current_.clock.time_ns(sample)};
}

bool RhxClock::of_next_run(std::uint32_t timestamp, SampleIndex behind, MonoNs arrival_mono_ns) const noexcept {
  if (falls_back(timestamp)) return true;
  const double late = kLatestSpikeS * current_.clock.rate_hz();
  const bool goes_on = any_spike_ && step(last_spike_, timestamp) >= 0;
  return static_cast<double>(behind) > late && (!goes_on || elapsed_samples(arrival_mono_ns) > late);
}

void RhxClock::settle_spikes(std::uint32_t first_waiting) noexcept {
  last_spike_ = first_waiting;
  any_spike_ = true;
  spikes_ahead_ = false;
}

/// The frames are in a new run: does this spike still belong to the one before?
bool RhxClock::straggles(std::uint32_t timestamp, MonoNs arrival_mono_ns) const noexcept {
  if (falls_back(timestamp)) return false;
  if (arrival_mono_ns - run_began_mono_ns_ > kStragglersNs) return false;
  const auto distance = [timestamp](const Run& run) {
    return std::llabs(step(static_cast<std::uint32_t>(run.next), timestamp));
  };
  return distance(previous_) < distance(current_);
}

bool RhxClock::falls_back(std::uint32_t timestamp) const noexcept {
  const auto by = static_cast<double>(step(timestamp, last_spike_));
  return any_spike_ && by > kOutOfOrderS * current_.clock.rate_hz();
}

double RhxClock::elapsed_samples(MonoNs arrival_mono_ns) const noexcept {
  const MonoNs elapsed_ns = std::max<MonoNs>(0, arrival_mono_ns - last_arrival_mono_ns_);
  return speed_ * seconds(elapsed_ns) * current_.clock.rate_hz();
}

}  // namespace vturn::ingest
