#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "daemon/core/input_event.hpp"

namespace vturn::ingest {

/// When a source's events go on to the engine, and in which order (DESIGN §2).
enum class OrderPolicy : std::uint8_t {
  kBurst = 1,  ///< sorted within the received burst, which kFlagBurstEnd, a full buffer or 20 ms of arrival ends
  kHold,       ///< sorted; each waits until the source's newest time is `hold_ns` past it, or until it fell silent
  kArrival,    ///< at once, as received
};

struct OrderSettings {
  struct Source {
    OrderPolicy policy = OrderPolicy::kBurst;
    std::int64_t hold_ns = 20 * kNsPerMs;
  };
  std::array<Source, kMaxSources> sources{};
  std::size_t capacity = 4096;  ///< events that wait, for each source
};

/// What one push lets go, oldest first. Made once, cleared before each push.
class ReleasedEvents {
 public:
  explicit ReleasedEvents(std::size_t capacity) { events_.reserve(capacity); }

  [[nodiscard]] std::span<const InputEvent> events() const noexcept { return events_; }
  /// Arrival of the event that let them go: minus an event's own arrival = the wait that ordering has added to it.
  [[nodiscard]] MonoNs released_mono_ns() const noexcept { return released_mono_ns_; }
  void clear() noexcept { events_.clear(); }

 private:
  friend class Order;
  std::vector<InputEvent> events_;
  MonoNs released_mono_ns_ = 0;
};

struct OrderFigures {
  std::uint64_t released = 0;
  std::uint64_t late = 0;        ///< released with a time before one of the same source that had gone already
  std::uint64_t overflowed = 0;  ///< went early because the buffer was full
  std::int64_t added_wait_total_ns = 0;
  std::int64_t added_wait_max_ns = 0;
};

/// Puts each source's spikes, TTL, LFP and headings in order of session time; equal times keep their order of arrival.
/// Sources never wait for each other. A source change (epoch, gap, down) is a barrier: what came before goes first.
/// Events without a source (ticks, commands, results) pass at once. No allocation after it is made.
class Order {
 public:
  explicit Order(const OrderSettings& settings);

  /// Enough room for `ReleasedEvents`: no push releases more.
  [[nodiscard]] std::size_t max_released() const noexcept;

  /// Clears `released` and fills it with what may go now.
  void push(const InputEvent& event, ReleasedEvents& released) noexcept;
  /// Lets everything go that waits, at the end of a session.
  void flush(MonoNs now_mono_ns, ReleasedEvents& released) noexcept;

  [[nodiscard]] const OrderFigures& figures(SourceIndex source) const noexcept { return lanes_[source].figures; }

 private:
  struct Waiting {
    SessionNs session_time_ns;
    std::uint64_t sequence;
    std::uint32_t slot;
  };
  struct Lane {
    OrderSettings::Source settings;
    std::vector<InputEvent> slots;
    std::vector<std::uint32_t> free_slots;
    std::vector<Waiting> heap;  ///< earliest on top
    std::uint64_t sequence = 0;
    SessionNs newest_ns = INT64_MIN;
    SessionNs last_released_ns = INT64_MIN;
    MonoNs first_waiting_mono_ns = 0;
    OrderFigures figures;
  };

  void take(Lane& lane, const InputEvent& event, ReleasedEvents& released) noexcept;
  void store(Lane& lane, const InputEvent& event) noexcept;
  void release_held(Lane& lane, ReleasedEvents& released) noexcept;
  void release_overdue(Lane& lane, MonoNs now_mono_ns, ReleasedEvents& released) noexcept;
  void release_all(Lane& lane, ReleasedEvents& released) noexcept;
  void release_top(Lane& lane, ReleasedEvents& released) noexcept;
  void let_go(Lane& lane, const InputEvent& event, ReleasedEvents& released) noexcept;

  std::size_t capacity_;
  std::array<Lane, kMaxSources> lanes_;
};

}  // namespace vturn::ingest
