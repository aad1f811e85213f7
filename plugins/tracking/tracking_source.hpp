#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "daemon/core/input_event.hpp"
#include "daemon/ingest/heading_osc.hpp"
#include "daemon/ingest/source_clock.hpp"
#include "plugins/api/vturn_plugin.h"
#include "plugins/common/datagram.hpp"
#include "plugins/common/host_master.hpp"
#include "plugins/common/wake.hpp"
#include "plugins/tracking/tracker_clock.hpp"
#include "plugins/tracking/tracking_settings.hpp"

namespace vturn::plugins {

/// The source: one thread that reads tracked headings from a UDP socket and puts them on the session clock.
class TrackingSource {
 public:
  /// Listens: what the tracker sends from here on is kept, as far as the kernel's buffer goes.
  TrackingSource(const vturn_host& host, const char* config_json);
  ~TrackingSource() { stop(); }

  void start();
  void stop() noexcept;

 private:
  struct Counters {
    std::uint64_t received = 0, malformed = 0, unseen = 0, lost = 0, epochs = 0, gaps = 0;
  };

  TrackingSource(const vturn_host& host, TrackingSettings settings);
  void run() noexcept;
  void drain() noexcept;
  void take(std::string_view datagram, bool cut, MonoNs arrival_ns) noexcept;
  /// One of a datagram's headings, or its news that a point was not seen.
  void heading(const ingest::HeadingDatagram& heading, ingest::HeadingError error, MonoNs arrival_ns) noexcept;
  void complain(ingest::HeadingError error) noexcept;
  [[nodiscard]] ingest::ClockEstimate session_time(const TrackerClock::Seen& seen, MonoNs arrival_ns) noexcept;
  void tell_changes(const TrackerClock::Seen& seen, const ingest::ClockEstimate& at, MonoNs arrival_ns) noexcept;
  void push_change(SourceChange change, EpochCause cause, std::uint64_t count, const ingest::ClockEstimate& at,
                   MonoNs arrival_ns) noexcept;
  void push(InputEvent event, const ingest::ClockEstimate& at, MonoNs arrival_ns) noexcept;
  void end_burst() noexcept;
  void tell_counters() noexcept;
  [[nodiscard]] MonoNs now() const noexcept { return host_.mono_now_ns(host_.context); }
  void log(std::int32_t level, const std::string& line) const noexcept {
    host_.log(host_.context, level, line.c_str());
  }

  // A heading makes at most five events: up or epoch, gap, clock, heading.
  static constexpr std::size_t kBatch = 256;
  static constexpr std::size_t kMaxEventsOfOne = 5;

  const vturn_host& host_;
  TrackingSettings settings_;
  std::optional<ingest::OscHeadings> osc_;
  HostMaster master_;
  ingest::SourceClock clock_;
  TrackerClock tracker_;
  ingest::UncertaintyReport report_;
  DatagramSocket socket_;
  StopSignal stop_;
  Counters counters_;
  std::uint64_t headings_ = 0;
  bool up_ = false;
  MonoNs next_complaint_ns_ = 0;
  std::uint64_t told_unseen_ = 0;
  ingest::ClockEstimate newest_;
  std::array<vturn_event, kBatch> batch_;
  std::uint32_t batched_ = 0;
  std::thread thread_;
};

}  // namespace vturn::plugins
