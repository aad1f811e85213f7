#pragma once

#include <array>
#include <cstdint>

#include "daemon/ingest/event_maker.hpp"
#include "daemon/ingest/source_clock.hpp"
#include "plugins/api/vturn_plugin.h"
#include "plugins/common/host_master.hpp"

namespace vturn::plugins {

/// What one reader thread hands to the host: events burst by burst, and what they say about the clocks. A burst ends
/// with 0.3 ms of silence, with what the caller knows to be its end, or when it has grown long or old. Used by the
/// reader's thread alone; allocation-free.
class Burst final : public ingest::EventSink {
 public:
  static constexpr MonoNs kSilenceNs = 300'000;

  /// For a source that is not the master, `clock` says how it is mapped.
  Burst(const vturn_host& host, const ingest::SourceClockSettings& clock);
  Burst(const Burst&) = delete;
  Burst& operator=(const Burst&) = delete;

  /// The reader's origin with the mapping that this burst keeps; call once, before the reader is made.
  [[nodiscard]] ingest::ReaderOrigin adopt(ingest::ReaderOrigin origin) noexcept;

  /// Bytes came in at `now_ns`: opens the burst.
  void arrived(MonoNs now_ns) noexcept;
  void event(const InputEvent& event, std::int64_t own_ns) noexcept override;

  [[nodiscard]] bool open() const noexcept { return open_; }
  /// Silence left to wait for; 0 or less: the burst is over.
  [[nodiscard]] MonoNs silence_left_ns(MonoNs now_ns) const noexcept {
    return newest_arrival_ns_ + kSilenceNs - now_ns;
  }
  /// Has grown long or old: the decision gets its spikes even without silence (many channels, fast blocks).
  [[nodiscard]] bool due(MonoNs now_ns) const noexcept;
  /// Hands the burst on, and the clock with it. `newest_own_ns`: data up to here have arrived (0 = none yet).
  void end(std::int64_t newest_own_ns, std::uint32_t epoch) noexcept;

  void tell_counters(const ingest::ReaderCounters& counters) const noexcept;
  /// The reader ends.
  void say_down(std::int64_t newest_own_ns, std::uint32_t epoch) noexcept;

 private:
  static constexpr std::size_t kBatch = 512;
  // A burst that does not pause is cut here.
  static constexpr MonoNs kOldestNs = 2 * kNsPerMs;

  void note_clock(const InputEvent& event, std::int64_t own_ns) noexcept;
  void push_all_but_last() noexcept;
  void tell_clock(std::int64_t newest_own_ns, std::uint32_t epoch) noexcept;
  void tell_uncertainty(std::int64_t own_ns, std::uint32_t epoch) noexcept;
  [[nodiscard]] InputEvent source_event(SourceChange change, std::uint32_t epoch, std::int64_t value_ns) const noexcept;

  const vturn_host& host_;
  HostMaster master_;
  ingest::SourceClock clock_;
  ingest::UncertaintyReport report_;
  ingest::ReaderOrigin origin_;
  std::array<vturn_event, kBatch> batch_;
  std::uint32_t batched_ = 0;
  bool open_ = false;
  MonoNs began_ns_ = 0;
  MonoNs newest_arrival_ns_ = 0;
  std::int64_t first_offset_ns_ = 0;
  bool offset_known_ = false;
};

}  // namespace vturn::plugins
