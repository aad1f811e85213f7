#include "plugins/common/burst.hpp"

#include <algorithm>
#include <bit>
#include <limits>

namespace vturn::plugins {

Burst::Burst(const vturn_host& host, const ingest::SourceClockSettings& clock)
    : host_(host), master_(host), clock_(clock, master_) {}

ingest::ReaderOrigin Burst::adopt(ingest::ReaderOrigin origin) noexcept {
  origin.mapping.context = &clock_;
  origin.mapping.session_of = [](void* context, std::int64_t own_ns, MonoNs arrival_ns) noexcept {
    auto& clock = *static_cast<ingest::SourceClock*>(context);
    clock.observe(own_ns, arrival_ns);
    return clock.map(own_ns).session_ns;
  };
  return origin_ = origin;
}

void Burst::arrived(MonoNs now_ns) noexcept {
  newest_arrival_ns_ = now_ns;
  if (!open_) began_ns_ = now_ns;
  open_ = true;
}

void Burst::event(const InputEvent& event, std::int64_t own_ns) noexcept {
  note_clock(event, own_ns);
  if (batched_ == kBatch) push_all_but_last();
  vturn_event& slot = batch_[batched_++];
  slot = std::bit_cast<vturn_event>(event);
  const MonoNs delay_ns = std::clamp<MonoNs>(host_.mono_now_ns(host_.context) - event.arrival_mono_ns, 0,
                                             std::numeric_limits<std::uint32_t>::max());
  slot.parse_delay_ns = static_cast<std::uint32_t>(delay_ns);
}

void Burst::note_clock(const InputEvent& event, std::int64_t own_ns) noexcept {
  if (event.kind == InputKind::kTtl && event.payload.ttl.state == 1) {
    if (origin_.master) host_.clock_ttl(host_.context, event.payload.ttl.line, event.session_time_ns);
    if (!origin_.master) clock_.ttl_edge(event.payload.ttl.line, own_ns);
  }
  const bool new_epoch = event.kind == InputKind::kSource && event.payload.source.change == SourceChange::kEpoch;
  if (!origin_.master && new_epoch) clock_.restart();
}

/// A message may hold more events than a batch; the burst's last event stays, for the mark.
void Burst::push_all_but_last() noexcept {
  host_.push(host_.context, batch_.data(), batched_ - 1);
  batch_[0] = batch_[batched_ - 1];
  batched_ = 1;
}

bool Burst::due(MonoNs now_ns) const noexcept { return batched_ == kBatch || now_ns - began_ns_ > kOldestNs; }

void Burst::end(std::int64_t newest_own_ns, std::uint32_t epoch) noexcept {
  open_ = false;
  tell_clock(newest_own_ns, epoch);
  if (batched_ == 0) return;
  batch_[batched_ - 1].flags |= VTURN_FLAG_BURST_END;
  host_.push(host_.context, batch_.data(), batched_);
  batched_ = 0;
}

void Burst::tell_clock(std::int64_t newest_own_ns, std::uint32_t epoch) noexcept {
  if (newest_own_ns == 0) return;
  if (origin_.master) {
    host_.clock_publish(host_.context, newest_arrival_ns_, newest_own_ns, epoch);
  } else {
    tell_uncertainty(newest_own_ns, epoch);
  }
}

void Burst::tell_uncertainty(std::int64_t own_ns, std::uint32_t epoch) noexcept {
  const ingest::ClockEstimate estimate = clock_.map(own_ns);
  const std::int64_t offset_ns = estimate.session_ns - own_ns;
  if (!offset_known_ && estimate.uncertainty_ns < ingest::kUnknownUncertaintyNs) {
    first_offset_ns_ = offset_ns;
    offset_known_ = true;
  }
  host_.gauge_set(host_.context, VTURN_CLOCK_UNCERTAINTY_MS, static_cast<double>(estimate.uncertainty_ns) * 1e-6);
  host_.gauge_set(host_.context, VTURN_CLOCK_OFFSET_MS, static_cast<double>(offset_ns - first_offset_ns_) * 1e-6);
  if (!report_.worth_telling(estimate.uncertainty_ns)) return;
  InputEvent change = source_event(SourceChange::kClock, epoch, estimate.uncertainty_ns);
  change.session_time_ns = estimate.session_ns;
  change.arrival_mono_ns = newest_arrival_ns_;
  event(change, own_ns);
}

InputEvent Burst::source_event(SourceChange change, std::uint32_t epoch, std::int64_t value_ns) const noexcept {
  InputEvent event;
  event.source = origin_.source;
  event.kind = InputKind::kSource;
  event.flags = origin_.master ? kFlagMaster : std::uint8_t{0};
  event.payload.source = {change, EpochCause::kNone, origin_.carries_spikes, origin_.carries_motion, epoch,
                          0,      value_ns};
  return event;
}

void Burst::tell_counters(const ingest::ReaderCounters& counters) const noexcept {
  const auto set = [this](std::uint32_t id, std::uint64_t value) { host_.counter_set(host_.context, id, value); };
  set(VTURN_MESSAGES_RECEIVED, counters.received);
  set(VTURN_MESSAGES_PARSED, counters.parsed);
  set(VTURN_MESSAGES_MALFORMED, counters.malformed);
  set(VTURN_MESSAGES_LOST, counters.lost);
  set(VTURN_SPIKES_RECEIVED, counters.spikes_received);
  set(VTURN_TTL_RECEIVED, counters.ttl_received);
  set(VTURN_LFP_BLOCKS, counters.lfp_blocks);
  set(VTURN_EPOCHS, counters.epochs);
  set(VTURN_GAPS, counters.gaps);
  set(VTURN_SPIKES_UNMAPPED, counters.spikes_unmapped);
}

void Burst::say_down(std::int64_t newest_own_ns, std::uint32_t epoch) noexcept {
  InputEvent down = source_event(SourceChange::kDown, epoch, 0);
  down.arrival_mono_ns = host_.mono_now_ns(host_.context);
  down.session_time_ns = origin_.master ? newest_own_ns : clock_.map(newest_own_ns).session_ns;
  down.flags |= kFlagBurstEnd;
  const auto crossing = std::bit_cast<vturn_event>(down);
  host_.push(host_.context, &crossing, 1);
}

}  // namespace vturn::plugins
