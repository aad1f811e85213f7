#include "daemon/pipeline/plugin_host.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>

#include "daemon/rt/clock.hpp"
#include "daemon/rt/threads.hpp"

namespace vturn {
namespace {

static_assert(sizeof(vturn_event) == sizeof(InputEvent));
static_assert(offsetof(vturn_event, payload) == offsetof(InputEvent, payload));
static_assert(offsetof(vturn_event, source) == offsetof(InputEvent, source));
static_assert(offsetof(vturn_event, kind) == offsetof(InputEvent, kind));

PluginHost& self(void* context) noexcept { return *static_cast<PluginHost*>(context); }

}  // namespace

PluginHost::PluginHost(Settings settings, rt::EventQueue::Producer& producer, ingest::SessionClock& clock, LogLine log)
    : settings_(std::move(settings)), producer_(producer), clock_(clock), log_(std::move(log)) {
  host_.abi_version = VTURN_ABI_VERSION;
  host_.struct_size = sizeof(vturn_host);
  host_.context = this;
  host_.io_thread_priority = settings_.io_thread_priority;
  host_.mono_now_ns = [](void*) { return static_cast<std::int64_t>(rt::mono_now_ns()); };
  host_.push = [](void* context, const vturn_event* events, std::uint32_t count) {
    return self(context).push(events, count);
  };
  host_.log = [](void* context, std::int32_t level, const char* text) {
    self(context).log_(level, self(context).settings_.name + ": " + text);
  };
  host_.counter_set = [](void* context, std::uint32_t counter, std::uint64_t value) {
    if (counter < VTURN_COUNTER_END) self(context).counters_[counter].store(value, std::memory_order_relaxed);
  };
  host_.gauge_set = [](void* context, std::uint32_t gauge, double value) {
    if (gauge < VTURN_COUNTER_END) self(context).gauges_[gauge].store(value, std::memory_order_relaxed);
  };
  host_.thread_enter = [](void* context, const char* name) {
    const auto report = rt::set_up_thread(name, self(context).settings_.thread_priority);
    self(context).log_(VTURN_LOG_INFO, report.line);
  };
  host_.clock_publish = [](void* context, std::int64_t mono_ns, std::int64_t session_ns, std::uint32_t epoch) {
    self(context).clock_.publish(mono_ns, session_ns, epoch);
  };
  host_.clock_ttl = [](void* context, std::uint32_t line, std::int64_t session_ns) {
    self(context).clock_.ttl_edge(line, session_ns);
  };
  host_.clock_map = [](void* context, std::int64_t mono_ns, std::int64_t* session_ns, std::int64_t* uncertainty_ns) {
    const auto mapped = self(context).clock_.map(mono_ns);
    if (mapped.epoch_plus_one == 0) return std::int32_t{0};
    *session_ns = mapped.session_ns;
    *uncertainty_ns = mapped.uncertainty_ns;
    return static_cast<std::int32_t>(mapped.epoch_plus_one);
  };
  host_.clock_ttl_edges = [](void* context, std::uint32_t line, std::uint64_t* cursor, std::int64_t* session_ns,
                             std::uint32_t capacity) {
    return self(context).clock_.ttl_edges(line, *cursor, session_ns, capacity);
  };
}

bool PluginHost::admissible(const InputEvent& event) const noexcept {
  switch (event.kind) {
    case InputKind::kSpike:
    case InputKind::kHeading:
    case InputKind::kTtl:
    case InputKind::kSource:
      return settings_.source != kNoSource;
    case InputKind::kLfp:
      return settings_.source != kNoSource && event.payload.lfp.count >= 1 && event.payload.lfp.count <= kMaxLfpSamples;
    case InputKind::kOutputResult:
      return settings_.source == kNoSource;
    default:
      return false;
  }
}

std::uint32_t PluginHost::push(const vturn_event* events, std::uint32_t count) noexcept {
  constexpr std::uint32_t kChunk = 64;
  std::uint32_t taken = 0;
  while (taken < count) {
    const std::uint32_t size = std::min(kChunk, count - taken);
    const std::uint32_t accepted = push_chunk(events + taken, size);
    taken += accepted;
    if (accepted < size) {
      unreported_overflow_ += count - taken;
      break;
    }
  }
  last_push_mono_ns_.store(rt::mono_now_ns(), std::memory_order_relaxed);
  return taken;
}

std::uint32_t PluginHost::push_chunk(const vturn_event* events, std::uint32_t count) noexcept {
  std::array<InputEvent, 64> chunk;
  std::uint32_t used = 0;
  std::uint64_t spikes = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    InputEvent& event = chunk[used];
    event = std::bit_cast<InputEvent>(events[i]);
    if (!admissible(event)) continue;  // a faulty plugin must not forge operators' commands or ticks
    event.source = settings_.source;
    if (event.kind == InputKind::kOutputResult) event.payload.output.output = settings_.output;
    if (event.kind == InputKind::kSpike) ++spikes;
    ++used;
  }
  if (used == 0) return count;
  if (unreported_overflow_ > 0) report_overflow(chunk[0]);
  const std::size_t accepted = producer_.try_push(chunk.data(), used);
  if (accepted == used) {
    spikes_enqueued_.fetch_add(spikes, std::memory_order_relaxed);
    return count;
  }
  const auto spikes_in = std::count_if(chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(accepted),
                                       [](const InputEvent& event) { return event.kind == InputKind::kSpike; });
  spikes_enqueued_.fetch_add(static_cast<std::uint64_t>(spikes_in), std::memory_order_relaxed);
  return static_cast<std::uint32_t>(accepted);
}

void PluginHost::report_overflow(const InputEvent& at) noexcept {
  InputEvent event = at;
  event.kind = InputKind::kSource;
  event.flags = 0;
  event.payload.source = SourceInput{};
  event.payload.source.change = SourceChange::kOverflow;
  event.payload.source.count = unreported_overflow_;
  if (producer_.try_push(&event, 1) == 1) unreported_overflow_ = 0;
}

}  // namespace vturn
