#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "tools/simulation/gui_events.hpp"
#include "tools/simulation/gui_wire.hpp"

namespace vturn::simulation {

/// The fields of one block of the Falcon Output (nine-field schema).
struct FalconFields {
  std::span<const float> samples;  ///< channel-major
  std::span<const std::uint16_t> event_codes;
  std::string_view stream;
  std::uint32_t n_channels, n_samples;
  std::uint64_t sample_num;
  double timestamp;
  std::uint64_t message_id;
  std::uint32_t sample_rate;
};

/// The FlatBuffer, byte for byte as the plugin builds it.
std::vector<std::uint8_t> falcon_bytes(const FalconFields& fields);

/// The Falcon Output: all channels of a block in one message, no spikes. Its word of the sample before each TTL change
/// is left as it was in the block before, as in the plugin.
class FalconWire : public GuiWire {
 public:
  FalconWire(const MouseSettings& mouse, const WireSettings& settings);
  [[nodiscard]] const char* plugin() const override { return "Falcon Output"; }

 private:
  void block_messages(const Block& block, SendTime time) override;
  void begin_anew([[maybe_unused]] bool restart) override {}  // messages are numbered through
  void write_codes(const Block& block);

  WireSettings settings_;
  std::vector<std::uint16_t> codes_;
  std::vector<float> samples_;
  std::uint16_t word_ = 0;
  std::uint64_t message_id_ = 0;
};

}  // namespace vturn::simulation
