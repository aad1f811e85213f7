#pragma once

#include <array>
#include <memory>

#include "daemon/ingest/gui_message.hpp"

namespace vturn::ingest {

class JsonHeader;

/// Messages of the Event Broadcaster plugin 0.2 and 0.3: spikes and TTL edges of all streams, as JSON or as Raw Binary,
/// told apart message by message. 0.1 (GUI 0.5) is refused.
///
/// Nothing is numbered. JSON tells the stream's name and rate and the electrode's name, of the waveform only one value
/// a channel, of the TTL word nothing. Raw Binary has the waveform, but numbers in place of names: the stream is called
/// by its number ("10003"), the electrode with index k of the detector "Electrode k+1", as the GUI calls single
/// electrodes by default.
class EventBroadcasterParser final : public FeedParser {
 public:
  EventBroadcasterParser();
  ~EventBroadcasterParser() override;

  ParseError parse(Frames frames, GuiMessage& message) noexcept override;
  [[nodiscard]] std::string_view describe(ParseError error) const noexcept override;

 private:
  ParseError parse_json(Bytes text, bool is_spike, GuiMessage& message) noexcept;
  ParseError parse_raw(Bytes packet, bool is_spike, GuiMessage& message) noexcept;
  ParseError raw_spike(Bytes packet, GuiMessage& message) noexcept;

  std::unique_ptr<JsonHeader> json_;
  // What the message's views refer to where the packet itself does not hold it.
  std::array<char, 8> stream_{};
  std::array<char, 24> electrode_{};
  std::array<float, kMaxSpikeChannels> peaks_{};
};

}  // namespace vturn::ingest
