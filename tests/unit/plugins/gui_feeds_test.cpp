// The plugin on the Event Broadcaster and the Falcon Output: real captures over a real socket.
#include <catch2/catch.hpp>

#include "tests/unit/ingest/capture_files.hpp"
#include "tests/unit/ingest/feed_messages.hpp"
#include "tests/unit/plugins/gui_peer.hpp"
#include "tests/unit/plugins/test_host.hpp"

using namespace vturn;
using nlohmann::json;
using test::config;
using test::Gui;
using test::TestHost;

namespace {

json of_feed(const Gui& gui, const char* feed, double sample_rate_hz) {
  json all = config(gui);
  all["feed"] = feed;
  all["sample_rate_hz"] = sample_rate_hz;
  return all;
}

std::size_t play(Gui& gui, const test::CaptureBytes& capture) {
  std::size_t messages = 0;
  test::for_each_message(capture, [&](const ingest::CapturedMessage& message) {
    gui.send(message.frames());
    ++messages;
  });
  return messages;
}

void wait_for_messages(const TestHost& host, std::size_t count) {
  test::wait_for("all messages", [&] { return host.counter(VTURN_MESSAGES_RECEIVED) == count; });
}

}  // namespace

TEST_CASE("Event Broadcaster over a real socket, JSON and Raw Binary: as many spikes and edges out as in") {
  for (const bool is_json : {true, false}) {
    const auto capture = test::load_capture(is_json ? "capture-eb-b1024.bin" : "capture-eb-rawbinary-b1024.bin");
    if (!capture) return;
    TestHost host;
    Gui gui;
    // JSON tells its rate.
    const json rig = of_feed(gui, "event_broadcaster", is_json ? 0.0 : 30000.0);
    test::RunningSource source(test::load("open_ephys"), host, rig.dump());
    gui.wait_for_subscriber();
    const std::size_t messages = play(gui, *capture);
    wait_for_messages(host, messages);
    source.stop();
    CHECK(messages == (is_json ? 4063 : 933));
    CHECK(host.count(InputKind::kSpike) == (is_json ? 4005 : 921));
    CHECK(host.count(InputKind::kTtl) == (is_json ? 58 : 12));
    CHECK(host.counter(VTURN_MESSAGES_PARSED) == messages);
    CHECK(host.counter(VTURN_MESSAGES_MALFORMED) == 0);
    CHECK(host.counter(VTURN_EPOCHS) + host.counter(VTURN_GAPS) + host.counter(VTURN_MESSAGES_LOST) == 0);
    CHECK(host.misplaced_ends() == 0);
    for (const auto& event : host.events())
      if (event.kind == InputKind::kSource) CHECK(event.payload.source.carries_spikes == 1);
  }
}

TEST_CASE("Falcon over a real socket: each block is a burst of its own, with its edges and its signals") {
  const auto capture = test::load_capture("capture-falcon-b1024.bin");
  if (!capture) return;
  TestHost host;
  Gui gui;
  json rig = of_feed(gui, "falcon", 0.0);
  rig["signals"] = {{{"index", 5}, {"channel", "#31"}}};
  test::RunningSource source(test::load("open_ephys"), host, rig.dump());
  gui.wait_for_subscriber();
  CHECK(play(gui, *capture) == 40);
  wait_for_messages(host, 40);
  source.stop();
  CHECK(host.counter(VTURN_MESSAGES_MALFORMED) == 0);
  CHECK(host.counter(VTURN_LFP_BLOCKS) == host.count(InputKind::kLfp));
  CHECK(host.count(InputKind::kLfp) >= 40);
  CHECK(host.count(InputKind::kTtl) == 2);
  CHECK(host.pushes() == 41);  // and the source's end
  CHECK(host.misplaced_ends() == 0);
  for (const auto& event : host.events())
    if (event.kind == InputKind::kSource) CHECK(event.payload.source.carries_spikes == 0);
  CHECK(host.clock.map(host.events().back().arrival_mono_ns).epoch_plus_one == 1);
}

