// The parser of Event Broadcaster messages: hand-made ones in the plugin's layout, one test for each way to be wrong,
// and captures of the real plugin against an independent JSON parser, the packet's layout, and the ZMQ Interface.
#include "daemon/ingest/event_broadcaster.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "tests/unit/ingest/capture_files.hpp"
#include "tests/unit/ingest/feed_messages.hpp"

using namespace vturn::ingest;
using namespace vturn::test;

namespace {

EventBroadcasterParser& parser() {
  static EventBroadcasterParser one;
  return one;
}

ParseError parse(const Message& message, GuiMessage& out) {
  const auto frames = message.frames();
  return parser().parse(frames, out);
}

ParseError parse(const Message& message) {
  GuiMessage out;
  return parse(message, out);
}

Message with(Message message, const std::string& from, const std::string& to) {
  std::string text(message.parts[1].begin(), message.parts[1].end());
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  message.parts[1] = part(text.replace(at, from.size(), to));
  return message;
}

Message cut(Message message, std::size_t bytes) {
  message.parts[1].resize(bytes);
  return message;
}

template <class T>
T value_at(Bytes bytes, std::size_t at) {
  T value{};
  REQUIRE(at + sizeof(T) <= bytes.size());
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

}  // namespace

TEST_CASE("Raw Binary: a spike gives its electrode by number, its waveform and its sorted id") {
  GuiMessage message;
  const Message sent = raw_spike(-5, 31, {1, -80.5F, 3}, 1, 7);
  REQUIRE(parse(sent, message) == ParseError::kNone);
  CHECK(message.kind == MessageKind::kSpike);
  CHECK_FALSE(message.numbered);
  CHECK(message.stream == "10003");
  CHECK(message.sample_rate_hz == 0);
  CHECK(message.sample_num == -5);
  CHECK(message.electrode == "Electrode 32");
  CHECK(message.sorted_id == 7);
  CHECK(message.num_channels == 1);
  REQUIRE(message.num_samples == 3);
  CHECK(sample_at(message.samples, 1) == -80.5F);
}

TEST_CASE("Raw Binary: stereotrodes and tetrodes have a threshold a channel before the waveform") {
  for (const auto& [type, channels] : {std::pair{2, 2}, {3, 4}}) {
    GuiMessage message;
    const std::vector<float> waveform(static_cast<std::size_t>(channels) * 40, -1.0F);
    const Message sent = raw_spike(9, 65535, waveform, static_cast<std::uint8_t>(type));
    REQUIRE(parse(sent, message) == ParseError::kNone);
    CHECK(message.electrode == "Electrode 65536");
    CHECK(message.num_channels == channels);
    CHECK(message.num_samples == 40);
    CHECK(message.samples.size() == waveform.size() * sizeof(float));
    CHECK(sample_at(message.samples, 0) == -1.0F);
  }
}

TEST_CASE("Raw Binary: a TTL edge gives line, state and word, whatever metadata follow") {
  Message sent = raw_ttl(15000, 9, 1, 0xF0E0D0C0B0A09080ULL, 7);
  for (int metadata = 0; metadata < 3; ++metadata) {
    GuiMessage message;
    REQUIRE(parse(sent, message) == ParseError::kNone);
    CHECK(message.kind == MessageKind::kTtl);
    CHECK(message.stream == "7");
    CHECK(message.sample_num == 15000);
    CHECK(message.ttl_line == 9);
    CHECK(message.ttl_state == 1);
    CHECK(message.has_ttl_word);
    CHECK(message.ttl_word == 0xF0E0D0C0B0A09080ULL);
    sent.parts[1].push_back(99);
  }
}

TEST_CASE("JSON: a spike gives its electrode's name and minus its amplitudes; what is no voltage gives none") {
  GuiMessage message;
  const Message sent = with(json_spike(661, "Tetrode 1", {134.5F, 90.25F, 0.0F, 58.0F}), "\"amp3\": 0.000000",
                            "\"amp3\": 1e300, \"amplitude\": 1, \"amp0\": 2, \"amp9999\": 3, \"amp2x\": null");
  REQUIRE(parse(sent, message) == ParseError::kNone);
  CHECK(message.kind == MessageKind::kSpike);
  CHECK(message.stream == "s");
  CHECK(message.sample_rate_hz == 30000.0);
  CHECK(message.sample_num == 661);
  CHECK(message.electrode == "Tetrode 1");
  CHECK(message.num_channels == 4);
  REQUIRE(message.num_samples == 1);
  CHECK(sample_at(message.samples, 0) == -134.5F);
  CHECK(sample_at(message.samples, 1) == -90.25F);
  CHECK(std::isnan(sample_at(message.samples, 2)));
  CHECK(sample_at(message.samples, 3) == -58.0F);
}

TEST_CASE("JSON: a TTL state is true or false, or 1 or 0 as the documentation says") {
  for (const auto& [text, state] : {std::pair{"true", 1}, {"false", 0}, {"1", 1}, {"0", 0}}) {
    GuiMessage message;
    REQUIRE(parse(json_ttl(15000, 255, text), message) == ParseError::kNone);
    CHECK(message.kind == MessageKind::kTtl);
    CHECK(message.ttl_line == 255);
    CHECK(message.ttl_state == state);
    CHECK_FALSE(message.has_ttl_word);
  }
  CHECK(parse(json_ttl(0, 0, "2")) == ParseError::kBadPayload);
  CHECK(parse(json_ttl(0, 0, "\"on\"")) == ParseError::kBadField);
  CHECK(parse(json_ttl(0, 256, "true")) == ParseError::kBadField);
}

TEST_CASE("The Event Broadcaster of GUI 0.5 is told by its own code, in each of its formats") {
  const std::string seconds(8, '\1');
  CHECK(parse({{{1, 0}, part(seconds), raw_spike(0).parts[1]}}) == ParseError::kTooOld);
  CHECK(parse({{part("spike/sortedid:0/id:3/ts:17")}}) == ParseError::kTooOld);
  CHECK(parse({{part("ttl/channel:0/state:1/id:1/ts:99")}}) == ParseError::kTooOld);
  CHECK(parse({{part("spike/sortedid:0/id:3/ts:17"), part("{\"type\":4}")}}) == ParseError::kTooOld);
  CHECK_THAT(std::string(parser().describe(ParseError::kTooOld)), Catch::Contains("0.1") && Catch::Contains("update"));
}

TEST_CASE("Each way for an Event Broadcaster message to be wrong has its code") {
  CHECK(parse({{{1, 0}}}) == ParseError::kFrameCount);
  CHECK(parse({{}}) == ParseError::kFrameCount);
  CHECK(parse({{{1, 0}, {1}, {1}}}) == ParseError::kFrameCount);
  Message other = raw_spike(0);
  for (const Part& envelope : {Part{2, 0}, Part{1, 1}, Part{1}, Part{1, 0, 0}, Part{}}) {
    other.parts[0] = envelope;
    CHECK(parse(other) == ParseError::kEnvelope);
  }
  CHECK(parse({{{0, 0}, raw_spike(0).parts[1]}}) == ParseError::kEnvelope);
  CHECK(parse({{{1, 0}, raw_ttl(0).parts[1]}}) == ParseError::kEnvelope);
  CHECK(parse({{{0, 0}, json_spike(0).parts[1]}}) == ParseError::kEnvelope);
  CHECK(parse({{{0, 0}, part("")}}) == ParseError::kJson);
  CHECK(parse({{{0, 0}, part("[1]")}}) == ParseError::kJson);
  CHECK(parse({{{0, 0}, Part(kMaxHeaderBytes + 1, ' ')}}) == ParseError::kTooLong);
  CHECK(parse(with(json_ttl(0, 0, "true"), "\"ttl\"", "\"text\"")) == ParseError::kUnknownType);
  CHECK(parse(with(json_spike(0), "30000.0", "0.5")) == ParseError::kBadField);
  CHECK(parse(with(json_spike(0), "30000.0", "\"30000\"")) == ParseError::kBadField);
  CHECK(parse(with(json_spike(0), "\"num_channels\": 1", "\"num_channels\": 513")) == ParseError::kBadField);
  CHECK(parse(with(json_spike(0), "\"sorted_id\": 0", "\"sorted_id\": -1")) == ParseError::kBadField);
  CHECK(parse(json_spike(kMaxSampleNumber + 1)) == ParseError::kBadField);
  CHECK(parse(json_spike(0, "Electrode 1", {1.0F}, std::string(257, 's'))) == ParseError::kBadField);
  for (const char* field : {"event_type", "stream", "sample_rate", "sample_number", "electrode", "num_channels"})
    CHECK(parse(with(json_spike(0), field, "other")) == ParseError::kMissingField);
  for (const char* field : {"\"line\"", "\"state\""})
    CHECK(parse(with(json_ttl(0, 1, "true"), field, "\"other\"")) == ParseError::kMissingField);
  CHECK(parse(raw_spike(kMaxSampleNumber + 1)) == ParseError::kBadField);
  CHECK(parse(raw_spike(0, 0, {1.0F}, 0)) == ParseError::kBadField);
  CHECK(parse(raw_spike(0, 0, {1.0F}, 4)) == ParseError::kBadField);
  CHECK(parse(raw_spike(0, 0, {})) == ParseError::kPayloadSize);
  CHECK(parse(raw_spike(0, 0, {1, 2, 3}, 2)) == ParseError::kPayloadSize);
  CHECK(parse(raw_ttl(0, 0, 2)) == ParseError::kBadPayload);
}

TEST_CASE("A Raw Binary packet cut anywhere is refused or shorter by whole samples") {
  const Message spike = raw_spike(0, 3, std::vector<float>(10, -70.0F));
  for (std::size_t bytes = 1; bytes < spike.parts[1].size(); ++bytes) {
    GuiMessage message;
    const ParseError error = parse(cut(spike, bytes), message);
    const bool whole = bytes > 30 && (bytes - 30) % sizeof(float) == 0;
    CHECK(error == (whole ? ParseError::kNone : ParseError::kPayloadSize));
    if (whole) CHECK(message.num_samples == static_cast<std::int64_t>((bytes - 30) / sizeof(float)));
  }
  for (std::size_t bytes = 1; bytes < 34; ++bytes) CHECK(parse(cut(raw_ttl(0), bytes)) == ParseError::kPayloadSize);
}

TEST_CASE("Events of the GUI that are no TTL edge are well-formed and of no use") {
  Message text = raw_ttl(0);
  text.parts[1][1] = 5;
  GuiMessage message;
  REQUIRE(parse(text, message) == ParseError::kNone);
  CHECK(message.kind == MessageKind::kOther);
}

TEST_CASE("Every refusal of the Event Broadcaster has a line for people") {
  for (std::size_t code = 0; code < static_cast<std::size_t>(ParseError::kCount); ++code) {
    if (static_cast<ParseError>(code) == ParseError::kFlatBuffer) continue;  // of another feed
    CHECK(parser().describe(static_cast<ParseError>(code)) != "unknown error");
  }
}

TEST_CASE("JSON of a real capture reads as an independent JSON parser reads it: 4005 spikes, 58 TTL edges") {
  const auto capture = load_capture("capture-eb-b1024.bin");
  if (!capture) return;
  std::size_t spikes = 0, ttl = 0, wrong = 0;
  for_each_message(*capture, [&](const CapturedMessage& captured) {
    const auto json = nlohmann::json::parse(captured.parts[1].begin(), captured.parts[1].end());
    GuiMessage message;
    REQUIRE(parser().parse(captured.frames(), message) == ParseError::kNone);
    bool same = message.stream == json["stream"].get<std::string>() && message.sample_num == json["sample_number"] &&
                message.sample_rate_hz == json["sample_rate"];
    if (json["event_type"] == "spike") {
      ++spikes;
      same = same && message.electrode == json["electrode"].get<std::string>() &&
             message.num_channels == json["num_channels"] && message.sorted_id == json["sorted_id"];
      for (std::size_t i = 0; same && i < static_cast<std::size_t>(message.num_channels); ++i)
        same = sample_at(message.samples, i) == -json["amp" + std::to_string(i + 1)].get<float>();
    } else {
      ++ttl;
      same = same && message.ttl_line == json["line"] && (message.ttl_state == 1) == json["state"].get<bool>();
    }
    if (!same) ++wrong;
  });
  CHECK(spikes == 4005);
  CHECK(ttl == 58);
  CHECK(wrong == 0);
}

TEST_CASE("Raw Binary of a real capture reads as the packet's layout says: 921 spikes, 12 TTL edges") {
  const auto capture = load_capture("capture-eb-rawbinary-b1024.bin");
  if (!capture) return;
  std::size_t spikes = 0, tetrodes = 0, ttl = 0, wrong = 0;
  for_each_message(*capture, [&](const CapturedMessage& captured) {
    const Bytes packet = captured.parts[1];
    GuiMessage message;
    REQUIRE(parser().parse(captured.frames(), message) == ParseError::kNone);
    bool same = message.sample_num == value_at<std::int64_t>(packet, 8) &&
                message.stream == std::to_string(value_at<std::uint16_t>(packet, 4));
    if (captured.parts[0][0] == 1) {
      ++spikes;
      const int channels = packet[1] == 3 ? 4 : packet[1];
      tetrodes += channels == 4 ? 1U : 0U;
      same = same && message.num_channels == channels && message.num_samples == 40 &&
             message.electrode == "Electrode " + std::to_string(value_at<std::uint16_t>(packet, 6) + 1);
      for (std::size_t i = 0; same && i < message.samples.size() / 4; ++i)
        same = sample_at(message.samples, i) ==
               value_at<float>(packet, 26 + 4 * static_cast<std::size_t>(channels) + 4 * i);
    } else {
      ++ttl;
      same = same && message.ttl_line == packet[24] && message.ttl_state == packet[25] &&
             message.ttl_word == value_at<std::uint64_t>(packet, 26);
    }
    if (!same) ++wrong;
  });
  CHECK(spikes == 921);
  CHECK(tetrodes > 0);
  CHECK(ttl == 12);
  CHECK(wrong == 0);
}
