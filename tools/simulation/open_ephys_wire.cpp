#include "tools/simulation/open_ephys_wire.hpp"

#include <array>
#include <charconv>
#include <optional>

namespace vturn::simulation {
namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

/// Shortest form that reads back, always with a fraction.
std::string real(double value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  std::string out(text.data(), end);
  if (out.find_first_of(".e") == std::string::npos) out += ".0";
  return out;
}

class HeaderText {
 public:
  HeaderText(std::int64_t message_num, std::string_view type, std::string_view content) {
    text_ = "{\r\n  \"message_num\": " + std::to_string(message_num) + ",\r\n  \"type\": " + quoted(type) + ",\r\n  " +
            quoted(content) + ": {";
  }
  HeaderText& field(std::string_view name, const std::string& value) {
    text_ += first_ ? "\r\n    " : ",\r\n    ";
    text_ += quoted(name) + ": " + value;
    first_ = false;
    return *this;
  }
  HeaderText& field(std::string_view name, std::int64_t value) { return field(name, std::to_string(value)); }
  HeaderText& field(std::string_view name, std::size_t value) { return field(name, std::to_string(value)); }
  HeaderText& field(std::string_view name, int value) { return field(name, std::to_string(value)); }
  std::string close(std::int64_t timestamp_ms, std::optional<std::size_t> data_size) {
    text_ += "\r\n  },\r\n";
    if (data_size) text_ += "  \"data_size\": " + std::to_string(*data_size) + ",\r\n";
    return text_ + "  \"timestamp\": " + std::to_string(timestamp_ms) + "\r\n}";
  }

 private:
  std::string text_;
  bool first_ = true;
};

std::string threshold_text(std::span<const double> thresholds) {
  std::string text = "[";
  for (std::size_t i = 0; i < thresholds.size(); ++i)
    text += (i == 0 ? "\r\n      " : ",\r\n      ") + real(thresholds[i]);
  return text + "\r\n    ]";
}

}  // namespace

std::string format_header(const DataHeader& h) {
  return HeaderText(h.message_num, "data", "content")
      .field("stream", quoted(h.stream))
      .field("channel_num", h.channel_num)
      .field("channel_name", quoted(h.channel_name))
      .field("num_samples", h.num_samples)
      .field("sample_num", h.sample_num)
      .field("sample_rate", real(h.sample_rate))
      .close(h.timestamp_ms, h.num_samples * sizeof(float));
}

std::string format_header(const TtlHeader& h) {
  constexpr int kTtlType = 3;
  constexpr std::size_t kTtlBytes = 10;
  return HeaderText(h.message_num, "event", "content")
      .field("stream", quoted(h.stream))
      .field("source_node", h.source_node)
      .field("type", kTtlType)
      .field("sample_num", h.sample_num)
      .close(h.timestamp_ms, kTtlBytes);
}

std::string format_header(const SpikeHeader& h) {
  return HeaderText(h.message_num, "spike", "spike")
      .field("stream", quoted(h.stream))
      .field("source_node", h.source_node)
      .field("electrode", quoted(h.electrode))
      .field("sample_num", h.sample_num)
      .field("num_channels", h.threshold.size())
      .field("num_samples", h.num_samples)
      .field("sorted_id", h.sorted_id)
      .field("threshold", threshold_text(h.threshold))
      .close(h.timestamp_ms, std::nullopt);
}

OpenEphysWire::OpenEphysWire(const MouseSettings& mouse, const WireSettings& settings)
    : GuiWire(mouse.rate_hz, settings.faults), settings_(settings), events_(mouse) {}

void OpenEphysWire::begin_anew(bool restart) {
  if (restart) message_num_ = 0;
  events_.forget();
}

void OpenEphysWire::emit(std::string_view envelope, const std::string& header, Bytes payload, std::int64_t told) {
  const std::array<Bytes, 3> parts{bytes_of(envelope), bytes_of(header), payload};
  GuiWire::emit(parts, told);
}

void OpenEphysWire::block_messages(const Block& block, SendTime time) {
  events_.take(
      block, [&](const GuiTtl& ttl) { send_ttl(ttl, time.unix_ms); },
      [&](const GuiSpike& spike) { send_spike(spike, time.unix_ms); });
  send_data(block, time.unix_ms);
}

void OpenEphysWire::send_ttl(const GuiTtl& ttl, std::int64_t timestamp_ms) {
  std::array<std::uint8_t, 10> payload{ttl.line, ttl.state};
  for (std::size_t i = 0; i < 8; ++i) payload[2 + i] = static_cast<std::uint8_t>(ttl.word >> (8 * i));
  const TtlHeader header{++message_num_, settings_.stream, settings_.source_node, ttl.sample + sample_offset(),
                         timestamp_ms};
  emit(kEventEnvelope, format_header(header), payload, ttl.sample);
}

void OpenEphysWire::send_spike(const GuiSpike& spike, std::int64_t timestamp_ms) {
  constexpr std::array<double, 1> kThreshold{kGuiThresholdUv};
  const SpikeHeader header{++message_num_,
                           settings_.stream,
                           settings_.detector_node,
                           spike.electrode,
                           spike.sample + sample_offset(),
                           spike.waveform_uv.size(),
                           0,
                           kThreshold,
                           timestamp_ms};
  emit(kEventEnvelope, format_header(header), bytes_of(spike.waveform_uv), spike.sample);
}

void OpenEphysWire::send_data(const Block& block, std::int64_t timestamp_ms) {
  for (std::size_t i = 0; i < settings_.channels.size(); ++i) {
    const std::size_t channel = settings_.channels[i];
    const DataHeader header{++message_num_,      settings_.stream,
                            static_cast<int>(i), Mouse::channel_names()[channel],
                            block.samples,       block.first_sample + sample_offset(),
                            rate_hz(),           timestamp_ms};
    emit(kDataEnvelope, format_header(header), bytes_of(block.channels[channel]),
         block.first_sample + static_cast<std::int64_t>(block.samples));
  }
}

}  // namespace vturn::simulation
