#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "daemon/core/types.hpp"

namespace vturn::wire {

/// Way whose latency is measured, between two hop stamps of one input (vturn.v1.Hops).
enum class Hop : std::uint8_t {
  kParse = 0,  ///< bytes received to parsed
  kQueue,      ///< parsed to taken by the decision step
  kDecide,     ///< taken to decided
  kOutput,     ///< decided to output plugin returned
  kPublish,    ///< decided to handed to ZeroMQ
  kReceiveToOutput,
  kReceiveToPublished,
};
inline constexpr std::size_t kHopCount = 7;
inline constexpr std::array<std::string_view, kHopCount> kHopNames{
    "parse", "queue", "decide", "output", "publish", "receive_to_output", "receive_to_published"};

/// Since the start, microseconds.
struct HopLatencySnapshot {
  std::uint64_t count = 0;
  double p50_us = 0, p99_us = 0, p999_us = 0, max_us = 0;
};

/// Counters since the start; meaning of each as in vturn.v1.SourceHealth.
struct SourceHealthSnapshot {
  std::uint64_t messages_received = 0;
  std::uint64_t messages_parsed = 0;
  std::uint64_t messages_malformed = 0;
  std::uint64_t messages_lost = 0;
  std::uint64_t spikes_received = 0;
  std::uint64_t spikes_enqueued = 0;
  std::uint64_t spikes_unmapped = 0;
  std::uint64_t ttl_received = 0;
  std::uint64_t lfp_blocks = 0;
  std::uint64_t headings_received = 0;
  std::uint64_t queue_refused = 0;
  std::uint64_t epochs = 0;
  std::uint64_t gaps = 0;
  double clock_uncertainty_ms = 0;
  double clock_offset_ms = 0;
  std::uint64_t order_late = 0;
  double order_wait_mean_ms = 0;
  double order_wait_max_ms = 0;
  bool alive = false;
};

/// vturn.v1.Tuning as plain values.
struct TuningSnapshot {
  TuningState state = TuningState::kUnknown;
  double compared_s = 0, median_abs_error_deg = 0, scatter_deg = 0, rotation_deg = 0, expected_deg = 0;
};

/// vturn.v1.Health as plain values, so that the decision thread can fill and pass it on without allocating.
struct HealthSnapshot {
  SessionNs session_time_ns = 0;
  std::array<SourceHealthSnapshot, kMaxSources> sources{};  ///< the first `source_count`, in the rig file's order
  std::size_t source_count = 0;
  std::array<HopLatencySnapshot, kHopCount> latencies{};
  std::uint64_t inputs = 0;
  std::uint64_t spikes = 0;
  std::uint64_t late_spikes = 0;
  std::uint64_t ttl = 0;
  std::uint64_t queue_depth = 0;
  std::uint64_t queue_high_water = 0;
  std::uint64_t recorder_depth = 0;
  std::uint64_t recorder_lost = 0;
  std::uint64_t triggers = 0;
  std::uint64_t vetoes = 0;
  std::uint64_t published = 0;
  std::uint64_t publish_dropped = 0;
  std::uint64_t output_overflow = 0;
  std::uint64_t inhibits = 0;           ///< bit n set: VetoReason n inhibits now
  bool sleep_gains_refused = false;     ///< signals that fit the sleep model with no gain of an amplifier
  std::uint8_t undetectable_sides = 0;  ///< bit n set: population events of Direction n cannot be detected
  std::array<SignalQuality, kMaxSleepSignals> signals{};  ///< the first `signal_count`
  std::size_t signal_count = 0;
  TuningSnapshot tuning;
  bool recording = false;
  bool armed = false;
};
static_assert(std::is_trivially_copyable_v<HealthSnapshot>);

}  // namespace vturn::wire
