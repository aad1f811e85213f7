#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tools/simulation/gui_events.hpp"
#include "tools/simulation/gui_wire.hpp"

namespace vturn::simulation {

/// One event as the Event Broadcaster 0.2 and 0.3 sends it. JSON names the stream and the electrode and says the
/// plugin's own node; Raw Binary has numbers, and says the node that made the event.
struct BroadcastTtl {
  std::string_view stream;
  std::uint16_t stream_id;
  std::uint16_t plugin_node, source_node;
  double sample_rate;
  std::string_view channel_name;
  std::int64_t sample;
  std::uint8_t line, state;
  std::uint64_t word;
};
struct BroadcastSpike {
  std::string_view stream;
  std::uint16_t stream_id;
  std::uint16_t plugin_node, detector_node;
  std::string_view electrode;
  std::uint16_t electrode_index;
  double sample_rate;
  std::int64_t sample;
  std::uint16_t sorted_id;
  std::span<const float> amplitudes_uv;  ///< one a channel; JSON only
  std::span<const float> thresholds_uv;  ///< one a channel
  std::span<const float> waveform_uv;    ///< channel-major; Raw Binary only
};

std::string broadcast_json(const BroadcastTtl& ttl);
std::string broadcast_json(const BroadcastSpike& spike);
std::vector<std::uint8_t> broadcast_raw(const BroadcastTtl& ttl);
std::vector<std::uint8_t> broadcast_raw(const BroadcastSpike& spike);

/// The Event Broadcaster: spikes and TTL, no channels, nothing numbered.
class EventBroadcasterWire : public GuiWire {
 public:
  EventBroadcasterWire(const MouseSettings& mouse, const WireSettings& settings, bool raw_binary);
  [[nodiscard]] const char* plugin() const override { return "Event Broadcaster"; }

  static constexpr std::uint16_t kStreamId = 10003;

 private:
  void block_messages(const Block& block, SendTime time) override;
  void begin_anew([[maybe_unused]] bool restart) override { events_.forget(); }
  void send_ttl(const GuiTtl& ttl);
  void send_spike(const GuiSpike& spike);
  void emit(std::uint8_t kind, Bytes body, std::int64_t told);

  WireSettings settings_;
  bool raw_binary_;
  GuiEvents events_;
};

}  // namespace vturn::simulation
