#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "tools/simulation/gui_events.hpp"
#include "tools/simulation/gui_wire.hpp"

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

/// The ZMQ Interface: TTL, spikes, then one DATA message a channel.
class OpenEphysWire : public GuiWire {
 public:
  OpenEphysWire(const MouseSettings& mouse, const WireSettings& settings);
  [[nodiscard]] const char* plugin() const override { return "ZMQ Interface"; }

 private:
  void block_messages(const Block& block, SendTime time) override;
  void begin_anew(bool restart) override;
  void send_ttl(const GuiTtl& ttl, std::int64_t timestamp_ms);
  void send_spike(const GuiSpike& spike, std::int64_t timestamp_ms);
  void send_data(const Block& block, std::int64_t timestamp_ms);
  void emit(std::string_view envelope, const std::string& header, Bytes payload, std::int64_t told);

  WireSettings settings_;
  GuiEvents events_;
  std::int64_t message_num_ = 0;
};

}  // namespace vturn::simulation
