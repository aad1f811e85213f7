#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "daemon/ingest/capture_frames.hpp"
#include "daemon/ingest/zmq_interface.hpp"
#include "plugins/open_ephys/block_end.hpp"
#include "plugins/open_ephys/diagnosis.hpp"
#include "plugins/open_ephys/gui_streams.hpp"
#include "plugins/open_ephys/settings.hpp"
#include "tests/unit/ingest/capture_files.hpp"
#include "tests/unit/plugins/gui_peer.hpp"
#include "tests/unit/plugins/test_host.hpp"

using namespace vturn;
using namespace vturn::plugins;
using nlohmann::json;
using test::config;
using test::Gui;
using test::TestHost;

namespace {

/// What a capture's head holds, counted by the test through the headers' text, not by the reader.
struct Head {
  std::size_t messages = 0, spikes = 0, unnamed = 0, ttl = 0, data = 0;
};

/// Plays the first `limit` messages of a capture as fast as they go.
Head play(Gui& gui, const test::CaptureBytes& capture, std::size_t limit) {
  ingest::CaptureFrames reader(capture);
  ingest::CapturedMessage message;
  Head head;
  while (head.messages < limit && reader.next(message) == ingest::CaptureStep::kMessage) {
    const std::string_view header(reinterpret_cast<const char*>(message.parts[1].data()), message.parts[1].size());
    head.spikes += header.find("\"type\": \"spike\"") != std::string_view::npos ? 1U : 0U;
    // Tetrodes, which the default pattern of electrode names does not map.
    head.unnamed += header.find("\"electrode\": \"Tetrode") != std::string_view::npos ? 1U : 0U;
    head.ttl += header.find("\"type\": \"event\"") != std::string_view::npos ? 1U : 0U;
    head.data += header.find("\"type\": \"data\"") != std::string_view::npos ? 1U : 0U;
    gui.send(message.frames());
    ++head.messages;
  }
  return head;
}

std::string spike_header(std::int64_t number, std::int64_t sample, const std::string& stream) {
  return json{{"message_num", number},
              {"type", "spike"},
              {"spike",
               {{"stream", stream},
                {"source_node", 103},
                {"electrode", "Electrode 2"},
                {"sample_num", sample},
                {"num_channels", 1},
                {"num_samples", 1},
                {"sorted_id", 0},
                {"threshold", {-60.0}}}},
              {"timestamp", 1}}
      .dump();
}
const std::string kEvent("EVENT\0", 6);
const std::string kOneSample("\0\0\x80\xbf", 4);

}  // namespace

