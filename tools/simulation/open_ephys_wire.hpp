#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tools/simulation/faults.hpp"
#include "tools/simulation/mouse.hpp"

namespace vturn::simulation {

/// The fields of one ZMQ Interface message (GUI 1.0, plugin 1.0): what its JSON header says.
struct DataHeader {
  std::int64_t message_num;
  std::string_view stream;
  int channel_num;
  std::string_view channel_name;
  std::size_t num_samples;
  std::int64_t sample_num;
  double sample_rate;
  std::int64_t timestamp_ms;
};
struct TtlHeader {
  std::int64_t message_num;
  std::string_view stream;
  int source_node;
  std::int64_t sample_num;
  std::int64_t timestamp_ms;
};
struct SpikeHeader {
  std::int64_t message_num;
  std::string_view stream;
  int source_node;
  std::string_view electrode;
  std::int64_t sample_num;
  std::size_t num_samples;
  int sorted_id;
  std::span<const double> threshold;  ///< one a channel
  std::int64_t timestamp_ms;
};

/// The header's text, byte for byte as the GUI's JSON library writes it: pretty-printed, two spaces, CRLF.
std::string format_header(const DataHeader& header);
std::string format_header(const TtlHeader& header);
std::string format_header(const SpikeHeader& header);

/// Envelopes carry their terminating NUL; spikes and TTL share one.
inline constexpr std::string_view kDataEnvelope{"DATA\0", 5};
inline constexpr std::string_view kEventEnvelope{"EVENT\0", 6};

struct WireMessage {
  std::string_view envelope;
  std::string_view header;
  std::span<const std::uint8_t> payload;
};

struct WireSettings {
  std::string stream = "Digital_Mouse-100.mouse";
  int source_node = 100;
  int detector_node = 102;
  std::vector<std::size_t> channels = {};  ///< of Mouse::channel_names(), sent in this order
  FaultSettings faults = {};
};

/// Turns the mouse's blocks into the GUI's messages: TTL (1 Hz, 10 ms, line 0), spikes electrode by electrode (not in
/// time order; those of a block's last 100 samples come with the next block, as the GUI's Spike Detector does; a
/// crossing in the last 32 samples is stamped 4-7 samples early, as GUI 1.0.1 does), then one DATA message a channel.
class OpenEphysWire {
 public:
  using Sink = std::function<void(const WireMessage&)>;

  OpenEphysWire(const MouseSettings& mouse, WireSettings settings);
  void send(const Block& block, std::int64_t timestamp_ms, const Sink& sink);

  [[nodiscard]] std::uint64_t messages() const noexcept { return messages_; }
  /// Sample number on the wire of the mouse's sample 0: shifts at a rehearsed restart or loop.
  [[nodiscard]] std::int64_t sample_offset() const noexcept { return sample_offset_; }

 private:
  struct PendingSpike {
    UnitId unit;
    std::int64_t sample;  ///< the mouse's
  };

  void rehearse_faults(const Block& block);
  void send_ttl(const Block& block, std::int64_t timestamp_ms, const Sink& sink);
  void send_spikes(const Block& block, std::int64_t timestamp_ms, const Sink& sink);
  void send_data(const Block& block, std::int64_t timestamp_ms, const Sink& sink);
  void emit(std::string_view envelope, const std::string& header, std::span<const std::uint8_t> payload,
            const Sink& sink);
  void draw_waveform(UnitId unit);

  WireSettings settings_;
  double rate_hz_;
  std::vector<std::string> electrodes_;
  std::vector<float> amplitudes_uv_;
  Random random_;
  std::vector<PendingSpike> pending_;
  std::vector<float> waveform_;
  Faults faults_;
  std::int64_t message_num_ = 0, sample_offset_ = 0;
  std::uint64_t messages_ = 0;
};

}  // namespace vturn::simulation
