#pragma once

#include <cstdint>
#include <string_view>

#include "daemon/core/expected.hpp"
#include "daemon/core/types.hpp"
#include "daemon/ingest/clock_map.hpp"

namespace vturn::ingest {

/// What a source that is not the master knows of the master: SessionClock behind the plugin interface, or a test.
class MasterClock {
 public:
  MasterClock() = default;
  MasterClock(const MasterClock&) = delete;
  MasterClock& operator=(const MasterClock&) = delete;
  virtual ~MasterClock() = default;

  struct Mapped {
    ClockEstimate estimate;
    std::uint32_t epoch_plus_one = 0;  ///< 0: the master has not been heard yet
  };
  [[nodiscard]] virtual Mapped map(MonoNs mono_ns) const noexcept = 0;
  virtual std::uint32_t ttl_edges(std::uint32_t line, std::uint64_t& cursor, SessionNs* edges,
                                  std::uint32_t capacity) const noexcept = 0;
};

struct SourceClockSettings {
  bool by_ttl = false;
  std::uint32_t line = 0;  ///< 0-based
  double speed = 1.0;
  /// Arrival mapping cannot see how much the sources' minimum delays differ; this much is allowed for.
  std::int64_t delay_allowance_ns = 2 * kNsPerMs;
};

/// "arrival" or "ttl:LINE" (0-based), as a rig file's `clock` says it.
Expected<SourceClockSettings> parse_source_clock(std::string_view clock, double speed);

/// The clock of a source that is not the master: maps its own time onto session time, by arrival or by shared pulses.
/// Before the pulses are paired, arrival times serve, with an uncertainty that inhibits. Single-threaded (the source's
/// reader), allocation-free.
class SourceClock {
 public:
  SourceClock(SourceClockSettings settings, const MasterClock& master) noexcept;

  /// With each message or burst: data up to `own_ns` had arrived at `arrival_ns`.
  void observe(std::int64_t own_ns, MonoNs arrival_ns) noexcept;
  /// A rising edge of the source's own line; others than the agreed one are ignored.
  void ttl_edge(std::uint32_t line, std::int64_t own_ns) noexcept;
  /// A new epoch: the own clock was set on anew and says less about the past.
  void restart() noexcept;

  [[nodiscard]] ClockEstimate map(std::int64_t own_ns) const noexcept;

 private:
  [[nodiscard]] ClockEstimate by_arrival(std::int64_t own_ns) const noexcept;
  void take_master_edges() noexcept;

  SourceClockSettings settings_;
  const MasterClock& master_;
  ArrivalMap arrival_;
  TtlMap ttl_;
  std::uint64_t cursor_ = 0;
  std::uint32_t master_epoch_ = 0;
};

/// Says when a new uncertainty is worth an event: at first, when it crosses `bound_ns`, and when it has changed by
/// half.
class UncertaintyReport {
 public:
  explicit UncertaintyReport(std::int64_t bound_ns = 5 * kNsPerMs) noexcept : bound_ns_(bound_ns) {}
  bool worth_telling(std::int64_t uncertainty_ns) noexcept;

 private:
  std::int64_t bound_ns_;
  std::int64_t told_ns_ = -1;
};

}  // namespace vturn::ingest
