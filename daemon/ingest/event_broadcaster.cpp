#include "daemon/ingest/event_broadcaster.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#include "daemon/ingest/json_header.hpp"

namespace vturn::ingest {
namespace {

constexpr std::int64_t kMaxSortedId = 65535;
constexpr std::int64_t kMaxTtlLine = 255;
// A float beyond it is no voltage, and a double beyond the floats' range has no float.
constexpr double kAbsurd = 1e9;

// Raw Binary: the GUI's own packets. Both kinds begin with u8 kind, u8 type, u16 processor, u16 stream, u16 index, i64
// sample, f64 time stamp.
constexpr std::uint8_t kProcessorEvent = 1, kSpikeEvent = 2;
constexpr std::uint8_t kTtlType = 3;
constexpr std::size_t kProcessorAt = 2, kStreamAt = 4, kIndexAt = 6, kSampleAt = 8;
constexpr std::size_t kLineAt = 24, kStateAt = 25, kWordAt = 26, kTtlBytes = 34;
constexpr std::size_t kSortedIdAt = 24, kThresholdsAt = 26;

std::uint64_t unsigned_at(Bytes bytes, std::size_t at, std::size_t count) noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = count; i-- > 0;) value = (value << 8) | bytes[at + i];
  return value;
}

bool starts_with(Bytes frame, std::string_view text) noexcept {
  return frame.size() >= text.size() && std::memcmp(frame.data(), text.data(), text.size()) == 0;
}

/// 0.1 sent u16, f64 seconds and a packet; or a line of text like "spike/sortedid:0/id:3/ts:17", alone or with JSON.
bool is_old(Frames frames) noexcept {
  if (frames.empty()) return false;
  if (frames.size() == 3) return frames[0].size() == 2 && frames[1].size() == sizeof(double);
  return starts_with(frames[0], "spike/") || starts_with(frames[0], "ttl/");
}

/// What the JSON says, whatever the order of its keys; absent fields stay empty.
struct Fields {
  std::optional<std::string_view> event_type, stream, electrode;
  std::optional<std::int64_t> sample, sorted_id, num_channels, line, state;
  std::optional<double> sample_rate_hz;
};

template <class T>
bool take(simdjson::dom::element value, std::optional<T>& field) noexcept {
  T taken{};
  if (value.get(taken) != simdjson::SUCCESS) return false;
  field = taken;
  return true;
}

/// The plugin sends true and false; its documentation says 1 and 0.
bool take_state(simdjson::dom::element value, std::optional<std::int64_t>& field) noexcept {
  bool state = false;
  if (value.get(state) != simdjson::SUCCESS) return take(value, field);
  field = state ? 1 : 0;
  return true;
}

/// "amp1" is the first channel's: minus the sample after the threshold crossing's peak. It may be anything (in PEAK
/// mode the plugin reads past its waveform).
bool take_peak(std::string_view number, simdjson::dom::element value,
               std::array<float, kMaxSpikeChannels>& peaks) noexcept {
  std::size_t channel = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), channel);
  if (error != std::errc{} || end != number.data() + number.size() || channel < 1 || channel > peaks.size())
    return true;  // some other key
  double amplitude = 0;
  if (value.get(amplitude) == simdjson::SUCCESS && std::fabs(amplitude) <= kAbsurd)
    peaks[channel - 1] = -static_cast<float>(amplitude);
  return true;
}

bool take_field(std::string_view key, simdjson::dom::element value, Fields& fields,
                std::array<float, kMaxSpikeChannels>& peaks) noexcept {
  if (key == "event_type") return take(value, fields.event_type);
  if (key == "stream") return take(value, fields.stream);
  if (key == "sample_rate") return take(value, fields.sample_rate_hz);
  if (key == "sample_number") return take(value, fields.sample);
  if (key == "electrode") return take(value, fields.electrode);
  if (key == "num_channels") return take(value, fields.num_channels);
  if (key == "sorted_id") return take(value, fields.sorted_id);
  if (key == "line") return take(value, fields.line);
  if (key == "state") return take_state(value, fields.state);
  if (key.starts_with("amp")) return take_peak(key.substr(3), value, peaks);
  return true;
}

bool in_range(std::int64_t value, std::int64_t low, std::int64_t high) noexcept {
  return value >= low && value <= high;
}

