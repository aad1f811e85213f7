#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "plugins/api/vturn_plugin.h"
#include "plugins/common/burst.hpp"
#include "plugins/common/wake.hpp"
#include "plugins/intan_rhx/command_client.hpp"
#include "plugins/intan_rhx/dialogue.hpp"
#include "plugins/intan_rhx/live_notes.hpp"
#include "plugins/intan_rhx/pulses.hpp"
#include "plugins/intan_rhx/settings.hpp"
#include "plugins/intan_rhx/socket_keep.hpp"
#include "plugins/intan_rhx/watch.hpp"

namespace vturn::plugins {

/// The source: one thread that talks to RHX's command port and empties both data sockets. It waits for nobody but its
/// sockets: a data client that does not read stops the user's recording.
class IntanRhxSource {
 public:
  IntanRhxSource(const vturn_host& host, const char* config_json);
  ~IntanRhxSource() { stop(); }

  void start();
  void stop() noexcept;
  /// Decision thread: a live note for RHX's recording.
  void mark(const char* text) noexcept { notes_.put(text); }

  /// Outputs of the same RHX: added at set-up, before start.
  [[nodiscard]] RhxPulses& pulses() noexcept { return pulses_; }
  [[nodiscard]] const RhxSettings& settings() const noexcept { return settings_; }

 private:
  struct DataPort {
    KeptRole role;
    TcpSocket socket;
    bool open = false;  ///< as it was told of
    MonoNs next_connect_ns = 0;
  };

  void take_over() noexcept;
  void run() noexcept;
  void wait() noexcept;
  void note_stall(MonoNs now_ns) noexcept;
  void command_port(MonoNs now_ns) noexcept;
  void ask(MonoNs now_ns) noexcept;
  void answered() noexcept;
  void doubt(MonoNs now_ns) noexcept;
  void use_when_settled(MonoNs now_ns) noexcept;
  void use(const RhxIdentity& identity);
  void data_port(DataPort& port, bool offered, MonoNs now_ns) noexcept;
  void read(DataPort& port) noexcept;
  void discard(DataPort& port, MonoNs now_ns) noexcept;
  void lost(DataPort& port) noexcept;
  void end_burst() noexcept;
  void housekeeping(MonoNs now_ns) noexcept;
  [[nodiscard]] ingest::ReaderCounters counters() const noexcept;
  [[nodiscard]] MonoNs now() const noexcept { return host_.mono_now_ns(host_.context); }
  void log(std::int32_t level, const std::string& line) const noexcept {
    host_.log(host_.context, level, line.c_str());
  }

  const vturn_host& host_;
  RhxSettings settings_;
  Burst burst_;
  std::unique_ptr<SocketKeep> keep_;
  CommandClient client_;
  RhxPulses pulses_;
  RhxDialogue dialogue_;
  RhxWatch watch_;
  LiveNotes notes_;
  std::string unsent_notes_;
  DataPort waveform_{KeptRole::kWaveform, {}, false, 0}, spikes_{KeptRole::kSpikes, {}, false, 0};
  std::optional<ingest::RhxReader> reader_;
  std::vector<std::uint8_t> buffer_;
  std::uint64_t drained_seen_ = 0, received_bytes_ = 0;
  MonoNs took_over_ns_ = 0;
  bool discarding_ = false;
  MonoNs next_connect_ns_ = 0, next_housekeeping_ns_ = 0;
  bool command_was_up_ = false;
  bool set_up_ = false;   ///< the dialogue's plan stands
  MonoNs use_at_ns_ = 0;  ///< when the reader is to know of it; 0 = it does, or there is none
  MonoNs next_doubt_ns_ = 0;
  std::string refusal_told_;
  StopSignal stop_;
  std::thread thread_;
};

}  // namespace vturn::plugins
