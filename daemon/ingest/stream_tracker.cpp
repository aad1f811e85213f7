#include "daemon/ingest/stream_tracker.hpp"

#include <algorithm>
#include <cmath>

namespace vturn::ingest {
namespace {

constexpr std::uint64_t kNumberMask = (std::uint64_t{1} << 31) - 1;
// More messages than a stalled subscriber loses at the fullest stream in six minutes: a number further on is another
// run's.
constexpr std::uint64_t kMaxLost = std::uint64_t{1} << 24;
// TTL and spikes go back by up to one block and 100 samples; the GUI's largest block is 0.27 s.
constexpr double kReorderWindowS = 0.5;
// A forward jump beyond this, and beyond twice the time that passed, is another recording and not a gap.
constexpr double kUnexplainedJumpS = 10.0;

}  // namespace

StreamTracker::StreamTracker(double sample_time_factor) : sample_time_factor_(sample_time_factor) {
  channels_.reserve(static_cast<std::size_t>(kMaxChannels));
}

void StreamTracker::observe_number(std::int64_t message_num, Continuity& result) noexcept {
  const auto number = static_cast<std::uint64_t>(message_num);
  const std::uint64_t ahead = (number - static_cast<std::uint64_t>(last_number_) - 1) & kNumberMask;
  last_number_ = message_num;
  if (!started_) {
    started_ = true;
    begin_epoch(EpochCause::kStart, result);
  } else if (ahead >= kMaxLost) {
    begin_epoch(EpochCause::kRestart, result);
    // A new acquisition counts from 1: what comes before the first number that arrives is lost.
    result.lost = number - 1 < kMaxLost ? number - 1 : 0;
  } else if (ahead > 0) {
    ++generation_;
    result.lost = ahead;
  }
}

void StreamTracker::observe_unnumbered(Continuity& result) noexcept {
  if (!started_) begin_epoch(EpochCause::kStart, result);
  started_ = true;
}

void StreamTracker::observe_samples(const GuiMessage& message, double rate_hz, MonoNs arrival_mono_ns,
                                    Continuity& result) noexcept {
  const bool tells = tells_samples(message.kind);
  if (!tells && confirmed_) return;
  if (last_rate_hz_ > 0 && rate_hz != last_rate_hz_) begin_epoch(EpochCause::kRateChange, result);
  if (last_rate_hz_ > 0) judge_jump(message, arrival_mono_ns, result);
  if (message.kind == MessageKind::kData) judge_block(message, result);
  const SampleIndex end = message.sample_num + (message.kind == MessageKind::kData ? message.num_samples : 0);
  newest_sample_ = last_rate_hz_ > 0 ? std::max(newest_sample_, end) : end;
  last_rate_hz_ = rate_hz;
  last_arrival_mono_ns_ = arrival_mono_ns;
  confirmed_ = tells;
}

double StreamTracker::elapsed_s(MonoNs arrival_mono_ns) const noexcept {
  return seconds(std::max<MonoNs>(0, arrival_mono_ns - last_arrival_mono_ns_)) * sample_time_factor_;
}

bool StreamTracker::strays(SampleIndex sample, MonoNs arrival_mono_ns) const noexcept {
  if (!confirmed_) return false;
  const double ahead_s = static_cast<double>(sample - newest_sample_) / last_rate_hz_;
  return ahead_s < -kReorderWindowS || ahead_s > kReorderWindowS + 2 * elapsed_s(arrival_mono_ns);
}

bool StreamTracker::beside(SampleIndex edge, SampleIndex sample, double rate_hz) noexcept {
  return std::abs(static_cast<double>(edge - sample)) <= kReorderWindowS * rate_hz;
}

void StreamTracker::judge_jump(const GuiMessage& message, MonoNs arrival_mono_ns, Continuity& result) noexcept {
  const double jump_s = static_cast<double>(message.sample_num - newest_sample_) / last_rate_hz_;
  if (jump_s < -kReorderWindowS) begin_epoch(EpochCause::kLoop, result);
  if (jump_s > kUnexplainedJumpS + 2 * elapsed_s(arrival_mono_ns)) begin_epoch(EpochCause::kRestart, result);
}

void StreamTracker::judge_block(const GuiMessage& message, Continuity& result) noexcept {
  const auto number = static_cast<std::size_t>(message.channel_num);
  if (number >= channels_.size()) channels_.resize(number + 1);
  Channel& channel = channels_[number];
  const SampleIndex missing = message.sample_num - channel.next_sample;
  if (channel.generation == generation_ && missing < 0) begin_epoch(EpochCause::kLoop, result);
  if (channel.generation == generation_ && missing > 0) {
    // All channels of a block have the same hole: the new generation keeps the others from counting it again.
    ++generation_;
    result.missing_samples = static_cast<std::uint64_t>(missing);
  }
  result.channel_broken = channel.generation < epoch_generation_ || missing != 0;
  channel = {message.sample_num + message.num_samples, generation_};
}

void StreamTracker::begin_epoch(EpochCause cause, Continuity& result) noexcept {
  result.epoch = cause;
  last_rate_hz_ = 0;
  confirmed_ = false;
  // Samples may seem to continue across a restart; time does not.
  epoch_generation_ = ++generation_;
}

}  // namespace vturn::ingest