bool usable(std::string_view stream, std::int64_t sample, double rate_hz) noexcept {
  return stream.size() <= kMaxStreamNameBytes && in_range(sample, -kMaxSampleNumber, kMaxSampleNumber) &&
         rate_hz >= kMinSampleRateHz && rate_hz <= kMaxSampleRateHz;
}

ParseError fill_ttl(const Fields& fields, GuiMessage& message) noexcept {
  if (!fields.line || !fields.state) return ParseError::kMissingField;
  if (!in_range(*fields.line, 0, kMaxTtlLine)) return ParseError::kBadField;
  if (!in_range(*fields.state, 0, 1)) return ParseError::kBadPayload;
  message.kind = MessageKind::kTtl;
  message.ttl_line = static_cast<std::uint8_t>(*fields.line);
  message.ttl_state = static_cast<std::uint8_t>(*fields.state);
  return ParseError::kNone;
}

ParseError fill_spike(const Fields& fields, const std::array<float, kMaxSpikeChannels>& peaks,
                      GuiMessage& message) noexcept {
  if (!fields.electrode || !fields.num_channels) return ParseError::kMissingField;
  if (!in_range(*fields.num_channels, 1, kMaxSpikeChannels) ||
      !in_range(fields.sorted_id.value_or(0), 0, kMaxSortedId)) {
    return ParseError::kBadField;
  }
  message.kind = MessageKind::kSpike;
  message.electrode = *fields.electrode;
  message.sorted_id = fields.sorted_id.value_or(0);
  message.num_channels = *fields.num_channels;
  message.num_samples = 1;
  message.samples = {reinterpret_cast<const std::uint8_t*>(peaks.data()),
                     static_cast<std::size_t>(*fields.num_channels) * sizeof(float)};
  return ParseError::kNone;
}

}  // namespace

EventBroadcasterParser::EventBroadcasterParser() : json_(std::make_unique<JsonHeader>()) {}
EventBroadcasterParser::~EventBroadcasterParser() = default;

ParseError EventBroadcasterParser::parse(Frames frames, GuiMessage& message) noexcept {
  if (is_old(frames)) return ParseError::kTooOld;
  if (frames.size() != 2) return ParseError::kFrameCount;
  const Bytes envelope = frames[0], body = frames[1];
  if (envelope.size() != 2 || envelope[0] > 1 || envelope[1] != 0) return ParseError::kEnvelope;
  const bool is_spike = envelope[0] == 1;
  message = GuiMessage{};
  message.numbered = false;
  // A packet's first byte is 1 or 2, JSON begins with a brace.
  const bool is_raw = !body.empty() && (body[0] == kProcessorEvent || body[0] == kSpikeEvent);
  return is_raw ? parse_raw(body, is_spike, message) : parse_json(body, is_spike, message);
}

ParseError EventBroadcasterParser::parse_json(Bytes text, bool is_spike, GuiMessage& message) noexcept {
  if (text.size() > kMaxHeaderBytes) return ParseError::kTooLong;
  simdjson::dom::object object;
  if (json_->parse(text).get(object) != simdjson::SUCCESS) return ParseError::kJson;
  Fields fields;
  peaks_.fill(std::numeric_limits<float>::quiet_NaN());  // the reader takes what is a voltage
  for (const auto field : object)
    if (!take_field(field.key, field.value, fields, peaks_)) return ParseError::kBadField;
  if (!fields.event_type || !fields.stream || !fields.sample || !fields.sample_rate_hz)
    return ParseError::kMissingField;
  if (*fields.event_type != "spike" && *fields.event_type != "ttl") return ParseError::kUnknownType;
  if ((*fields.event_type == "spike") != is_spike) return ParseError::kEnvelope;
  if (!usable(*fields.stream, *fields.sample, *fields.sample_rate_hz)) return ParseError::kBadField;
  message.stream = *fields.stream;
  message.sample_num = *fields.sample;
  message.sample_rate_hz = *fields.sample_rate_hz;
  return is_spike ? fill_spike(fields, peaks_, message) : fill_ttl(fields, message);
}

