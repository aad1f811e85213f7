#include "daemon/ingest/zmq_interface.hpp"

#include <cstring>
#include <optional>

#include "daemon/ingest/json_header.hpp"

namespace vturn::ingest {
namespace {

constexpr std::size_t kTtlPayloadBytes = 10;
constexpr std::int64_t kMaxSortedId = 65535;
constexpr std::int64_t kTtlEventType = 3;  // EventChannel::TTL of the GUI

enum class HeaderType : std::uint8_t { kNone, kData, kEvent, kSpike };

/// What a header says, whatever the order of its keys; absent fields stay empty.
struct Header {
  HeaderType type = HeaderType::kNone;
  bool unknown_type = false;
  bool old_gui = false;
  std::optional<std::int64_t> message_num, data_size;
  std::optional<std::int64_t> sample_num, num_samples, channel_num, num_channels, sorted_id, event_type;
  std::optional<double> sample_rate_hz;
  std::optional<std::string_view> stream, electrode, channel_name;
};

bool in_range(const std::optional<std::int64_t>& value, std::int64_t low, std::int64_t high) noexcept {
  return value && *value >= low && *value <= high;
}

/// Absent or of the right type: fine. Fields of other kinds than the message's own may come and go between versions.
template <class T>
ParseError take(simdjson::dom::element value, std::optional<T>& field) noexcept {
  T taken{};
  if (value.get(taken) != simdjson::SUCCESS) return ParseError::kBadField;
  field = taken;
  return ParseError::kNone;
}

ParseError take_content_field(std::string_view key, simdjson::dom::element value, Header& header) noexcept {
  if (key == "stream") return take(value, header.stream);
  if (key == "sample_num") return take(value, header.sample_num);
  if (key == "num_samples") return take(value, header.num_samples);
  if (key == "channel_num") return take(value, header.channel_num);
  if (key == "channel_name") return take(value, header.channel_name);
  if (key == "sample_rate") return take(value, header.sample_rate_hz);
  if (key == "electrode") return take(value, header.electrode);
  if (key == "num_channels") return take(value, header.num_channels);
  if (key == "sorted_id") return take(value, header.sorted_id);
  if (key == "type") return take(value, header.event_type);
  return ParseError::kNone;
}

ParseError take_content(simdjson::dom::element value, Header& header) noexcept {
  simdjson::dom::object content;
  if (value.get(content) != simdjson::SUCCESS) return ParseError::kBadField;
  for (const auto field : content) {
    const ParseError error = take_content_field(field.key, field.value, header);
    if (error != ParseError::kNone) return error;
  }
  return ParseError::kNone;
}

ParseError take_type(simdjson::dom::element value, Header& header) noexcept {
  std::string_view name;
  if (value.get(name) != simdjson::SUCCESS) return ParseError::kBadField;
  header.type = name == "data"    ? HeaderType::kData
                : name == "event" ? HeaderType::kEvent
                : name == "spike" ? HeaderType::kSpike
                                  : HeaderType::kNone;
  header.unknown_type = header.type == HeaderType::kNone;
  return ParseError::kNone;
}

ParseError take_field(std::string_view key, simdjson::dom::element value, Header& header) noexcept {
  if (key == "message_num") return take(value, header.message_num);
  if (key == "type") return take_type(value, header);
  if (key == "content" || key == "spike") return take_content(value, header);
  if (key == "data_size") return take(value, header.data_size);
  if (key == "message_no") header.old_gui = true;
  return ParseError::kNone;
}

ParseError take_header(simdjson::dom::element document, Header& header) noexcept {
  simdjson::dom::object object;
  if (document.get(object) != simdjson::SUCCESS) return ParseError::kJson;
  ParseError first_error = ParseError::kNone;
  for (const auto field : object) {
    const ParseError error = take_field(field.key, field.value, header);
    if (first_error == ParseError::kNone) first_error = error;
  }
  // GUI 0.5 fills its content differently: the version is the news, not the field that differs first.
  return header.old_gui && !header.message_num ? ParseError::kTooOld : first_error;
}

/// `DATA` or `EVENT`, as sent with the trailing NUL or without it.
HeaderType envelope_of(Bytes frame) noexcept {
  const auto is = [frame](std::string_view name) {
    const bool length_fits = frame.size() == name.size() || (frame.size() == name.size() + 1 && frame.back() == 0);
    return length_fits && std::memcmp(frame.data(), name.data(), name.size()) == 0;
  };
  return is("DATA") ? HeaderType::kData : is("EVENT") ? HeaderType::kEvent : HeaderType::kNone;
}

bool payload_is(Bytes payload, const Header& header, std::int64_t expected_bytes) noexcept {
  const auto bytes = static_cast<std::int64_t>(payload.size());
  return bytes == expected_bytes && header.data_size.value_or(bytes) == bytes;
}

ParseError fill_data(const Header& header, Bytes payload, GuiMessage& message) noexcept {
  if (!header.channel_num || !header.num_samples || !header.sample_rate_hz) return ParseError::kMissingField;
  const bool rate_fits = *header.sample_rate_hz >= kMinSampleRateHz && *header.sample_rate_hz <= kMaxSampleRateHz;
  if (!rate_fits || !in_range(header.channel_num, 0, kMaxChannels - 1) ||
      !in_range(header.num_samples, 0, kMaxSamplesPerMessage)) {
    return ParseError::kBadField;
  }
  if (!payload_is(payload, header, *header.num_samples * std::int64_t{sizeof(float)})) return ParseError::kPayloadSize;
  message.kind = MessageKind::kData;
  message.num_channels = 1;
  message.channel_num = *header.channel_num;
  message.channel_name = header.channel_name.value_or(std::string_view{});
  message.sample_rate_hz = *header.sample_rate_hz;
  message.num_samples = *header.num_samples;
  message.samples = payload;
  return ParseError::kNone;
}

ParseError fill_event(const Header& header, Bytes payload, GuiMessage& message) noexcept {
  if (!header.event_type) return ParseError::kMissingField;
  if (*header.event_type != kTtlEventType) {
    message.kind = MessageKind::kOther;
    return ParseError::kNone;
  }
  if (!payload_is(payload, header, kTtlPayloadBytes)) return ParseError::kPayloadSize;
  if (payload[1] > 1) return ParseError::kBadPayload;
  message.kind = MessageKind::kTtl;
  message.ttl_line = payload[0];
  message.ttl_state = payload[1];
  message.has_ttl_word = true;
  for (std::size_t i = kTtlPayloadBytes; i-- > 2;) message.ttl_word = (message.ttl_word << 8) | payload[i];
  return ParseError::kNone;
}

ParseError fill_spike(const Header& header, Bytes payload, GuiMessage& message) noexcept {
  if (!header.electrode || !header.num_channels || !header.num_samples) return ParseError::kMissingField;
  if (!in_range(header.num_channels, 1, kMaxSpikeChannels) || !in_range(header.num_samples, 1, kMaxSamplesPerMessage) ||
      !in_range(header.sorted_id.value_or(0), 0, kMaxSortedId)) {
    return ParseError::kBadField;
  }
  const std::int64_t values = *header.num_channels * *header.num_samples;
  if (!payload_is(payload, header, values * std::int64_t{sizeof(float)})) return ParseError::kPayloadSize;
  message.kind = MessageKind::kSpike;
  message.electrode = *header.electrode;
  message.num_channels = *header.num_channels;
  message.num_samples = *header.num_samples;
  message.sorted_id = header.sorted_id.value_or(0);
  message.samples = payload;
  return ParseError::kNone;
}

ParseError fill(const Header& header, HeaderType envelope, Bytes payload, GuiMessage& message) noexcept {
  if (header.unknown_type) return ParseError::kUnknownType;
  if (header.type == HeaderType::kNone || !header.message_num || !header.stream || !header.sample_num) {
    return ParseError::kMissingField;
  }
  if (!in_range(header.sample_num, -kMaxSampleNumber, kMaxSampleNumber) ||
      header.stream->size() > kMaxStreamNameBytes) {
    return ParseError::kBadField;
  }
  // Spikes travel in the EVENT envelope too.
  if ((envelope == HeaderType::kData) != (header.type == HeaderType::kData)) return ParseError::kEnvelope;
  message = GuiMessage{};
  message.message_num = *header.message_num;
  message.stream = *header.stream;
  message.sample_num = *header.sample_num;
  if (header.type == HeaderType::kData) return fill_data(header, payload, message);
  return header.type == HeaderType::kEvent ? fill_event(header, payload, message)
                                           : fill_spike(header, payload, message);
}

}  // namespace

ZmqInterfaceParser::ZmqInterfaceParser() : json_(std::make_unique<JsonHeader>()) {}
ZmqInterfaceParser::~ZmqInterfaceParser() = default;

ParseError ZmqInterfaceParser::parse(Frames frames, GuiMessage& message) noexcept {
  // GUI 0.5 sends two frames for some kinds; its header has to be read before the count is judged.
  if (frames.size() != 3 && frames.size() != 2) return ParseError::kFrameCount;
  const HeaderType envelope = envelope_of(frames[0]);
  if (envelope == HeaderType::kNone) return ParseError::kEnvelope;
  if (frames[1].size() > kMaxHeaderBytes) return ParseError::kTooLong;
  simdjson::dom::element document;
  if (json_->parse(frames[1]).get(document) != simdjson::SUCCESS) return ParseError::kJson;
  Header header;
  const ParseError error = take_header(document, header);
  if (error != ParseError::kNone) return error;
  if (frames.size() != 3) return ParseError::kFrameCount;
  return fill(header, envelope, frames[2], message);
}

std::string_view ZmqInterfaceParser::describe(ParseError error) const noexcept {
  switch (error) {
    case ParseError::kNone:
      return "no error";
    case ParseError::kFrameCount:
      return "a message does not have the three frames of the ZMQ Interface: is another plugin bound to this port?";
    case ParseError::kEnvelope:
      return "a message is neither DATA nor EVENT, or its header says otherwise: is another plugin bound to this port?";
    case ParseError::kTooLong:
      return "a message header is longer than 16 KiB";
    case ParseError::kJson:
      return "a message header is not a JSON object";
    case ParseError::kTooOld:
      return "the sender is Open Ephys GUI 0.5 (message_no), whose spike payloads are cut off: update the GUI to 0.6 "
             "or "
             "later and its ZMQ Interface plugin to 0.3 or later";
    case ParseError::kMissingField:
      return "a message header lacks a field that its type needs";
    case ParseError::kBadField:
      return "a field of a message header has the wrong type or is out of range";
    case ParseError::kUnknownType:
      return "a message header's type is none of data, event, spike";
    case ParseError::kPayloadSize:
      return "a payload does not have the length that its header tells";
    case ParseError::kBadPayload:
      return "a TTL state is neither 0 nor 1";
    case ParseError::kFlatBuffer:
    case ParseError::kCount:
      break;
  }
  return "unknown error";
}

}  // namespace vturn::ingest