TEST_CASE("A plugin that is too old, or another one on the port, is told in the log with what to do") {
  const auto log_of = [](const char* feed, const test::Message& message) {
    TestHost host;
    Gui gui;
    test::RunningSource source(test::load("open_ephys"), host, of_feed(gui, feed, 30000).dump());
    gui.wait_for_subscriber();
    gui.send(message.frames());
    test::wait_for("the log line", [&] { return host.log_text().find("messages refused") != std::string::npos; });
    return host.log_text();
  };
  CHECK_THAT(log_of("falcon", test::old_falcon_message()), Catch::Contains("older Falcon Output"));
  CHECK_THAT(log_of("falcon", test::raw_spike(1)), Catch::Contains("another plugin"));
  CHECK_THAT(log_of("event_broadcaster", {{test::part("ttl/channel:0/state:1/id:1/ts:99")}}),
             Catch::Contains("Event Broadcaster 0.1"));
  CHECK_THAT(log_of("event_broadcaster", test::spike_message(1, 0)), Catch::Contains("another plugin"));
  CHECK_THAT(log_of("zmq_interface", test::json_spike(1)), Catch::Contains("another plugin"));
}

TEST_CASE("A feed without what the rig file asks of it is refused") {
  const auto refusal = [](const char* feed, const json& more) {
    json rig = {{"name", "e"}, {"feed", feed}};
    rig.update(more);
    return test::source_refusal(test::load("open_ephys"), rig.dump());
  };
  const json by_name = {{"signals", {{{"index", 0}, {"channel", "CH5"}}}}};
  const json by_number = {{"signals", {{{"index", 0}, {"channel", "#5"}}}}};
  CHECK_THAT(refusal("event_broadcaster", by_number), Catch::Contains("\"e\": feed") && Catch::Contains("signals"));
  CHECK_THAT(refusal("falcon", by_name), Catch::Contains("\"CH5\"") && Catch::Contains("#N"));
  CHECK_THAT(refusal("falcon", {{"heartbeat", true}}), Catch::Contains("heartbeat"));
  CHECK_THAT(refusal("falcon", {{"heading_from", "euler"}, {"yaw", "clockwise"}}), Catch::Contains("zmq_interface"));
  CHECK_THAT(refusal("zmq_interface", {{"heading_from", "magnet"}}), Catch::Contains("euler or quaternion"));
  CHECK_THAT(refusal("zmq_interface", {{"heading_from", "euler"}}), Catch::Contains("yaw") && Catch::Contains("above"));
  CHECK_THAT(refusal("Falcon", json::object()), Catch::Contains("event_broadcaster or falcon"));
}

TEST_CASE("An inertial sensor's stream as a second source gives headings on the session clock") {
  TestHost host;
  const MonoNs now = host.host().mono_now_ns(nullptr);
  for (int i = 0; i <= 20; ++i) host.clock.publish(now + (i - 20) * kNsPerS, (i + 500) * kNsPerS, 0);
  Gui gui;
  json rig = of_feed(gui, "zmq_interface", 0.0);
  rig.update({{"master", false}, {"clock", "arrival"}, {"heading_from", "euler"}, {"yaw", "clockwise"}});
  test::RunningSource source(test::load("open_ephys"), host, rig.dump());
  gui.wait_for_subscriber();
  for (int i = 0; i < 50; ++i) {
    const auto message = test::data_message(i + 1, 2 * i, {90.0F, 90.0F}, 0, "Eul-Y", "100.0", "IMU_port_A");
    gui.send(message.frames());
  }
  wait_for_messages(host, 50);
  source.stop();
  CHECK(host.counter(VTURN_HEADINGS_RECEIVED) == 100);
  std::size_t headings = 0;
  for (const auto& event : host.events()) {
    if (event.kind == InputKind::kSource) CHECK(event.payload.source.carries_spikes == 0);
    if (event.kind != InputKind::kHeading) continue;
    ++headings;
    CHECK(event.payload.heading.angle_rad == Approx(4.712389));
    CHECK(event.session_time_ns > 510 * kNsPerS);
    CHECK(event.session_time_ns < 600 * kNsPerS);
  }
  CHECK(headings == 100);
}
