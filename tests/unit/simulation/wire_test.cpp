// The wire of the simulated GUI against bytes of the real one.
#include <catch2/catch.hpp>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "daemon/ingest/capture_frames.hpp"
#include "tests/helpers/shared_data.hpp"
#include "tools/lib/zst_file.hpp"
#include "tools/simulation/gui_http.hpp"
#include "tools/simulation/open_ephys_wire.hpp"

using namespace vturn;
using namespace vturn::simulation;
using nlohmann::json;

namespace {

std::string text_of(ingest::Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

/// Our header from the fields of a real one.
std::string written_again(const json& h) {
  const auto& c = h.contains("content") ? h["content"] : h["spike"];
  const auto stream = c["stream"].get<std::string>();
  const auto number = h["message_num"].get<std::int64_t>(), time = h["timestamp"].get<std::int64_t>();
  const auto sample = c["sample_num"].get<std::int64_t>();
  if (h["type"] == "data") {
    const auto name = c["channel_name"].get<std::string>();
    return format_header(
        DataHeader{number, stream, c["channel_num"], name, c["num_samples"], sample, c["sample_rate"], time});
  }
  if (h["type"] == "event") return format_header(TtlHeader{number, stream, c["source_node"], sample, time});
  const auto electrode = c["electrode"].get<std::string>();
  const auto threshold = c["threshold"].get<std::vector<double>>();
  return format_header(SpikeHeader{number, stream, c["source_node"], electrode, sample, c["num_samples"],
                                   c["sorted_id"], threshold, time});
}

struct Sent {
  std::string envelope, header;
  json fields;
  std::vector<std::uint8_t> payload;
};

std::vector<Sent> run_wire(WireSettings wire_settings, int blocks, std::vector<Block>* lived = nullptr) {
  MouseSettings settings;
  Mouse mouse(settings, Hypnogram::shipped(0));
  OpenEphysWire wire(settings, std::move(wire_settings));
  std::vector<Sent> sent;
  for (int i = 0; i < blocks; ++i) {
    const Block& block = mouse.step(204);
    if (lived != nullptr) lived->push_back(block);
    wire.send(block, {1795469548767, 0.0}, [&](std::span<const GuiWire::Bytes> parts) {
      REQUIRE(parts.size() == 3);
      const std::string header = text_of(parts[1]);
      sent.push_back({text_of(parts[0]), header, json::parse(header), {parts[2].begin(), parts[2].end()}});
    });
  }
  return sent;
}

std::int64_t sample_of(const Sent& m) {
  return (m.fields.contains("content") ? m.fields["content"] : m.fields["spike"])["sample_num"];
}

}  // namespace

TEST_CASE("headers equal the real GUI's byte for byte") {
  std::map<std::string, int> kinds;
  for (const char* name : {"open-ephys/capture-spikes-b1024.bin", "open-ephys/capture-raw-b128.bin"}) {
    const auto file = vturn::test::shared_data(name);
    if (!file) return;
    const auto bytes = tools::read_file_or_zst(*file);
    REQUIRE(bytes);
    ingest::CaptureFrames frames(*bytes);
    ingest::CapturedMessage message;
    while (frames.next(message) == ingest::CaptureStep::kMessage) {
      const std::string header = text_of(message.parts[1]);
      const json fields = json::parse(header);
      REQUIRE(written_again(fields) == header);
      REQUIRE(text_of(message.parts[0]) == (fields["type"] == "data" ? kDataEnvelope : kEventEnvelope));
      ++kinds[fields["type"]];
    }
  }
  CHECK(kinds["spike"] == 4005);
  CHECK(kinds["data"] == 3992);
  CHECK(kinds["event"] > 50);
}

TEST_CASE("a block: TTL and spikes before DATA, one channel a message, numbered without a gap") {
  std::vector<Block> lived;
  const auto sent = run_wire({.channels = {0, 1, 4}}, 300, &lived);
  std::int64_t number = 0;
  std::map<int, std::int64_t> next_sample;
  std::vector<std::int64_t> data_blocks;
  for (const auto& m : sent) {
    REQUIRE(m.fields["message_num"] == ++number);
    if (m.fields["type"] != "data") {
      REQUIRE(m.envelope == kEventEnvelope);
      // everything of a block comes before its DATA: nothing is older than the DATA sent last, but for the 100 samples
      // held back
      if (!data_blocks.empty()) REQUIRE(sample_of(m) >= data_blocks.back() + 204 - 100 - 7);
      continue;
    }
    REQUIRE(m.envelope == kDataEnvelope);
    const int channel = m.fields["content"]["channel_num"];
    REQUIRE(sample_of(m) == next_sample[channel]);
    next_sample[channel] += 204;
    REQUIRE(m.payload.size() == 204 * 4);
    const auto& block = lived[static_cast<std::size_t>(sample_of(m) / 204)];
    REQUIRE(std::memcmp(m.payload.data(), block.channels[channel == 2 ? 4 : static_cast<std::size_t>(channel)].data(),
                        816) == 0);
    if (channel == 2) data_blocks.push_back(sample_of(m));
  }
  CHECK(data_blocks.size() == 300);
}

TEST_CASE("every spike is sent once, near its true sample, held back and unsorted as the Spike Detector does") {
  std::vector<Block> lived;
  const auto sent = run_wire({.channels = {0}}, 1500, &lived);
  std::multiset<std::pair<int, std::int64_t>> truth;
  for (const auto& block : lived) {
    for (const auto& spike : block.spikes)
      truth.insert({static_cast<int>(spike.unit), static_cast<std::int64_t>(spike.time_s * 30000.0)});
  }
  int spikes = 0, backwards = 0, early = 0;
  std::int64_t last = 0;
  for (const auto& m : sent) {
    if (m.fields["type"] != "spike") continue;
    ++spikes;
    const std::string name = m.fields["spike"]["electrode"];
    const int unit = std::stoi(name.substr(std::string("Electrode ").size())) - 1;
    const auto at = truth.lower_bound({unit, sample_of(m)});
    REQUIRE(at != truth.end());
    REQUIRE(at->first == unit);
    REQUIRE(at->second - sample_of(m) <= 7);
    early += at->second - sample_of(m) >= 4 ? 1 : 0;
    truth.erase(at);
    backwards += sample_of(m) < last ? 1 : 0;
    last = sample_of(m);
    REQUIRE(m.payload.size() == 160);
    float trough = 0.0F;
    std::memcpy(&trough, m.payload.data() + 9 * 4, 4);
    REQUIRE(trough < -60.0F);
  }
  CHECK(spikes > 2000);
  CHECK(static_cast<int>(truth.size()) < 20);  // those still held back at the end
  CHECK(static_cast<double>(backwards) / spikes > 0.1);
  CHECK(static_cast<double>(early) / spikes == Approx(32.0 / 204.0).margin(0.04));
}

TEST_CASE("TTL: 1 Hz, 10 ms, line 0, at the sample it happened") {
  std::vector<std::pair<std::int64_t, int>> edges;
  for (const auto& m : run_wire({}, 600)) {
    if (m.fields["type"] != "event") continue;
    REQUIRE(m.payload.size() == 10);
    CHECK(m.payload[0] == 0);
    CHECK(m.payload[2] == m.payload[1]);
    edges.emplace_back(sample_of(m), m.payload[1]);
  }
  const std::vector<std::pair<std::int64_t, int>> expected{{15000, 1}, {15300, 0}, {45000, 1},  {45300, 0},
                                                           {75000, 1}, {75300, 0}, {105000, 1}, {105300, 0}};
  CHECK(edges == expected);
}

TEST_CASE("rehearsed faults: a loss, a restart, a loop") {
  const auto jumps = [](const std::vector<Sent>& sent) {
    std::vector<std::pair<std::int64_t, std::int64_t>> out;  // message number step, DATA sample
    std::int64_t last = 0;
    for (const auto& m : sent) {
      const std::int64_t number = m.fields["message_num"];
      if (number != last + 1) out.emplace_back(number - last - 1, 0);
      last = number;
    }
    return out;
  };
  const auto lost = jumps(run_wire({.channels = {0}, .faults = {.drop_at_s = 1.0, .drop_messages = 25}}, 300));
  REQUIRE(lost.size() == 1);
  CHECK(lost[0].first == 25);
  const auto restarted = run_wire({.channels = {0}, .faults = {.restart_at_s = 1.0}}, 300);
  CHECK(jumps(restarted).size() == 1);
  const auto looped = run_wire({.channels = {0}, .faults = {.loop_at_s = 1.0}}, 300);
  CHECK(jumps(looped).empty());
  for (const auto& sent : {restarted, looped}) {
    int zeros = 0;
    for (const auto& m : sent) zeros += m.fields["type"] == "data" && sample_of(m) == 0 ? 1 : 0;
    CHECK(zeros == 2);
  }
}

TEST_CASE("the HTTP API tells the stream's name, rate and source") {
  const json page = json::parse(processors_json({"mouse", "Falcon Output", 100, 102, 30000.0, 5}));
  const auto& stream = page.at("processors").at(0).at("streams").at(0);
  CHECK(stream.at("name") == "mouse");
  CHECK(stream.at("sample_rate") == 30000.0);
  CHECK(stream.at("source_id") == 100);
  CHECK(stream.at("channel_count") == 5);
}