ParseError EventBroadcasterParser::parse_raw(Bytes packet, bool is_spike, GuiMessage& message) noexcept {
  if ((packet[0] == kSpikeEvent) != is_spike) return ParseError::kEnvelope;
  if (packet.size() < kThresholdsAt) return ParseError::kPayloadSize;
  const auto stream = static_cast<std::uint16_t>(unsigned_at(packet, kStreamAt, 2));
  const char* end = std::to_chars(stream_.data(), stream_.data() + stream_.size(), stream).ptr;
  message.stream = {stream_.data(), static_cast<std::size_t>(end - stream_.data())};
  message.sample_num = static_cast<std::int64_t>(unsigned_at(packet, kSampleAt, 8));
  if (!in_range(message.sample_num, -kMaxSampleNumber, kMaxSampleNumber)) return ParseError::kBadField;
  if (is_spike) return raw_spike(packet, message);
  if (packet[1] != kTtlType) return ParseError::kNone;
  // Metadata may follow.
  if (packet.size() < kTtlBytes) return ParseError::kPayloadSize;
  if (packet[kStateAt] > 1) return ParseError::kBadPayload;
  message.kind = MessageKind::kTtl;
  message.ttl_line = packet[kLineAt];
  message.ttl_state = packet[kStateAt];
  message.has_ttl_word = true;
  message.ttl_word = unsigned_at(packet, kWordAt, 8);
  return ParseError::kNone;
}

ParseError EventBroadcasterParser::raw_spike(Bytes packet, GuiMessage& message) noexcept {
  constexpr std::array<std::size_t, 4> kChannelsOfType = {0, 1, 2, 4};  // -, single, stereotrode, tetrode
  const std::uint8_t type = packet[1];
  if (type == 0 || type >= kChannelsOfType.size()) return ParseError::kBadField;
  const std::size_t channels = kChannelsOfType[type];
  const std::size_t waveform_at = kThresholdsAt + channels * sizeof(float);
  const std::size_t bytes_of_sample = channels * sizeof(float);
  if (packet.size() <= waveform_at || (packet.size() - waveform_at) % bytes_of_sample != 0)
    return ParseError::kPayloadSize;
  message.kind = MessageKind::kSpike;
  message.detector = static_cast<std::int32_t>(unsigned_at(packet, kProcessorAt, 2));
  message.samples = packet.subspan(waveform_at);
  message.num_channels = static_cast<std::int64_t>(channels);
  message.num_samples = static_cast<std::int64_t>(message.samples.size() / bytes_of_sample);
  if (message.num_samples > kMaxSamplesPerMessage) return ParseError::kBadField;
  message.sorted_id = static_cast<std::int64_t>(unsigned_at(packet, kSortedIdAt, 2));
  constexpr std::string_view kName = "Electrode ";
  char* digits = std::copy(kName.begin(), kName.end(), electrode_.begin());
  const char* end =
      std::to_chars(digits, electrode_.data() + electrode_.size(), unsigned_at(packet, kIndexAt, 2) + 1).ptr;
  message.electrode = {electrode_.data(), static_cast<std::size_t>(end - electrode_.data())};
  return ParseError::kNone;
}

std::string_view EventBroadcasterParser::describe(ParseError error) const noexcept {
  switch (error) {
    case ParseError::kNone:
      return "no error";
    case ParseError::kFrameCount:
      return "a message does not have the two frames of the Event Broadcaster: is another plugin bound to this port?";
    case ParseError::kEnvelope:
      return "a message is neither TTL nor spike, or its body says otherwise: is another plugin bound to this port?";
    case ParseError::kTooLong:
      return "a message's JSON is longer than 16 KiB";
    case ParseError::kJson:
      return "a message is neither JSON nor Raw Binary";
    case ParseError::kTooOld:
      return "the messages are those of the Event Broadcaster 0.1 (Open Ephys GUI 0.5), which tells no sample numbers: "
             "update the GUI to 0.6 or later";
    case ParseError::kMissingField:
      return "a message lacks a field that its type needs";
    case ParseError::kBadField:
      return "a field of a message has the wrong type or is out of range";
    case ParseError::kUnknownType:
      return "a message's event_type is neither spike nor ttl";
    case ParseError::kPayloadSize:
      return "a Raw Binary packet does not have the length that its type needs";
    case ParseError::kBadPayload:
      return "a TTL state is neither 0 nor 1";
    case ParseError::kFlatBuffer:
    case ParseError::kCount:
      break;
  }
  return "unknown error";
}

}  // namespace vturn::ingest
