// Player and live mouse over real loopback sockets, against a subscriber of the test's own.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <thread>

#include "daemon/ingest/capture_frames.hpp"
#include "tests/helpers/shared_data.hpp"
#include "tools/lib/csv.hpp"
#include "tools/lib/zst_file.hpp"
#include "tools/simulation/follower.hpp"
#include "tools/simulation/live_run.hpp"
#include "tools/simulation/open_ephys_peer.hpp"
#include "tools/simulation/open_ephys_wire.hpp"
#include "tools/simulation/player.hpp"
#include "tools/simulation/publisher.hpp"
#include "tools/simulation/udp.hpp"
#include "tools/simulation/zmq_playback.hpp"
#include "vturn/v1/events.pb.h"

using namespace vturn;
using namespace vturn::simulation;

namespace {

using Message = std::vector<std::string>;

/// The next message, or nothing after 3 s of silence.
Message receive(ZmqSocket& socket) {
  Message parts;
  for (;;) {
    zmq_msg_t part;
    zmq_msg_init(&part);
    if (zmq_msg_recv(&part, socket.get(), 0) < 0) return {};
    parts.emplace_back(static_cast<const char*>(zmq_msg_data(&part)), zmq_msg_size(&part));
    const bool more = zmq_msg_more(&part) != 0;
    zmq_msg_close(&part);
    if (!more) return parts;
  }
}

/// An address that is free now.
std::string free_address() {
  ZmqContext context;
  ZmqSocket probe(context, ZMQ_PUB);
  probe.bind("tcp://127.0.0.1:*");
  return probe.endpoint();
}

void listen_to(ZmqSocket& socket, const std::string& address) {
  socket.set(ZMQ_RCVHWM, 0);
  socket.set(ZMQ_LINGER, 0);
  socket.set(ZMQ_RCVTIMEO, 3000);
  socket.subscribe("");
  socket.connect(address);
}

std::filesystem::path temporary(const std::string& name) {
  return std::filesystem::temp_directory_path() / ("vturn_" + std::to_string(getpid()) + "_" + name);
}

std::string published_heading(SessionNs time_ns) {
  v1::Heading heading;
  heading.mutable_header()->set_session_time_ns(time_ns);
  return heading.SerializeAsString();
}

LiveResult run_quickly(LiveSettings settings, const std::string& address, const std::string& hypnogram) {
  OpenEphysSettings gui;
  gui.address = address;
  gui.http = "";
  gui.wire.channels = {0};
  settings.speed = 0.0;
  OpenEphysPeer peer(settings.mouse, gui);
  return run_live(settings, *Hypnogram::parse(hypnogram), peer);
}

}  // namespace

TEST_CASE("a real capture comes through the player's socket whole and in order") {
  const auto file = vturn::test::shared_data("open-ephys/capture-spikes-restart.bin");
  if (!file) return;
  const auto bytes = tools::read_file_or_zst(*file);
  REQUIRE(bytes);
  const std::string address = free_address();
  PlaySettings settings;
  settings.speed = 0.0;
  PlayResult result;
  std::thread player([&] {
    ZmqPlayback playback(*file, address, settings.linger_s);
    result = play(playback, settings, "messages");
  });
  ZmqContext context;
  ZmqSocket subscriber(context, ZMQ_SUB);
  listen_to(subscriber, address);
  ingest::CaptureFrames frames(*bytes);
  ingest::CapturedMessage expected;
  int count = 0, different = 0;
  while (frames.next(expected) == ingest::CaptureStep::kMessage) {
    const Message got = receive(subscriber);
    if (got.empty()) break;
    ++count;
    bool same = got.size() == expected.part_count;
    for (std::size_t i = 0; same && i < got.size(); ++i) {
      same = std::equal(got[i].begin(), got[i].end(), expected.parts[i].begin(), expected.parts[i].end(),
                        [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; });
    }
    different += same ? 0 : 1;
  }
  player.join();
  CHECK(count == 1568);
  CHECK(different == 0);
  CHECK(result.exit_code == 0);
  CHECK(result.summary["sent"] == 1568);
}

TEST_CASE("a cut-off or foreign capture is refused before anything is sent") {
  const auto cut = temporary("cut.bin");
  const std::string whole("\x01\0\0\0\x02\0\0\0ab\0\0\0\0\0\0\xF0\x3F", 18);
  std::ofstream(cut, std::ios::binary) << whole << whole.substr(0, 9);
  const std::string address = free_address();
  CHECK_THROWS_WITH(ZmqPlayback(cut, address, 0.0),
                    Catch::Contains("byte 18") && Catch::Contains("1 whole") && Catch::Contains("cut off"));
  std::ofstream(cut, std::ios::binary) << "this is a text file, not a capture";
  CHECK_THROWS_WITH(ZmqPlayback(cut, address, 0.0), Catch::Contains("not a capture"));
  std::filesystem::remove(cut);
}

