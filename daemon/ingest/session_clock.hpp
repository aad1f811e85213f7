#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "daemon/core/types.hpp"
#include "daemon/ingest/clock_map.hpp"

namespace vturn::ingest {

/// The session clock as the sources that are not its master see it. The master's reader publishes how session time and
/// monotonic time go together, and its TTL edges; any other reader asks. One writer; readers are lock-free and never
/// wait for the writer. Bounded, allocation-free after construction (about 130 KiB).
class SessionClock {
 public:
  static constexpr std::uint32_t kLines = 256;
  static constexpr std::uint64_t kEdgesPerLine = 64;

  /// `speed`: session seconds per wall second of an accelerated run.
  explicit SessionClock(double speed = 1.0) noexcept;
  SessionClock(const SessionClock&) = delete;
  SessionClock& operator=(const SessionClock&) = delete;

  /// Writer. At `mono_ns` data up to `session_ns` had arrived. `epoch` rises when session time was set on anew.
  void publish(MonoNs mono_ns, SessionNs session_ns, std::uint32_t epoch) noexcept;
  /// Writer. A rising edge of `line` (0-based; beyond kLines ignored).
  void ttl_edge(std::uint32_t line, SessionNs session_ns) noexcept;

  struct Mapped {
    SessionNs session_ns = 0;
    std::int64_t uncertainty_ns = kUnknownUncertaintyNs;
    std::uint32_t epoch_plus_one = 0;  ///< 0: the master has not been heard yet
  };
  /// Session time of the master's data that would arrive at `mono_ns` at minimum delay. Uncertainty without that delay.
  [[nodiscard]] Mapped map(MonoNs mono_ns) const noexcept;
  /// Edges of `line` from `cursor` on (0 = the oldest held), oldest first; overwritten ones are skipped.
  std::uint32_t ttl_edges(std::uint32_t line, std::uint64_t& cursor, SessionNs* edges,
                          std::uint32_t capacity) const noexcept;

 private:
  /// All a reader needs, copied as a whole.
  struct Snapshot {
    ClockLine line;  ///< session time to monotonic time
    SessionNs newest_session_ns = 0;
    double uncertainty_ns = 0;  ///< wall time, at the newest pair
    double drift = 0;           ///< growth since then
    std::uint64_t epoch_plus_one = 0;
  };
  static constexpr std::size_t kWords = (sizeof(Snapshot) + 7) / 8;
  static constexpr std::uint64_t kSlots = 16;
  using Slot = std::array<std::atomic<std::uint64_t>, kWords>;

  void store(const Snapshot& snapshot) noexcept;
  [[nodiscard]] bool load(Snapshot& snapshot) const noexcept;

  double speed_;
  ArrivalMap arrival_;
  std::uint32_t epoch_ = 0;
  bool heard_ = false;
  // A reader copies the newest slot and checks that the writer did not come round meanwhile: it never waits for a
  // writer that was preempted half-way, which a sequence lock would.
  std::array<Slot, kSlots> slots_{};
  std::atomic<std::uint64_t> published_{0};

  struct Line {
    std::array<std::atomic<SessionNs>, kEdgesPerLine> edges{};
    std::atomic<std::uint64_t> count{0};
  };
  std::array<Line, kLines> lines_{};
};

}  // namespace vturn::ingest
