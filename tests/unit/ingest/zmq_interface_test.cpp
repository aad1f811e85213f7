// The parser of ZMQ Interface messages: every field of hand-made messages in the plugin's own layout, one test for each
// way to be wrong, and every header of a real capture against an independent JSON parser.
#include "daemon/ingest/zmq_interface.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/unit/ingest/capture_files.hpp"
#include "tests/unit/ingest/zmq_messages.hpp"

using namespace vturn::ingest;
using namespace vturn::test;

namespace {

ParseError parse(const Message& message, GuiMessage& out) {
  static ZmqInterfaceParser parser;
  const auto frames = message.frames();
  return parser.parse(frames, out);
}

ParseError parse(const Message& message) {
  GuiMessage out;
  return parse(message, out);
}

std::string header_text(const Message& message) { return {message.parts[1].begin(), message.parts[1].end()}; }

/// The message with the first `from` in its header replaced.
Message with(Message message, const std::string& from, const std::string& to) {
  std::string text = header_text(message);
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  message.parts[1] = part(text.replace(at, from.size(), to));
  return message;
}

}  // namespace

TEST_CASE("A data message gives its channel, samples and rate") {
  const Message sent = data_message(545, 11832, {1.5F, -2.0F, 3.25F}, 7, "LFP");
  GuiMessage message;
  REQUIRE(parse(sent, message) == ParseError::kNone);
  CHECK(message.kind == MessageKind::kData);
  CHECK(message.message_num == 545);
  CHECK(message.stream == "s");
  CHECK(message.channel_num == 7);
  CHECK(message.channel_name == "LFP");
  CHECK(message.sample_num == 11832);
  CHECK(message.sample_rate_hz == 30000.0);
  REQUIRE(message.num_samples == 3);
  CHECK(sample_at(message.samples, 1) == -2.0F);
  CHECK(sample_at(message.samples, 2) == 3.25F);
}

TEST_CASE("channel_name and timestamp are optional: plugins before 0.3.3 and 0.3.2 lack them") {
  GuiMessage message;
  REQUIRE(parse(with(data_message(1, 0, {1}, 0, ""), ",\r\n  \"timestamp\": 1795469420136", ""), message) ==
          ParseError::kNone);
  CHECK(message.channel_name.empty());
}

TEST_CASE("A spike gives electrode, sorted id and waveform; it has no data_size") {
  GuiMessage message;
  REQUIRE(parse(spike_message(108, 17183, "Electrode 22", {-3, -80, 9, 1}, 5), message) == ParseError::kNone);
  CHECK(message.kind == MessageKind::kSpike);
  CHECK(message.electrode == "Electrode 22");
  CHECK(message.sorted_id == 5);
  CHECK(message.num_channels == 1);
  CHECK(message.num_samples == 4);
  CHECK(message.samples.size() == 16);
}

TEST_CASE("A TTL edge gives line, state and word") {
  GuiMessage message;
  REQUIRE(parse(ttl_message(673, 15000, 9, 1, 0xF0E0D0C0B0A09080ULL), message) == ParseError::kNone);
  CHECK(message.kind == MessageKind::kTtl);
  CHECK(message.ttl_line == 9);
  CHECK(message.ttl_state == 1);
  CHECK(message.ttl_word == 0xF0E0D0C0B0A09080ULL);
}

TEST_CASE("Events that are no TTL edge are well-formed and of no use") {
  GuiMessage message;
  REQUIRE(parse(with(ttl_message(1, 0), "\"type\": 3", "\"type\": 5"), message) == ParseError::kNone);
  CHECK(message.kind == MessageKind::kOther);
}

TEST_CASE("Names with unicode escapes come out as UTF-8") {
  GuiMessage message;
  REQUIRE(parse(spike_message(1, 0, "T\\u00e9trode \\u0031 \\ud83d\\udc2d"), message) == ParseError::kNone);
  CHECK(message.electrode == "T\xC3\xA9trode 1 \xF0\x9F\x90\xAD");
}

