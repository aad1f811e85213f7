#include "tools/simulation/event_broadcaster_wire.hpp"

#include <array>
#include <cstdio>

namespace vturn::simulation {
namespace {

constexpr std::uint8_t kTtl = 0, kSpike = 1;                  // envelopes
constexpr std::uint8_t kProcessorEvent = 1, kSpikeEvent = 2;  // packets
constexpr std::uint8_t kTtlType = 3, kSingleElectrode = 1, kStereotrode = 2, kTetrode = 3;
constexpr double kNotSynchronised = -1.0;

/// 15 decimals, of which zeros at the end are left out but for the first.
std::string real(double value) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.15f", value);
  std::string out(text.data());
  out.erase(out.find_last_not_of('0') + 1);
  return out.back() == '.' ? out + '0' : out;
}

class JsonText {
 public:
  JsonText& field(std::string_view name, const std::string& value) {
    text_ += (text_.empty() ? "{\r\n  \"" : ",\r\n  \"") + std::string(name) + "\": " + value;
    return *this;
  }
  JsonText& text(std::string_view name, std::string_view value) {
    std::string quoted = "\"";
    for (const char c : value) {
      if (c == '"' || c == '\\') quoted += '\\';
      quoted += c;
    }
    return field(name, quoted + '"');
  }
  JsonText& number(std::string_view name, std::int64_t value) { return field(name, std::to_string(value)); }
  [[nodiscard]] std::string close() const { return text_ + "\r\n}"; }

 private:
  std::string text_;
};

class Packet {
 public:
  Packet(std::uint8_t kind, std::uint8_t type, std::uint16_t node, std::uint16_t stream, std::uint16_t index,
         std::int64_t sample) {
    put(kind).put(type).put(node).put(stream).put(index).put(sample).put(kNotSynchronised);
  }
  template <class Value>
  Packet& put(Value value) {
    const auto* const raw = reinterpret_cast<const std::uint8_t*>(&value);
    bytes_.insert(bytes_.end(), raw, raw + sizeof value);
    return *this;
  }
  std::vector<std::uint8_t> take() { return std::move(bytes_); }

 private:
  std::vector<std::uint8_t> bytes_;
};

std::uint8_t electrode_type(std::size_t channels) {
  return channels == 4 ? kTetrode : channels == 2 ? kStereotrode : kSingleElectrode;
}

}  // namespace

std::string broadcast_json(const BroadcastTtl& t) {
  return JsonText()
      .text("event_type", "ttl")
      .text("stream", t.stream)
      .number("source_node", t.plugin_node)
      .field("sample_rate", real(t.sample_rate))
      .text("channel_name", t.channel_name)
      .number("sample_number", t.sample)
      .number("line", t.line)
      .field("state", t.state != 0 ? "true" : "false")
      .close();
}

std::string broadcast_json(const BroadcastSpike& s) {
  JsonText text;
  text.text("event_type", "spike")
      .text("stream", s.stream)
      .number("source_node", s.plugin_node)
      .text("electrode", s.electrode)
      .number("num_channels", static_cast<std::int64_t>(s.amplitudes_uv.size()))
      .field("sample_rate", real(s.sample_rate))
      .number("sample_number", s.sample)
      .number("sorted_id", s.sorted_id);
  for (std::size_t i = 0; i < s.amplitudes_uv.size(); ++i) {
    text.field("amp" + std::to_string(i + 1), real(static_cast<double>(s.amplitudes_uv[i])));
  }
  return text.close();
}

std::vector<std::uint8_t> broadcast_raw(const BroadcastTtl& t) {
  return Packet(kProcessorEvent, kTtlType, t.source_node, t.stream_id, 0, t.sample)
      .put(t.line)
      .put(t.state)
      .put(t.word)
      .take();
}

std::vector<std::uint8_t> broadcast_raw(const BroadcastSpike& s) {
  Packet packet(kSpikeEvent, electrode_type(s.thresholds_uv.size()), s.detector_node, s.stream_id, s.electrode_index,
                s.sample);
  packet.put(s.sorted_id);
  for (const float threshold : s.thresholds_uv) packet.put(threshold);
  for (const float sample : s.waveform_uv) packet.put(sample);
  return packet.take();
}

EventBroadcasterWire::EventBroadcasterWire(const MouseSettings& mouse, const WireSettings& settings, bool raw_binary)
    : GuiWire(mouse.rate_hz, settings.faults), settings_(settings), raw_binary_(raw_binary), events_(mouse) {}

void EventBroadcasterWire::block_messages(const Block& block, SendTime) {
  events_.take(
      block, [&](const GuiTtl& ttl) { send_ttl(ttl); }, [&](const GuiSpike& spike) { send_spike(spike); });
}

void EventBroadcasterWire::emit(std::uint8_t kind, Bytes body, std::int64_t told) {
  const std::array<std::uint8_t, 2> envelope{kind, 0};
  const std::array<Bytes, 2> parts{envelope, body};
  GuiWire::emit(parts, told);
}

void EventBroadcasterWire::send_ttl(const GuiTtl& t) {
  const BroadcastTtl ttl{settings_.stream,
                         kStreamId,
                         static_cast<std::uint16_t>(settings_.plugin_node()),
                         static_cast<std::uint16_t>(settings_.source_node),
                         rate_hz(),
                         "All TTL events",
                         t.sample + sample_offset(),
                         t.line,
                         t.state,
                         t.word};
  raw_binary_ ? emit(kTtl, broadcast_raw(ttl), t.sample) : emit(kTtl, bytes_of(broadcast_json(ttl)), t.sample);
}

void EventBroadcasterWire::send_spike(const GuiSpike& s) {
  constexpr std::array<float, 1> kThreshold{static_cast<float>(kGuiThresholdUv)};
  const std::array<float, 1> amplitude{-s.waveform_uv[kGuiTroughIndex]};
  const BroadcastSpike spike{settings_.stream,
                             kStreamId,
                             static_cast<std::uint16_t>(settings_.plugin_node()),
                             static_cast<std::uint16_t>(settings_.detector_node),
                             s.electrode,
                             static_cast<std::uint16_t>(s.unit),
                             rate_hz(),
                             s.sample + sample_offset(),
                             0,
                             amplitude,
                             kThreshold,
                             s.waveform_uv};
  raw_binary_ ? emit(kSpike, broadcast_raw(spike), s.sample) : emit(kSpike, bytes_of(broadcast_json(spike)), s.sample);
}

}  // namespace vturn::simulation
