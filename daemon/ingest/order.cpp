#include "daemon/ingest/order.hpp"

#include <algorithm>

namespace vturn::ingest {
namespace {

// A reader marks the end of a burst after 0.3 ms of silence; a stream without silence must not wait for ever.
constexpr std::int64_t kMaxBurstNs = 20 * kNsPerMs;
// A source that falls silent sends nothing newer: after this much more than its hold, its last events go. It is longer
// than any block of the GUI at usual settings, so that it never cuts a hold short while the source lives.
constexpr std::int64_t kMaxSilenceNs = 200 * kNsPerMs;

template <class Waiting>
bool goes_after(const Waiting& a, const Waiting& b) noexcept {
  return a.session_time_ns != b.session_time_ns ? a.session_time_ns > b.session_time_ns : a.sequence > b.sequence;
}

}  // namespace

Order::Order(const OrderSettings& settings) : capacity_(std::max<std::size_t>(1, settings.capacity)) {
  for (std::size_t source = 0; source < kMaxSources; ++source) {
    Lane& lane = lanes_[source];
    lane.settings = settings.sources[source];
    if (lane.settings.policy == OrderPolicy::kArrival) continue;
    lane.slots.resize(capacity_);
    lane.heap.reserve(capacity_);
    lane.free_slots.reserve(capacity_);
    for (std::size_t slot = 0; slot < capacity_; ++slot) lane.free_slots.push_back(static_cast<std::uint32_t>(slot));
  }
}

std::size_t Order::max_released() const noexcept { return kMaxSources * capacity_ + 1; }

void Order::push(const InputEvent& event, ReleasedEvents& released) noexcept {
  released.clear();
  released.released_mono_ns_ = event.arrival_mono_ns;
  if (event.source < kMaxSources) return take(lanes_[event.source], event, released);
  if (event.kind == InputKind::kTick) {
    for (Lane& lane : lanes_) release_overdue(lane, event.arrival_mono_ns, released);
  }
  released.events_.push_back(event);
}

void Order::flush(MonoNs now_mono_ns, ReleasedEvents& released) noexcept {
  released.clear();
  released.released_mono_ns_ = now_mono_ns;
  for (Lane& lane : lanes_) release_all(lane, released);
}

void Order::take(Lane& lane, const InputEvent& event, ReleasedEvents& released) noexcept {
  if (event.kind == InputKind::kSource) {
    release_all(lane, released);
    // The next epoch has its own times: those of the last one say nothing about lateness.
    if (event.payload.source.change == SourceChange::kEpoch) lane.newest_ns = lane.last_released_ns = INT64_MIN;
    released.events_.push_back(event);
    return;
  }
  if (lane.settings.policy == OrderPolicy::kArrival) return let_go(lane, event, released);
  release_overdue(lane, event.arrival_mono_ns, released);
  if (lane.free_slots.empty()) {
    ++lane.figures.overflowed;
    lane.settings.policy == OrderPolicy::kHold ? release_top(lane, released) : release_all(lane, released);
  }
  store(lane, event);
  if (lane.settings.policy == OrderPolicy::kHold) return release_held(lane, released);
  if ((event.flags & kFlagBurstEnd) != 0) release_all(lane, released);
}

void Order::store(Lane& lane, const InputEvent& event) noexcept {
  if (lane.heap.empty()) lane.first_waiting_mono_ns = event.arrival_mono_ns;
  lane.newest_ns = std::max(lane.newest_ns, event.session_time_ns);
  const std::uint32_t slot = lane.free_slots.back();
  lane.free_slots.pop_back();
  lane.slots[slot] = event;
  lane.heap.push_back({event.session_time_ns, lane.sequence++, slot});
  std::push_heap(lane.heap.begin(), lane.heap.end(), goes_after<Waiting>);
}

void Order::release_held(Lane& lane, ReleasedEvents& released) noexcept {
  while (!lane.heap.empty() && lane.heap.front().session_time_ns <= lane.newest_ns - lane.settings.hold_ns) {
    release_top(lane, released);
  }
}

void Order::release_overdue(Lane& lane, MonoNs now_mono_ns, ReleasedEvents& released) noexcept {
  if (lane.settings.policy == OrderPolicy::kBurst) {
    if (!lane.heap.empty() && now_mono_ns - lane.first_waiting_mono_ns > kMaxBurstNs) release_all(lane, released);
    return;
  }
  while (!lane.heap.empty() &&
         now_mono_ns - lane.slots[lane.heap.front().slot].arrival_mono_ns > lane.settings.hold_ns + kMaxSilenceNs) {
    release_top(lane, released);
  }
}

void Order::release_all(Lane& lane, ReleasedEvents& released) noexcept {
  while (!lane.heap.empty()) release_top(lane, released);
}

void Order::release_top(Lane& lane, ReleasedEvents& released) noexcept {
  std::pop_heap(lane.heap.begin(), lane.heap.end(), goes_after<Waiting>);
  const std::uint32_t slot = lane.heap.back().slot;
  lane.heap.pop_back();
  lane.free_slots.push_back(slot);
  let_go(lane, lane.slots[slot], released);
}

void Order::let_go(Lane& lane, const InputEvent& event, ReleasedEvents& released) noexcept {
  OrderFigures& figures = lane.figures;
  ++figures.released;
  if (event.session_time_ns < lane.last_released_ns) ++figures.late;
  lane.last_released_ns = std::max(lane.last_released_ns, event.session_time_ns);
  const std::int64_t wait_ns = std::max<std::int64_t>(0, released.released_mono_ns_ - event.arrival_mono_ns);
  figures.added_wait_total_ns += wait_ns;
  figures.added_wait_max_ns = std::max(figures.added_wait_max_ns, wait_ns);
  released.events_.push_back(event);
}

}  // namespace vturn::ingest