TEST_CASE("The order of keys does not matter") {
  Message message = ttl_message(4, 99);
  message.parts[1] = part(R"({"data_size":10,"content":{"sample_num":99,"type":3,"stream":"s"},"type":"event",)"
                          R"("timestamp":1,"message_num":4})");
  GuiMessage parsed;
  REQUIRE(parse(message, parsed) == ParseError::kNone);
  CHECK(parsed.message_num == 4);
  CHECK(parsed.sample_num == 99);
}

TEST_CASE("GUI 0.5 is told by its own code, whatever else its messages hold") {
  Message old_data{{envelope("DATA"),
                    part(R"({"message_no":3,"type":"data","content":{"n_channels":1,"n_samples":2,)"
                         R"("n_real_samples":2,"timestamp":0,"sample_rate":30000},"data_size":8})"),
                    floats({1, 2})}};
  CHECK(parse(old_data) == ParseError::kTooOld);
  Message old_event{{envelope("EVENT"), part(R"({"message_no":4,"type":"event","content":{"type":"ttl"}})")}};
  CHECK(parse(old_event) == ParseError::kTooOld);
}

TEST_CASE("Each way to be wrong has its code") {
  const Message data = data_message(1, 0, {1, 2, 3});
  const Message spike = spike_message(1, 0);
  const Message ttl = ttl_message(1, 0);
  SECTION("frames") {
    Message message = data;
    message.parts.pop_back();
    CHECK(parse(message) == ParseError::kFrameCount);
    message.parts.pop_back();
    CHECK(parse(message) == ParseError::kFrameCount);
    CHECK(parse(Message{}) == ParseError::kFrameCount);
    message = data;
    message.parts.push_back({});
    CHECK(parse(message) == ParseError::kFrameCount);
  }
  SECTION("envelope") {
    Message message = data;
    message.parts[0] = part("DATA");
    CHECK(parse(message) == ParseError::kNone);
    for (const std::string name : {"", "DAT", "DATAx", "DATA\n", "EVEN", "PARAM"}) {
      message.parts[0] = part(name);
      CHECK(parse(message) == ParseError::kEnvelope);
    }
    message.parts[0] = envelope("EVENT");
    CHECK(parse(message) == ParseError::kEnvelope);
    message = spike;
    message.parts[0] = envelope("DATA");
    CHECK(parse(message) == ParseError::kEnvelope);
  }
  SECTION("JSON") {
    for (const std::string text : {"", "{", "[]", "null", "{}}", "{\"a\":1,}", "\xff\xfe", "{\"message_num\":01}"}) {
      Message message = data;
      message.parts[1] = part(text);
      CHECK(parse(message) == ParseError::kJson);
    }
    Message message = data;
    message.parts[1].resize(kMaxHeaderBytes + 1, ' ');
    CHECK(parse(message) == ParseError::kTooLong);
    message.parts[1].resize(kMaxHeaderBytes, ' ');
    CHECK(parse(message) == ParseError::kNone);
  }
  SECTION("fields that are missing") {
    for (const std::string key :
         {"message_num", "type", "content", "stream", "channel_num", "num_samples", "sample_num", "sample_rate"}) {
      CHECK(parse(with(data, "\"" + key + "\"", "\"x" + key + "\"")) == ParseError::kMissingField);
    }
    for (const std::string key : {"spike", "electrode", "num_channels", "num_samples"}) {
      CHECK(parse(with(spike, "\"" + key + "\": ", "\"x\": ")) == ParseError::kMissingField);
    }
    CHECK(parse(with(ttl, "\"type\": 3", "\"x\": 3")) == ParseError::kMissingField);
  }
  SECTION("fields of the wrong type or range") {
    CHECK(parse(with(data, "\"message_num\": 1", "\"message_num\": \"1\"")) == ParseError::kBadField);
    CHECK(parse(with(data, "\"message_num\": 1", "\"message_num\": 1.5")) == ParseError::kBadField);
    CHECK(parse(with(data, "\"type\": \"data\"", "\"type\": 7")) == ParseError::kBadField);
    CHECK(parse(with(data, "\"type\": \"data\"", "\"type\": \"text\"")) == ParseError::kUnknownType);
    CHECK(parse(with(data, "\"sample_num\": 0", "\"sample_num\": 281474976710657")) == ParseError::kBadField);
    CHECK(parse(with(data, "\"sample_num\": 0", "\"sample_num\": 18446744073709551615")) == ParseError::kBadField);
    CHECK(parse(with(data, "\"channel_num\": 0", "\"channel_num\": -1")) == ParseError::kBadField);
    CHECK(parse(with(data, "\"channel_num\": 0", "\"channel_num\": 4096")) == ParseError::kBadField);
    CHECK(parse(with(data, "\"num_samples\": 3", "\"num_samples\": -3")) == ParseError::kBadField);
    CHECK(parse(with(data, "\"sample_rate\": 30000.0", "\"sample_rate\": 0.0")) == ParseError::kBadField);
    CHECK(parse(with(data, "\"sample_rate\": 30000.0", "\"sample_rate\": -1e300")) == ParseError::kBadField);
    CHECK(parse(with(data, "\"stream\": \"s\"", "\"stream\": \"" + std::string(257, 's') + "\"")) ==
          ParseError::kBadField);
    CHECK(parse(with(spike, "\"sorted_id\": 0", "\"sorted_id\": 65536")) == ParseError::kBadField);
    CHECK(parse(with(spike, "\"num_channels\": 1", "\"num_channels\": 0")) == ParseError::kBadField);
    Message content = ttl;
    content.parts[1] = part(R"({"message_num":1,"type":"event","content":[1]})");
    CHECK(parse(content) == ParseError::kBadField);
  }
  SECTION("payloads") {
    CHECK(parse(with(data, "\"num_samples\": 3", "\"num_samples\": 4")) == ParseError::kPayloadSize);
    CHECK(parse(with(data, "\"data_size\": 12", "\"data_size\": 16")) == ParseError::kPayloadSize);
    CHECK(parse(with(spike, "\"num_channels\": 1", "\"num_channels\": 2")) == ParseError::kPayloadSize);
    Message message = ttl;
    message.parts[2].pop_back();
    CHECK(parse(message) == ParseError::kPayloadSize);
    message = ttl;
    message.parts[2][1] = 2;
    CHECK(parse(message) == ParseError::kBadPayload);
  }
}

