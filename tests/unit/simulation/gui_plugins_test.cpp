// The Event Broadcaster and the Falcon Output of the simulated GUI: bytes against those of the real plugins, content
// through vturnd's parsers against the mouse's truth.
#include <falcon_output_generated.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>

#include "daemon/ingest/event_broadcaster.hpp"
#include "daemon/ingest/falcon_output.hpp"
#include "tests/unit/ingest/capture_files.hpp"
#include "tools/simulation/event_broadcaster_wire.hpp"
#include "tools/simulation/falcon_wire.hpp"

using namespace vturn;
using namespace vturn::simulation;
using nlohmann::json;

namespace {

using ByteVector = std::vector<std::uint8_t>;

template <class T>
T value_at(ingest::Bytes bytes, std::size_t at) {
  T value{};
  REQUIRE(at + sizeof value <= bytes.size());
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

std::vector<float> floats_at(ingest::Bytes bytes, std::size_t at, std::size_t count) {
  std::vector<float> values;
  for (std::size_t i = 0; i < count; ++i) values.push_back(value_at<float>(bytes, at + 4 * i));
  return values;
}

/// Our JSON from the fields of the plugin's.
std::string json_again(const std::string& text) {
  const json h = json::parse(text);
  const auto stream = h["stream"].get<std::string>();
  if (h["event_type"] == "ttl") {
    const auto name = h["channel_name"].get<std::string>();
    const std::uint8_t state = h["state"].get<bool>() ? 1 : 0;
    return broadcast_json(
        BroadcastTtl{stream, 0, h["source_node"], 0, h["sample_rate"], name, h["sample_number"], h["line"], state, 0});
  }
  const auto electrode = h["electrode"].get<std::string>();
  std::vector<float> amplitudes;
  for (int i = 1; i <= h["num_channels"].get<int>(); ++i)
    amplitudes.push_back(h["amp" + std::to_string(i)].get<float>());
  return broadcast_json(BroadcastSpike{stream,
                                       0,
                                       h["source_node"],
                                       0,
                                       electrode,
                                       0,
                                       h["sample_rate"],
                                       h["sample_number"],
                                       h["sorted_id"],
                                       amplitudes,
                                       {},
                                       {}});
}

/// Our packet from the fields of the GUI's.
ByteVector packet_again(ingest::Bytes p) {
  const auto node = value_at<std::uint16_t>(p, 2), stream = value_at<std::uint16_t>(p, 4);
  const auto sample = value_at<std::int64_t>(p, 8);
  if (p[0] == 1) {
    return broadcast_raw(
        BroadcastTtl{"", stream, 0, node, 0.0, "", sample, p[24], p[25], value_at<std::uint64_t>(p, 26)});
  }
  const std::size_t channels = p[1] == 3 ? 4 : p[1];
  const auto thresholds = floats_at(p, 26, channels);
  const auto waveform = floats_at(p, 26 + 4 * channels, (p.size() - 26) / 4 - channels);
  return broadcast_raw(BroadcastSpike{"",
                                      stream,
                                      0,
                                      node,
                                      "",
                                      value_at<std::uint16_t>(p, 6),
                                      0.0,
                                      sample,
                                      value_at<std::uint16_t>(p, 24),
                                      {},
                                      thresholds,
                                      waveform});
}

/// A wire's messages over some blocks of a mouse, and what it lived.
struct Run {
  std::vector<std::vector<ByteVector>> messages;
  std::vector<Block> lived;

  Run(GuiWire& wire, int blocks, std::size_t samples = 204) {
    Mouse mouse({}, Hypnogram::shipped(0));
    for (int i = 0; i < blocks; ++i) {
      lived.push_back(mouse.step(samples));
      wire.send(lived.back(), {1795469548767, 12.5}, [&](std::span<const GuiWire::Bytes> parts) {
        auto& message = messages.emplace_back();
        for (const auto part : parts) message.emplace_back(part.begin(), part.end());
      });
    }
  }
};

std::vector<ingest::Bytes> frames_of(const std::vector<ByteVector>& message) {
  return {message.begin(), message.end()};
}

/// Spikes and pulses read by vturnd agree with the mouse's: each spike at its sample or up to 7 before.
void check_events(const Run& run, bool named) {
  std::map<int, std::vector<std::int64_t>> truth;
  for (const auto& block : run.lived) {
    for (const auto& s : block.spikes)
      truth[static_cast<int>(s.unit)].push_back(static_cast<std::int64_t>(std::floor(s.time_s * 30000.0)));
  }
  ingest::EventBroadcasterParser parser;
  std::vector<std::pair<std::int64_t, int>> edges;
  std::map<int, std::vector<std::int64_t>> found;
  for (const auto& message : run.messages) {
    ingest::GuiMessage m;
    REQUIRE(parser.parse(frames_of(message), m) == ingest::ParseError::kNone);
    REQUIRE(m.stream == (named ? "Digital_Mouse-100.mouse" : "10003"));
    if (m.kind == ingest::MessageKind::kTtl) {
      edges.emplace_back(m.sample_num, m.ttl_state);
      continue;
    }
    REQUIRE(m.electrode.starts_with("Electrode "));
    const std::size_t trough = named ? 0 : 9;
    REQUIRE(ingest::sample_at(m.samples, trough) < -60.0F);
    found[std::stoi(std::string(m.electrode.substr(10))) - 1].push_back(m.sample_num);
  }
  CHECK(edges == std::vector<std::pair<std::int64_t, int>>{{15000, 1}, {15300, 0}, {45000, 1}, {45300, 0}});
  std::size_t matched = 0, spikes = 0, missing = 0;
  for (const auto& [unit, samples] : truth) {
    const auto& of_unit = found[unit];
    spikes += of_unit.size();
    missing += samples.size() - of_unit.size();
    for (std::size_t i = 0; i < of_unit.size(); ++i) {
      const std::int64_t early = samples.at(i) - of_unit[i];
      matched += early == 0 || (early >= 4 && early <= 7) ? 1U : 0U;
    }
  }
  CHECK(spikes > 300);
  CHECK(matched == spikes);
  CHECK(missing < 20);  // those that wait for the next block
}

}  // namespace

TEST_CASE("Event Broadcaster: JSON and packets equal the real plugin's byte for byte") {
  int texts = 0, packets = 0, different = 0;
  const auto json_capture = vturn::test::load_capture("capture-eb-b1024.bin");
  const auto raw_capture = vturn::test::load_capture("capture-eb-rawbinary-b1024.bin");
  if (!json_capture || !raw_capture) return;
  vturn::test::for_each_message(*json_capture, [&](const ingest::CapturedMessage& m) {
    const std::string text(m.parts[1].begin(), m.parts[1].end());
    ++texts;
    different += json_again(text) != text ? 1 : 0;
  });
  vturn::test::for_each_message(*raw_capture, [&](const ingest::CapturedMessage& m) {
    const ByteVector again = packet_again(m.parts[1]);
    ++packets;
    different += std::equal(again.begin(), again.end(), m.parts[1].begin(), m.parts[1].end()) ? 0 : 1;
  });
  CHECK(texts > 4000);
  CHECK(packets == 921 + 12);
  CHECK(different == 0);
}

TEST_CASE("Event Broadcaster: what the mouse did, in both formats") {
  for (const bool raw : {false, true}) {
    EventBroadcasterWire wire({}, {}, raw);
    const Run run(wire, 300);
    check_events(run, !raw);
    CHECK(wire.messages() == run.messages.size());
    std::int64_t newest = 0;
    for (const auto& message : run.messages) {
      REQUIRE(message.size() == 2);
      REQUIRE(message[0].size() == 2);
      const bool spike = message[0][0] == 1;
      if (raw) REQUIRE(message[1].size() == (spike ? 190 : 34));
      if (raw) newest = std::max(newest, value_at<std::int64_t>(message[1], 8));
    }
    // A mouse whose cells are silent must not wait for an answer to what it did not say.
    if (raw) CHECK(wire.newest_told() == newest);
    CHECK(wire.newest_told() <= 300 * 204 - 100);
  }
}

TEST_CASE("Event Broadcaster: sample numbers begin anew, nothing else tells") {
  WireSettings settings;
  settings.faults.restart_at_s = 1.0;
  EventBroadcasterWire wire({}, settings, true);
  const Run run(wire, 300);
  CHECK(wire.sample_offset() == -148 * 204);
  std::vector<std::int64_t> rises;
  for (const auto& message : run.messages) {
    if (message[0][0] == 0 && message[1][25] == 1) rises.push_back(value_at<std::int64_t>(message[1], 8));
  }
  CHECK(rises == std::vector<std::int64_t>{15000, 45000 - 148 * 204});
}

TEST_CASE("Falcon: blocks equal the real plugin's byte for byte") {
  int blocks = 0, different = 0;
  const auto capture = vturn::test::load_capture("capture-falcon-b1024.bin");
  if (!capture) return;
  vturn::test::for_each_message(*capture, [&](const ingest::CapturedMessage& m) {
    std::vector<std::uint64_t> aligned(m.parts[0].size() / 8 + 1);
    std::memcpy(aligned.data(), m.parts[0].data(), m.parts[0].size());
    const auto& b = *falcon::GetContinuousData(aligned.data());
    const auto again = falcon_bytes({{b.samples()->data(), b.samples()->size()},
                                     {b.event_codes()->data(), b.event_codes()->size()},
                                     {b.stream()->c_str(), b.stream()->size()},
                                     b.n_channels(),
                                     b.n_samples(),
                                     b.sample_num(),
                                     b.timestamp(),
                                     b.message_id(),
                                     b.sample_rate()});
    ++blocks;
    different += std::equal(again.begin(), again.end(), m.parts[0].begin(), m.parts[0].end()) ? 0 : 1;
  });
  CHECK(blocks == 40);
  CHECK(different == 0);
}

TEST_CASE("Falcon: the mouse's channels and pulses, the sample before an edge left stale") {
  WireSettings settings;
  settings.channels = {1, 0, 4};
  settings.faults.drop_at_s = 1.0;
  settings.faults.drop_messages = 2;
  FalconWire wire({}, settings);
  const Run run(wire, 90, 696);
  REQUIRE(run.messages.size() == 88);
  CHECK(wire.newest_told() == 90 * 696);
  ingest::FalconOutputParser parser;
  std::vector<std::pair<std::int64_t, int>> changes;
  std::uint16_t word = 0;
  std::int64_t number = 0;
  for (const auto& message : run.messages) {
    ingest::GuiMessage m;
    REQUIRE(message.size() == 1);
    REQUIRE(parser.parse(frames_of(message), m) == ingest::ParseError::kNone);
    if (m.sample_num == 46 * 696) number += 2;  // the first block from 1 s on is number 45
    REQUIRE(m.message_num == ++number);
    REQUIRE(m.sample_num == (number - 1) * 696);
    REQUIRE(m.num_channels == 3);
    const auto& block = run.lived.at(static_cast<std::size_t>(number - 1));
    for (std::size_t c = 0; c < 3; ++c) {
      REQUIRE(std::memcmp(m.samples.data() + c * 696 * 4, block.channels[settings.channels[c]].data(), 696 * 4) == 0);
    }
    for (std::size_t i = 0; i < 696; ++i) {
      const auto code = value_at<std::uint16_t>(m.event_codes, 2 * i);
      if (code != word) changes.emplace_back(m.sample_num + static_cast<std::int64_t>(i), code);
      word = code;
    }
  }
  // As the real plugin: a rise at its sample, for the stale word before it is 0; a fall one sample early.
  CHECK(changes == std::vector<std::pair<std::int64_t, int>>{{15000, 1}, {15299, 0}, {45000, 1}, {45299, 0}});
}
