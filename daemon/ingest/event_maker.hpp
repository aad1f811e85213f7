#pragma once

#include <cstdint>

#include "daemon/core/input_event.hpp"

namespace vturn::ingest {

/// Takes what a reader makes. `own_ns` is the same instant on the source's own clock (= session time for the master).
class EventSink {
 public:
  virtual void event(const InputEvent& event, std::int64_t own_ns) noexcept = 0;

 protected:
  ~EventSink() = default;
};

/// How a source that is not the clock master gets session time. The function never blocks and never throws.
struct SessionMapping {
  void* context = nullptr;
  /// Session time of what the source's own clock calls `own_ns` and what arrived at `arrival_mono_ns`.
  SessionNs (*session_of)(void* context, std::int64_t own_ns, MonoNs arrival_mono_ns) noexcept = nullptr;
};

/// What all readers of the daemon are told alike.
struct ReaderOrigin {
  SourceIndex source = 0;
  bool master = true;          ///< own time is session time; else `mapping` has to be given
  bool carries_spikes = true;  ///< copied into source events
  bool carries_motion = false;
  SessionMapping mapping;
};

/// What every reader counts since it was made. received = parsed + malformed.
struct ReaderCounters {
  std::uint64_t received = 0, parsed = 0, malformed = 0;
  std::uint64_t lost = 0;  ///< messages, blocks or samples (the source's own unit) that never came
  std::uint64_t spikes_received = 0, spikes_unmapped = 0, ttl_received = 0;
  std::uint64_t lfp_blocks = 0;        ///< LfpInput events handed on
  std::uint64_t epochs = 0, gaps = 0;  ///< source events kEpoch, kGap
};

/// An instant as a reader knows it.
struct Instant {
  SampleIndex sample = 0;
  std::int64_t own_ns = 0;
  MonoNs arrival_mono_ns = 0;
};

/// Makes one source's input events: puts them on the session clock and tells what happens to the source. Leaves
/// parse_delay_ns and kFlagBurstEnd to the caller, who has the clock and the socket. Allocation-free.
class EventMaker {
 public:
  /// Throws std::invalid_argument for a source that is neither master nor has a mapping.
  explicit EventMaker(const ReaderOrigin& origin);

  [[nodiscard]] InputEvent at(InputKind kind, const Instant& instant) const noexcept;
  void emit(InputEvent& event, std::int64_t own_ns, EventSink& sink) noexcept;
  void change(SourceChange change, EpochCause cause, std::uint64_t count, const Instant& instant,
              EventSink& sink) noexcept;

  /// Before the events of a piece of data: the source is up (once), began a new epoch (`cause`), or lost something.
  void announce(EpochCause cause, std::uint64_t lost, const Instant& instant, EventSink& sink) noexcept;
  /// Data that make no event still tell that the master's clock goes on: ten times a second, as a kClock event without
  /// uncertainty.
  void tell_time(const Instant& instant, EventSink& sink) noexcept;

  [[nodiscard]] const ReaderOrigin& origin() const noexcept { return origin_; }
  [[nodiscard]] std::uint64_t epochs() const noexcept { return epochs_; }
  [[nodiscard]] std::uint64_t gaps() const noexcept { return gaps_; }

 private:
  static constexpr std::int64_t kTellTimeNs = 100 * kNsPerMs;

  ReaderOrigin origin_;
  std::uint64_t epochs_ = 0, gaps_ = 0;
  std::int64_t last_event_own_ns_ = 0;
  bool up_ = false;
};

}  // namespace vturn::ingest