TEST_CASE("Every refusal has a line for people") {
  for (std::size_t code = 0; code < static_cast<std::size_t>(ParseError::kCount); ++code) {
    if (static_cast<ParseError>(code) == ParseError::kFlatBuffer) continue;  // of another feed
    CHECK(ZmqInterfaceParser().describe(static_cast<ParseError>(code)) != "unknown error");
  }
  CHECK_THAT(std::string(ZmqInterfaceParser().describe(ParseError::kTooOld)),
             Catch::Contains("message_no") && Catch::Contains("update"));
}

TEST_CASE("Every header of a real capture reads as an independent JSON parser reads it") {
  const auto capture = load_capture(GENERATE("capture-spikes-b1024.bin", "capture-raw-b128.bin"));
  if (!capture) return;
  ZmqInterfaceParser parser;
  std::size_t differing = 0;
  for_each_message(*capture, [&](const CapturedMessage& captured) {
    GuiMessage message;
    REQUIRE(parser.parse(captured.frames(), message) == ParseError::kNone);
    const auto json = nlohmann::json::parse(captured.parts[1].begin(), captured.parts[1].end());
    const auto& content = json.contains("spike") ? json["spike"] : json["content"];
    bool same = json["message_num"] == message.message_num && content["stream"] == message.stream &&
                content["sample_num"] == message.sample_num;
    if (message.kind == MessageKind::kSpike) {
      same = same && json["type"] == "spike" && content["electrode"] == message.electrode &&
             content["sorted_id"] == message.sorted_id && content["num_samples"] == message.num_samples;
    } else if (message.kind == MessageKind::kData) {
      same = same && json["type"] == "data" && content["channel_num"] == message.channel_num &&
             content["sample_rate"] == message.sample_rate_hz && content["num_samples"] == message.num_samples &&
             content.value("channel_name", "") == message.channel_name;
    } else {
      same = same && json["type"] == "event" && content["type"] == 3 && captured.parts[2][0] == message.ttl_line;
    }
    if (!same) ++differing;
  });
  CHECK(differing == 0);
}
