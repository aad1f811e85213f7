#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "daemon/core/input_event.hpp"
#include "daemon/ingest/session_clock.hpp"
#include "daemon/rt/event_queue.hpp"
#include "plugins/api/vturn_plugin.h"

namespace vturn {

/// Level as VTURN_LOG_*, one line. Called from any thread but the decision thread.
using LogLine = std::function<void(int level, const std::string& text)>;

/// The host side of one plugin instance: its way into the queue, its counters, its view of the session clock.
class PluginHost {
 public:
  struct Settings {
    std::string name;                ///< of the source or output in the rig file
    SourceIndex source = kNoSource;  ///< index of a source, kNoSource for an output
    std::uint8_t output = 0;         ///< index of an output
    int thread_priority = 0;
    int io_thread_priority = 0;
  };

  PluginHost(Settings settings, rt::EventQueue::Producer& producer, ingest::SessionClock& clock, LogLine log);
  PluginHost(const PluginHost&) = delete;
  PluginHost& operator=(const PluginHost&) = delete;

  [[nodiscard]] const vturn_host& host() const noexcept { return host_; }
  [[nodiscard]] const std::string& name() const noexcept { return settings_.name; }
  [[nodiscard]] std::uint64_t counter(std::uint32_t id) const noexcept {
    return counters_[id].load(std::memory_order_relaxed);
  }
  [[nodiscard]] double gauge(std::uint32_t id) const noexcept { return gauges_[id].load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t spikes_enqueued() const noexcept {
    return spikes_enqueued_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t refused() const noexcept { return producer_.refused(); }
  [[nodiscard]] MonoNs last_push_mono_ns() const noexcept { return last_push_mono_ns_.load(std::memory_order_relaxed); }

 private:
  std::uint32_t push(const vturn_event* events, std::uint32_t count) noexcept;
  std::uint32_t push_chunk(const vturn_event* events, std::uint32_t count) noexcept;
  void report_overflow(const InputEvent& at) noexcept;
  [[nodiscard]] bool admissible(const InputEvent& event) const noexcept;

  Settings settings_;
  rt::EventQueue::Producer& producer_;
  ingest::SessionClock& clock_;
  LogLine log_;
  vturn_host host_{};
  std::array<std::atomic<std::uint64_t>, VTURN_COUNTER_END> counters_{};
  std::array<std::atomic<double>, VTURN_COUNTER_END> gauges_{};
  std::atomic<std::uint64_t> spikes_enqueued_{0};
  std::atomic<MonoNs> last_push_mono_ns_{0};
  std::uint64_t unreported_overflow_ = 0;  ///< pushing thread only
};

}  // namespace vturn