TEST_CASE("real spikes over a real socket: as many out as in, bursts marked at their last event only") {
  const auto capture = test::load_capture("capture-spikes-b1024.bin");
  if (!capture) return;
  TestHost host;
  Gui gui;
  test::RunningSource source(test::load("open_ephys"), host, config(gui).dump());
  gui.wait_for_subscriber();
  const Head head = play(gui, *capture, 100'000);
  REQUIRE(head.spikes == 4005);
  REQUIRE(head.ttl == 58);
  test::wait_for("all messages", [&] { return host.counter(VTURN_MESSAGES_RECEIVED) == head.messages; });
  source.stop();
  CHECK(host.count(InputKind::kSpike) == head.spikes);
  CHECK(host.count(InputKind::kTtl) == head.ttl);
  CHECK(host.counter(VTURN_MESSAGES_PARSED) == head.messages);
  CHECK(host.counter(VTURN_MESSAGES_MALFORMED) == 0);
  CHECK(host.counter(VTURN_MESSAGES_LOST) == 0);
  CHECK(host.counter(VTURN_SPIKES_RECEIVED) == head.spikes);
  CHECK(host.counter(VTURN_TTL_RECEIVED) == head.ttl);
  CHECK(host.counter(VTURN_SPIKES_UNMAPPED) == head.unnamed);
  CHECK(host.misplaced_ends() == 0);
  const auto events = host.events();
  CHECK(events.front().payload.source.change == SourceChange::kUp);
  CHECK(events.back().payload.source.change == SourceChange::kDown);
  for (const auto& event : events) CHECK((event.flags & kFlagMaster) != 0);
  CHECK(host.clock.map(events.back().arrival_mono_ns).epoch_plus_one == 1);
}

TEST_CASE("a restarted acquisition is a new epoch, for the session clock too") {
  const auto capture = test::load_capture("capture-spikes-restart.bin");
  if (!capture) return;
  TestHost host;
  Gui gui;
  test::RunningSource source(test::load("open_ephys"), host, config(gui).dump());
  gui.wait_for_subscriber();
  const Head head = play(gui, *capture, 100'000);
  test::wait_for("all messages", [&] { return host.counter(VTURN_MESSAGES_RECEIVED) == head.messages; });
  source.stop();
  CHECK(host.counter(VTURN_EPOCHS) == 1);
  CHECK(host.clock.map(0).epoch_plus_one == 2);
  CHECK(host.count(InputKind::kSpike) == head.spikes);
}

TEST_CASE("the loss capture's one gap is counted") {
  const auto capture = test::load_capture("capture-loss.bin");
  if (!capture) return;
  TestHost host;
  Gui gui;
  test::RunningSource source(test::load("open_ephys"), host, config(gui).dump());
  gui.wait_for_subscriber();
  const Head head = play(gui, *capture, 100'000);
  test::wait_for("all messages", [&] { return host.counter(VTURN_MESSAGES_RECEIVED) == head.messages; });
  source.stop();
  CHECK(host.counter(VTURN_MESSAGES_LOST) == 3550);
  CHECK(host.counter(VTURN_GAPS) == 1);
}

TEST_CASE("four channels of DATA come as LFP of the signals asked for, with the rate of the stream") {
  const auto capture = test::load_capture("capture-raw-b128.bin");
  if (!capture) return;
  TestHost host;
  Gui gui;
  json wanted = config(gui);
  wanted["sample_rate_hz"] = 0.0;
  wanted["signals"] = {{{"index", 5}, {"channel", "#0"}}};
  test::RunningSource source(test::load("open_ephys"), host, wanted.dump());
  gui.wait_for_subscriber();
  const Head head = play(gui, *capture, 100'000);
  REQUIRE(head.data + head.ttl == head.messages);
  test::wait_for("all messages", [&] { return host.counter(VTURN_MESSAGES_RECEIVED) == head.messages; });
  source.stop();
  CHECK(host.counter(VTURN_MESSAGES_MALFORMED) == 0);
  CHECK(host.counter(VTURN_LFP_BLOCKS) == host.count(InputKind::kLfp));
  CHECK(host.count(InputKind::kLfp) > head.data / 4 / 2);
  CHECK(host.misplaced_ends() == 0);
  for (const auto& event : host.events())
    if (event.kind == InputKind::kLfp) CHECK(event.payload.lfp.signal == 5);
}

TEST_CASE("a second source is mapped onto the session clock and tells how well") {
  const auto capture = test::load_capture("capture-spikes-b1024.bin");
  if (!capture) return;
  TestHost host;
  const MonoNs now = host.host().mono_now_ns(nullptr);
  for (int i = 0; i <= 20; ++i) host.clock.publish(now + (i - 20) * kNsPerS, (i + 500) * kNsPerS, 0);
  Gui gui;
  json other = config(gui);
  other["master"] = false;
  other["clock"] = "arrival";
  test::RunningSource source(test::load("open_ephys"), host, other.dump());
  gui.wait_for_subscriber();
  play(gui, *capture, 5);
  test::wait_for("five messages", [&] { return host.counter(VTURN_MESSAGES_RECEIVED) == 5; });
  source.stop();
  bool told = false;
  for (const auto& event : host.events()) {
    CHECK((event.flags & kFlagMaster) == 0);
    // Mapped by arrival, which was moments after the clock's 520 s.
    CHECK(event.session_time_ns > 510 * kNsPerS);
    CHECK(event.session_time_ns < 600 * kNsPerS);
    const bool clock = event.kind == InputKind::kSource && event.payload.source.change == SourceChange::kClock;
    if (clock) CHECK(event.payload.source.value_ns > 5 * kNsPerMs);
    told = told || clock;
  }
  CHECK(told);
}

TEST_CASE("a GUI 0.5 stream is refused once, with what to do in the log") {
  TestHost host;
  Gui gui;
  test::RunningSource source(test::load("open_ephys"), host, config(gui).dump());
  gui.wait_for_subscriber();
  for (int i = 0; i < 3; ++i)
    gui.send({kEvent, R"({"message_no":1,"type":"spike","spike":{"timestamp":1,"electrode_id":1}})", kOneSample});
  test::wait_for("the refusal", [&] { return host.counter(VTURN_MESSAGES_MALFORMED) == 3; });
  test::wait_for("the log line", [&] { return host.log_text().find("messages refused") != std::string::npos; });
  source.stop();
  std::size_t refusals = 0;
  for (const auto& event : host.events())
    refusals += event.kind == InputKind::kSource && event.payload.source.change == SourceChange::kRefused ? 1U : 0U;
  CHECK(refusals == 1);
  CHECK(host.log_text().find("0.5") != std::string::npos);
}

TEST_CASE("any message is counted, however odd") {
  TestHost host;
  Gui gui;
  test::RunningSource source(test::load("open_ephys"), host, config(gui).dump());
  gui.wait_for_subscriber();
  gui.send({""});
  gui.send({"EVENT"});
  gui.send(std::vector<std::string>(20, "x"));
  gui.send({kEvent, "{}", std::string(1 << 20, 'y')});
  gui.send({kEvent, spike_header(1, 1000, "a.b"), kOneSample});
  test::wait_for("all messages", [&] { return host.counter(VTURN_MESSAGES_RECEIVED) == 5; });
  source.stop();
  CHECK(host.counter(VTURN_MESSAGES_MALFORMED) == 4);
  CHECK(host.count(InputKind::kSpike) == 1);
}

TEST_CASE("a stream that was not asked for is named in the log") {
  TestHost host;
  Gui gui;
  json wanted = config(gui);
  wanted["stream"] = "probe-A";
  test::RunningSource source(test::load("open_ephys"), host, wanted.dump());
  gui.wait_for_subscriber();
  gui.send({kEvent, spike_header(1, 1000, "probe-B"), kOneSample});
  test::wait_for("the log line", [&] { return host.log_text().find("other streams") != std::string::npos; });
  CHECK(host.log_text().find("probe-A") != std::string::npos);
  CHECK(host.log_text().find("probe-B") != std::string::npos);
}

TEST_CASE("a stop ends a source that never heard anything") {
  TestHost host;
  json lonely = {{"name", "ephys"}, {"address", "tcp://127.0.0.1:1"}, {"http", "http://127.0.0.1:1"}};
  test::RunningSource source(test::load("open_ephys"), host, lonely.dump());
  source.stop();
  REQUIRE(host.events().size() == 1);
  CHECK(host.events().front().payload.source.change == SourceChange::kDown);
}

TEST_CASE("a rig entry is checked key by key") {
  const auto refusal = [](const json& text) { return test::source_refusal(test::load("open_ephys"), text.dump()); };
  CHECK(refusal({{"name", "e"}, {"feed", "river"}}).find("\"e\": feed") != std::string::npos);
  CHECK(refusal({{"address", "tcp//x"}}).find("tcp//x") != std::string::npos);
  CHECK(refusal({{"sample_rate_hz", "fast"}}).find("sample_rate_hz") != std::string::npos);
  CHECK(refusal({{"sample_rate_hz", -1}}).find("from 0.0 to 1000000.0") != std::string::npos);
  CHECK(refusal({{"master", 1}}).find("master = 1: expected true or false") != std::string::npos);
  CHECK(refusal({{"master", false}, {"clock", "ttl:x"}}).find("ttl:LINE") != std::string::npos);
  CHECK(refusal({{"units", {{"from", "marks"}}}}).find("units.from") != std::string::npos);
  CHECK(refusal({{"units", {{"first", "one"}}}}).find("units") != std::string::npos);
  CHECK(refusal({{"signals", {{{"index", 0}}}}}).find("signals") != std::string::npos);
  CHECK(refusal({{"signals", {{{"index", 0}, {"channel", "#x"}}}}}).find("\"#N\"") != std::string::npos);
  CHECK(heartbeat_address("tcp://127.0.0.1:5556") == "tcp://127.0.0.1:5557");
  CHECK_THROWS(heartbeat_address("ipc:///tmp/x"));
}

TEST_CASE("the GUI's answer gives the rate of the stream that the messages name") {
  const auto streams = parse_processors(R"({"processors":[
    {"id":100,"name":"File Reader","streams":[{"name":"example_hd","source_id":100,"sample_rate":30000.0,"channel_count":32},
                                              {"name":"IMU_port_A","source_id":100,"sample_rate":100,"channel_count":15}]},
    {"id":103,"name":"ZMQ Interface","streams":[{"name":"example_hd","source_id":100,"sample_rate":30000.0}]},
    {"id":104,"name":"Record Node"}]})");
  REQUIRE(streams);
  CHECK(streams->size() == 2);
  CHECK(rate_of(*streams, "File_Reader-100.example_hd") == 30000.0);
  CHECK(rate_of(*streams, "example_hd") == 30000.0);
  CHECK(rate_of(*streams, "Board-100.IMU_port_A") == 100.0);
  CHECK(rate_of(*streams, "other") == 0.0);
  CHECK(rate_of(*streams, "notexample_hd") == 0.0);
  CHECK(rate_of(*streams, "") == 0.0);
  CHECK(list_names(*streams) == "\"example_hd\", \"IMU_port_A\"");
  for (const char* bad : {"", "[]", "{}", R"({"processors":1})", R"({"processors":[1]})",
                          R"({"processors":[{"streams":[{"name":1,"sample_rate":1}]}]})"}) {
    INFO(bad);
    CHECK_FALSE(parse_processors(bad));
  }
}

TEST_CASE("the last channel of a block ends the burst once a whole block was seen") {
  BlockEnd end;
  const auto data = [&](int channel) {
    const std::string envelope("DATA\0", 5),
        header = "{\"content\":{\"channel_num\": " + std::to_string(channel) + "}}";
    const std::array<ingest::Bytes, 3> frames{
        {{reinterpret_cast<const std::uint8_t*>(envelope.data()), envelope.size()},
         {reinterpret_cast<const std::uint8_t*>(header.data()), header.size()},
         {}}};
    return end.observe(frames);
  };
  for (const int channel : {2, 5, 7}) CHECK_FALSE(data(channel));
  for (int block = 0; block < 3; ++block) {
    CHECK_FALSE(data(2));
    CHECK_FALSE(data(5));
    CHECK(data(7));
  }
  CHECK_FALSE(end.observe({}));
}

TEST_CASE("troubles are told once, again when they go on, and silence is told with its end") {
  Diagnosis diagnosis("tcp://x", ingest::GuiFeed::kZmqInterface);
  ingest::OpenEphysCounters counters;
  const auto next = [&](MonoNs s) {
    return diagnosis.next(counters, "broken", "a", "b", 1'000 * kNsPerS + s * kNsPerS);
  };
  CHECK(next(0).empty());
  CHECK(next(4).empty());
  CHECK(next(5).find("no data from tcp://x") != std::string::npos);
  CHECK(next(60).empty());
  counters.received = counters.malformed = 1;
  CHECK(next(61).find("1 messages refused") != std::string::npos);
  CHECK(next(61).find("again") != std::string::npos);
  CHECK(next(61).empty());
  counters.received = counters.malformed = 5;
  CHECK(next(62).empty());
  CHECK(next(72).find("5 messages refused") != std::string::npos);
  counters.without_rate = 3;
  CHECK(next(72).find("sample_rate_hz") != std::string::npos);
  counters.ttl_misplaced = 2;
  CHECK(next(72).find("2 TTL edges left out") != std::string::npos);
}
