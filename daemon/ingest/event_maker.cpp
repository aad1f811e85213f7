#include "daemon/ingest/event_maker.hpp"

#include <stdexcept>
#include <utility>

namespace vturn::ingest {

EventMaker::EventMaker(const ReaderOrigin& origin) : origin_(origin) {
  if (!origin.master && origin.mapping.session_of == nullptr) {
    throw std::invalid_argument("a source that is not the clock master needs a mapping onto session time");
  }
}

InputEvent EventMaker::at(InputKind kind, const Instant& instant) const noexcept {
  InputEvent event;
  event.arrival_mono_ns = instant.arrival_mono_ns;
  event.source_sample = instant.sample;
  event.source = origin_.source;
  event.kind = kind;
  event.flags = origin_.master ? kFlagMaster : std::uint8_t{0};
  return event;
}

void EventMaker::emit(InputEvent& event, std::int64_t own_ns, EventSink& sink) noexcept {
  const SessionMapping& mapping = origin_.mapping;
  event.session_time_ns = origin_.master ? own_ns : mapping.session_of(mapping.context, own_ns, event.arrival_mono_ns);
  last_event_own_ns_ = own_ns;
  sink.event(event, own_ns);
}

void EventMaker::change(SourceChange change, EpochCause cause, std::uint64_t count, const Instant& instant,
                        EventSink& sink) noexcept {
  InputEvent event = at(InputKind::kSource, instant);
  event.payload.source = {
      change, cause, origin_.carries_spikes, origin_.carries_motion, static_cast<std::uint32_t>(epochs_), count, 0};
  emit(event, instant.own_ns, sink);
}

void EventMaker::announce(EpochCause cause, std::uint64_t lost, const Instant& instant, EventSink& sink) noexcept {
  if (!std::exchange(up_, true)) return change(SourceChange::kUp, EpochCause::kStart, 0, instant, sink);
  if (cause != EpochCause::kNone) {
    ++epochs_;
    change(SourceChange::kEpoch, cause, lost, instant, sink);
  } else if (lost > 0) {
    ++gaps_;
    change(SourceChange::kGap, EpochCause::kNone, lost, instant, sink);
  }
}

void EventMaker::tell_time(const Instant& instant, EventSink& sink) noexcept {
  if (!origin_.master || instant.own_ns - last_event_own_ns_ < kTellTimeNs) return;
  change(SourceChange::kClock, EpochCause::kNone, 0, instant, sink);
}

}  // namespace vturn::ingest
