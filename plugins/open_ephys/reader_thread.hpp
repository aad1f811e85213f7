#pragma once

#include <optional>
#include <string>
#include <thread>

#include "plugins/api/vturn_plugin.h"
#include "plugins/common/burst.hpp"
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
class OpenEphysSource {
 public:
  /// Connects: what the GUI sends from here on is kept.
  OpenEphysSource(const vturn_host& host, const char* config_json);
  ~OpenEphysSource() { stop(); }

  void start();
  void stop() noexcept;

 private:
  void run() noexcept;
  void take_message() noexcept;
  void make_reader() noexcept;
  [[nodiscard]] double ask_rate(const std::string& stream) noexcept;
  void end_burst() noexcept;
  void housekeeping() noexcept;
  [[nodiscard]] bool wait(MonoNs at_most_ns) noexcept;
  [[nodiscard]] MonoNs now() const noexcept { return host_.mono_now_ns(host_.context); }
  void log(std::int32_t level, const std::string& line) const noexcept {
    host_.log(host_.context, level, line.c_str());
  }

  const vturn_host& host_;
  OpenEphysSettings settings_;
  Burst burst_;
  ZmqContext context_;
  Subscriber subscriber_;
  std::optional<Heartbeat> heartbeat_;
  GuiStreams gui_;
  StopSignal stop_;
  Diagnosis diagnosis_;
  std::optional<ingest::OpenEphysReader> reader_;
  BlockEnd block_end_;
  MonoNs next_housekeeping_ns_ = 0;
  std::thread thread_;
};

}  // namespace vturn::plugins