TEST_CASE("the live mouse: every message arrives, truth files agree with what was sent") {
  const std::string address = free_address();
  LiveSettings settings;
  settings.duration_s = 20.0;
  settings.truth = temporary("truth").string();
  UdpSocket tracker = UdpSocket::listen("127.0.0.1:0");
  settings.tracking = "127.0.0.1:" + std::to_string(tracker.port());
  LiveResult result;
  std::thread mouse([&] { result = run_quickly(settings, address, "W3 N5"); });
  ZmqContext context;
  ZmqSocket subscriber(context, ZMQ_SUB);
  listen_to(subscriber, address);
  std::uint64_t messages = 0, spikes = 0;
  int tracked = 0;
  // 20 s are 2941 whole blocks; the last DATA message tells the end.
  for (Message m = receive(subscriber); !m.empty(); m = receive(subscriber)) {
    ++messages;
    while (tracker.receive()) ++tracked;
    spikes += m[1].find("\"type\": \"spike\"") != std::string::npos ? 1U : 0U;
    if (m[1].find("\"sample_num\": 599760,") != std::string::npos && m[0] == kDataEnvelope) break;
  }
  mouse.join();
  CHECK(result.exit_code == 0);
  CHECK(messages == result.summary["messages"]);
  tools::CsvReader truth(std::filesystem::path(settings.truth) / "spikes.csv");
  std::uint64_t rows = 0;
  while (truth.next()) ++rows;
  CHECK(rows >= spikes);
  CHECK(rows < spikes + 20);
  while (tracker.receive()) ++tracked;
  CHECK(tracked == 480);  // 40 Hz in the 12 s of wake, none in NREM
  std::filesystem::remove_all(settings.truth);
}

TEST_CASE("followed, the mouse runs ahead by the allowance only; pulses act at their time, a late one fails the run") {
  const std::string address = free_address(), follow = free_address();
  LiveSettings settings;
  settings.duration_s = 4.0;
  settings.follow = follow;
  UdpSocket probe = UdpSocket::listen("127.0.0.1:0");
  const int port = probe.port();
  { const UdpSocket closed = std::move(probe); }
  settings.stimulation = "127.0.0.1:" + std::to_string(port);
  LiveResult result;
  std::thread mouse([&] { result = run_quickly(settings, address, "R10"); });
  ZmqContext context;
  ZmqSocket subscriber(context, ZMQ_SUB), daemon(context, ZMQ_PUB);
  daemon.set(ZMQ_LINGER, 0);
  daemon.bind(follow);
  listen_to(subscriber, address);
  UdpSocket output = UdpSocket::send_to("127.0.0.1:" + std::to_string(port));
  const auto pulse = [&](SessionNs time_ns, int id) {
    output.send(R"({"kind":"fire","session_time_ns":)" + std::to_string(time_ns) + R"(,"trigger_id":)" +
                std::to_string(id) + R"(,"pulse_ms":10})");
  };
  double data_end_s = 0.0, published_s = 0.0, furthest_ms = 0.0;
  int pulses = 0, silences = 0;
  const auto publish = [&] {
    const std::string body = published_heading(static_cast<SessionNs>(published_s * 1e9));
    zmq_send(daemon.get(), "heading", 7, ZMQ_SNDMORE);
    zmq_send(daemon.get(), body.data(), body.size(), 0);
  };
  subscriber.set(ZMQ_RCVTIMEO, 100);
  while (data_end_s < 3.98) {
    const Message m = receive(subscriber);
    if (m.empty()) {
      // What was published before the mouse's subscription had come is lost to it.
      REQUIRE(++silences < 50);
      publish();
      continue;
    }
    if (m[0] != kDataEnvelope) continue;
    const auto at = m[1].find("\"sample_num\": ");
    data_end_s = (std::stod(m[1].substr(at + 14)) + 204.0) / 30000.0;
    furthest_ms = std::max(furthest_ms, 1e3 * (data_end_s - published_s));
    if (data_end_s > 1.0 && pulses == 0) pulse(static_cast<SessionNs>(data_end_s * 1e9), ++pulses);
    if (data_end_s > 3.0 && pulses == 1) pulse(static_cast<SessionNs>(2.0e9), ++pulses);
    published_s = std::max(published_s, data_end_s - 0.02);
    publish();
  }
  mouse.join();
  CHECK(furthest_ms <= 50.0 + 1e-6);
  CHECK(result.summary["stimuli"] == 2);
  CHECK(result.summary["late_stimuli"] == 1);
  CHECK(result.exit_code == 1);
}

TEST_CASE("a vturnd that publishes nothing ends the run with an error") {
  const std::string address = free_address();
  LiveSettings settings;
  settings.duration_s = 4.0;
  settings.follow = free_address();
  settings.follow_timeout_s = 0.3;
  settings.wait_subscriber = false;
  const auto result = run_quickly(settings, address, "R10");
  CHECK(result.exit_code == 1);
  CHECK(result.summary["session_s"] <= 0.05);
}

TEST_CASE("pulses: only well-formed fire datagrams count") {
  CHECK(parse_pulse(R"({"kind":"fire","session_time_ns":5,"trigger_id":2,"pulse_ms":10.5})")->pulse_ms == 10.5);
  for (const char* text :
       {"", "x", "[]", "5", R"({"kind":"stop","session_time_ns":5,"trigger_id":2})", R"({"kind":"fire"})",
        R"({"kind":"fire","session_time_ns":"5","trigger_id":2})", R"({"kind":7})"}) {
    CHECK_FALSE(parse_pulse(text));
  }
}

TEST_CASE("session time is read from heading, sleep and health only") {
  CHECK(published_time("heading", published_heading(123)) == 123);
  CHECK_FALSE(published_time("turn", published_heading(123)));
  CHECK_FALSE(published_time("heading", "\xFF\xFF"));
  CHECK_FALSE(published_time("heading", ""));
}

TEST_CASE("heartbeats are answered") {
  ZmqContext context;
  HeartbeatReply reply(context, "tcp://127.0.0.1:*");
  CHECK(address_with_port_plus("tcp://127.0.0.1:5556", 1) == "tcp://127.0.0.1:5557");
  CHECK_FALSE(address_with_port_plus("ipc:///tmp/x", 1));
}
