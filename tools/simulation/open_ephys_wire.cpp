#include "tools/simulation/open_ephys_wire.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace vturn::simulation {
namespace {

constexpr std::size_t kWaveformSamples = 40;
constexpr std::size_t kTroughIndex = 9;  // measured on the GUI: pre-peak + 1
constexpr std::int64_t kHeldBack = 100;
constexpr std::int64_t kMisaligned = 32;
constexpr double kThresholdUv = -60.0;
constexpr float kNoiseUv = 8.0F;

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

std::span<const std::uint8_t> bytes_of(std::span<const float> values) {
  return {reinterpret_cast<const std::uint8_t*>(values.data()), values.size_bytes()};
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

OpenEphysWire::OpenEphysWire(const MouseSettings& mouse, WireSettings settings)
    : settings_(std::move(settings)),
      rate_hz_(mouse.rate_hz),
      random_(mouse.seed, 10),
      waveform_(kWaveformSamples),
      faults_(settings_.faults) {
  for (std::size_t unit = 0; unit < mouse.units(); ++unit) {
    electrodes_.push_back("Electrode " + std::to_string(unit + 1));
    amplitudes_uv_.push_back(static_cast<float>(random_.uniform(110.0, 220.0)));
  }
}

void OpenEphysWire::emit(std::string_view envelope, const std::string& header, std::span<const std::uint8_t> payload,
                         const Sink& sink) {
  if (faults_.lose_one()) return;
  ++messages_;
  sink({envelope, header, payload});
}

void OpenEphysWire::rehearse_faults(const Block& block) {
  const auto [restart, loop] = faults_.at(static_cast<double>(block.first_sample) / rate_hz_);
  if (restart) message_num_ = 0;
  if (!restart && !loop) return;
  sample_offset_ = -block.first_sample;
  pending_.clear();
}

void OpenEphysWire::send(const Block& block, std::int64_t timestamp_ms, const Sink& sink) {
  rehearse_faults(block);
  send_ttl(block, timestamp_ms, sink);
  send_spikes(block, timestamp_ms, sink);
  send_data(block, timestamp_ms, sink);
}

void OpenEphysWire::send_ttl(const Block& block, std::int64_t timestamp_ms, const Sink& sink) {
  const auto period = static_cast<std::int64_t>(rate_hz_);
  const std::int64_t rise = period / 2, fall = rise + period / 100;
  const std::int64_t end = block.first_sample + static_cast<std::int64_t>(block.samples);
  for (std::int64_t second = block.first_sample / period; second <= end / period; ++second) {
    for (const auto& [edge, state] : {std::pair{rise, std::uint8_t{1}}, std::pair{fall, std::uint8_t{0}}}) {
      const std::int64_t sample = second * period + edge;
      if (sample < block.first_sample || sample >= end) continue;
      const std::array<std::uint8_t, 10> payload{0, state, state, 0, 0, 0, 0, 0, 0, 0};
      const TtlHeader header{++message_num_, settings_.stream, settings_.source_node, sample + sample_offset_,
                             timestamp_ms};
      emit(kEventEnvelope, format_header(header), payload, sink);
    }
  }
}

void OpenEphysWire::draw_waveform(UnitId unit) {
  const float amplitude = amplitudes_uv_[unit];
  for (std::size_t i = 0; i < kWaveformSamples; ++i) {
    const auto x = static_cast<float>(static_cast<double>(i) - static_cast<double>(kTroughIndex));
    const float spike = -std::exp(-x * x / 18.0F) + 0.3F * std::exp(-(x - 12.0F) * (x - 12.0F) / 60.0F);
    waveform_[i] = amplitude * spike + kNoiseUv * static_cast<float>(random_.normal());
  }
}

void OpenEphysWire::send_spikes(const Block& block, std::int64_t timestamp_ms, const Sink& sink) {
  for (const auto& spike : block.spikes) {
    pending_.push_back({spike.unit, static_cast<std::int64_t>(std::floor(spike.time_s * rate_hz_))});
  }
  const std::int64_t block_end = block.first_sample + static_cast<std::int64_t>(block.samples);
  const std::int64_t end = block_end - kHeldBack;
  const auto held =
      std::stable_partition(pending_.begin(), pending_.end(), [&](const auto& s) { return s.sample < end; });
  std::stable_sort(pending_.begin(), held, [](const auto& a, const auto& b) { return a.unit < b.unit; });
  const std::array<double, 1> threshold{kThresholdUv};
  for (auto it = pending_.begin(); it != held; ++it) {
    const bool misaligned = it->sample >= block.first_sample - kMisaligned && it->sample < block.first_sample;
    const std::int64_t early = misaligned ? 4 + static_cast<std::int64_t>(random_.bits() % 4) : 0;
    draw_waveform(it->unit);
    const SpikeHeader header{++message_num_,
                             settings_.stream,
                             settings_.detector_node,
                             electrodes_[it->unit],
                             it->sample - early + sample_offset_,
                             kWaveformSamples,
                             0,
                             threshold,
                             timestamp_ms};
    emit(kEventEnvelope, format_header(header), bytes_of(waveform_), sink);
  }
  pending_.erase(pending_.begin(), held);
}

void OpenEphysWire::send_data(const Block& block, std::int64_t timestamp_ms, const Sink& sink) {
  for (std::size_t i = 0; i < settings_.channels.size(); ++i) {
    const std::size_t channel = settings_.channels[i];
    const DataHeader header{++message_num_,
                            settings_.stream,
                            static_cast<int>(i),
                            Mouse::channel_names()[channel],
                            block.samples,
                            block.first_sample + sample_offset_,
                            rate_hz_,
                            timestamp_ms};
    emit(kDataEnvelope, format_header(header), bytes_of(block.channels[channel]), sink);
  }
}

}  // namespace vturn::simulation
