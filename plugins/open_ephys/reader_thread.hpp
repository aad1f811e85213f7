#pragma once

#include <array>
#include <optional>
#include <string>
#include <thread>

#include "plugins/api/vturn_plugin.h"
#include "plugins/common/host_master.hpp"
#include "plugins/common/wake.hpp"
#include "plugins/open_ephys/block_end.hpp"
#include "plugins/open_ephys/diagnosis.hpp"
#include "plugins/open_ephys/gui_streams.hpp"
#include "plugins/open_ephys/heartbeat.hpp"
#include "plugins/open_ephys/settings.hpp"
#include "plugins/open_ephys/subscriber.hpp"

namespace vturn::plugins {

/// The source: one thread that empties the socket, takes the messages apart and hands the events on burst by burst. A
/// burst ends with 0.3 ms of silence, with the block's last message, or when it has grown long or old.
class OpenEphysSource final : ingest::EventSink {
 public:
  /// Connects: what the GUI sends from here on is kept.
  OpenEphysSource(const vturn_host& host, const char* config_json);
  ~OpenEphysSource() { stop(); }

  void start();
  void stop() noexcept;

 private:
  void run() noexcept;
  void event(const InputEvent& event, std::int64_t own_ns) noexcept override;
  void note_clock(const InputEvent& event, std::int64_t own_ns) noexcept;
  void take_message() noexcept;
  void make_reader() noexcept;
  [[nodiscard]] double ask_rate(const std::string& stream) noexcept;
  [[nodiscard]] bool burst_over(MonoNs now_ns) noexcept;
  void end_burst() noexcept;
  void tell_clock() noexcept;
  void tell_uncertainty() noexcept;
  void push_all_but_last() noexcept;
  void tell_counters() noexcept;
  void housekeeping() noexcept;
  void say_down() noexcept;
  [[nodiscard]] bool wait(MonoNs at_most_ns) noexcept;
  [[nodiscard]] MonoNs now() const noexcept { return host_.mono_now_ns(host_.context); }
  void log(std::int32_t level, const std::string& line) const noexcept {
    host_.log(host_.context, level, line.c_str());
  }

  static constexpr std::size_t kBatch = 512;

  const vturn_host& host_;
  OpenEphysSettings settings_;
  HostMaster master_;
  ingest::SourceClock clock_;
  ingest::UncertaintyReport report_;
  ZmqContext context_;
  Subscriber subscriber_;
  std::optional<Heartbeat> heartbeat_;
  GuiStreams gui_;
  StopSignal stop_;
  Diagnosis diagnosis_;
  std::optional<ingest::OpenEphysReader> reader_;
  BlockEnd block_end_;
  std::string newest_stream_;
  std::array<vturn_event, kBatch> batch_;
  std::uint32_t batched_ = 0;
  bool burst_open_ = false;
  bool block_ended_ = false;
  MonoNs burst_began_ns_ = 0;
  MonoNs newest_arrival_ns_ = 0;
  MonoNs next_housekeeping_ns_ = 0;
  std::int64_t first_offset_ns_ = 0;
  bool offset_known_ = false;
  std::thread thread_;
};

}  // namespace vturn::plugins
