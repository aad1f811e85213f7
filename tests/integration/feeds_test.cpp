// The other feeds of the Open Ephys GUI through the real daemon. The same recorded cells through two plugins, which
// were captured side by side, and two daemons: the headings have to be the same bits. Falcon with an OSC tracker beside
// it.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vturn/v1/events.pb.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>

#include "daemon/core/digest.hpp"
#include "daemon/record/mcap_reader.hpp"
#include "tests/helpers/shared_data.hpp"
#include "tests/integration/csv.hpp"
#include "tests/integration/daemon.hpp"
#include "tests/integration/models.hpp"
#include "tests/unit/ingest/osc_bytes.hpp"

using namespace vturn::test;
using namespace std::chrono_literals;

namespace {

constexpr double kSpeed = 10.0;
constexpr std::uint64_t kSpikes = 51339, kTtl = 636;

struct Run {
  std::unique_ptr<Player> player;
  std::unique_ptr<Daemon> daemon;
};

/// Two runs never receive at the same instants. Held for a second of session time, 0.1 s here, events go to the engine
/// in the order of their times whatever the arrival, unless the player stalls for more than 1.2 s.
Run start(const ScratchDir& folder, const std::string& feed, const std::filesystem::path& capture,
          const std::filesystem::path& model) {
  const std::string address = free_address();
  Run run{std::make_unique<Player>(folder, capture, address, kSpeed), nullptr};
  run.daemon = std::make_unique<Daemon>(
      folder, feed,
      open_ephys_source(address, kSpeed, "order = \"hold\"\nhold_ms = 1000\nfeed = \"" + feed + "\"") +
          "[heading]\nmodel = \"" + model.string() + "\"\nimage_y = \"up\"\n");
  return run;
}

struct Headings {
  std::uint64_t digest = 0, count = 0;
};

/// The engine's own digest, of the headings in the log. The sample of the input that let a heading out is left aside:
/// it is a spike's or the one before it, as a tick fell between them or not.
Headings headings_of(const std::filesystem::path& session) {
  auto log = vturn::record::McapReader::open(session.string());
  REQUIRE(log);
  vturn::Digest digest;
  for (auto item = log->next(); item != vturn::record::McapItem::kEnd; item = log->next()) {
    if (item != vturn::record::McapItem::kMessage || log->message().channel->topic != "heading") continue;
    vturn::v1::Heading heading;
    REQUIRE(heading.ParseFromArray(log->message().data.data(), static_cast<int>(log->message().data.size())));
    vturn::OutputEvent output;
    output.session_time_ns = heading.header().session_time_ns();
    output.kind = vturn::OutputKind::kHeading;
    output.payload.heading = {heading.angle_rad(),
                              heading.map_angle_rad(),
                              heading.concentration(),
                              heading.p_rest(),
                              heading.p_left(),
                              heading.p_right(),
                              heading.angular_velocity_rad_s(),
                              heading.evidence_nats_per_spike(),
                              heading.spikes_per_s(),
                              static_cast<vturn::Dynamics>(heading.dynamics()),
                              heading.credible_95_rad(),
                              heading.twin_evidence_nats_per_spike()};
    digest.add(output);
  }
  return {digest.value(), digest.outputs()};
}

Headings finish(Run& run) {
  CHECK(run.player->finish(120s) == kSpikes + kTtl);
  const Json health = run.daemon->await(
      [](const Json& h) { return counter(h, "spikes") == kSpikes && counter(h, "ttl") == kTtl; }, 20s);
  const Json& source = health.at("sources").at(0);
  CHECK(counter(health, "spikes") == kSpikes);
  CHECK(counter(health, "ttl") == kTtl);
  CHECK(counter(source, "messages_malformed") == 0);
  CHECK(counter(source, "spikes_unmapped") == 0);
  CHECK(counter(source, "epochs") + counter(source, "gaps") + counter(source, "messages_lost") == 0);
  CHECK(counter(source, "order_late") == 0);
  CHECK(run.daemon->shut_down() == 0);
  const Json replayed = replay(run.daemon->session());
  CHECK(replayed.at("matches") == true);
  return headings_of(run.daemon->session());
}

/// Sends OSC of two points, front and back, to a UDP port of this machine: head turned by 0.05 rad a frame.
class Leds {
 public:
  explicit Leds(int port) : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(static_cast<std::uint16_t>(port));
    REQUIRE(::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0);
  }
  ~Leds() { ::close(socket_); }
  Leds(const Leds&) = delete;
  Leds& operator=(const Leds&) = delete;

  static double heading_rad(std::size_t frame) { return std::fmod(0.05 * static_cast<double>(frame), 6.0); }
  void send(std::size_t frame) {
    const double angle = heading_rad(frame);
    // Rows of an image count down.
    const std::string points =
        osc_message("/leds", {320.0F + 20.0F * static_cast<float>(std::cos(angle)),
                              240.0F - 20.0F * static_cast<float>(std::sin(angle)), 320.0F, 240.0F});
    REQUIRE(::send(socket_, points.data(), points.size(), 0) == static_cast<ssize_t>(points.size()));
  }

 private:
  int socket_;
};

}  // namespace

TEST_CASE("Event Broadcaster and ZMQ Interface of one run give the same digest of headings") {
  const auto zmq_capture = shared_data("open-ephys/mouse28/zmq-spikes-318s.bin.zst");
  const auto eb_capture = shared_data("open-ephys/mouse28/eb-rawbinary-318s.bin.zst");
  const auto model = mouse28_model();
  if (!zmq_capture || !eb_capture || !model) return;
  const ScratchDir folder;
  Run zmq = start(folder, "zmq_interface", *zmq_capture, *model);
  Run eb = start(folder, "event_broadcaster", *eb_capture, *model);
  const Headings by_zmq = finish(zmq);
  const Headings by_eb = finish(eb);
  std::printf("headings: %llu of digest %016llx by the ZMQ Interface, %llu of %016llx by the Event Broadcaster\n",
              static_cast<unsigned long long>(by_zmq.count), static_cast<unsigned long long>(by_zmq.digest),
              static_cast<unsigned long long>(by_eb.count), static_cast<unsigned long long>(by_eb.digest));
  CHECK(by_zmq.count > 31'000);
  CHECK(by_eb.count == by_zmq.count);
  CHECK(by_eb.digest == by_zmq.digest);
}

TEST_CASE("Falcon Output as the clock master, two LEDs over OSC beside it: every block and every frame is there") {
  const auto capture = shared_data("open-ephys/capture-falcon-b1024.bin");
  if (!capture) return;
  const ScratchDir folder;
  const std::string address = free_address();
  const int port = free_ports(1).front();
  Player player(folder, *capture, address, 0.2);  // 0.9 s of recording
  Daemon daemon(folder, "falcon",
                open_ephys_source(address, 0.2, "feed = \"falcon\"") +
                    "[[source]]\nname = \"leds\"\ntype = \"tracking\"\nclock = \"arrival\"\nspeed = 0.2\n"
                    "format = \"osc\"\nosc_content = \"points\"\nosc_address = \"/leds\"\nlisten = \"127.0.0.1:" +
                    std::to_string(port) + "\"\n");
  Leds leds(port);
  constexpr std::size_t kFrames = 200;
  for (std::size_t frame = 0; frame < kFrames; ++frame) {
    leds.send(frame);
    std::this_thread::sleep_for(10ms);
  }
  CHECK(player.finish(60s) == 40);
  const Json health = daemon.await(
      [](const Json& h) {
        return counter(h.at("sources").at(0), "messages_received") == 40 &&
               counter(h.at("sources").at(1), "headings_received") == kFrames;
      },
      20s);
  const Json& falcon = health.at("sources").at(0);
  CHECK(counter(falcon, "messages_parsed") == 40);
  CHECK(counter(falcon, "ttl_received") == 2);
  CHECK(counter(falcon, "messages_lost") + counter(falcon, "gaps") + counter(falcon, "epochs") == 0);
  CHECK(counter(health.at("sources").at(1), "messages_malformed") == 0);
  CHECK(daemon.shut_down() == 0);
  const Table headings(export_csv(daemon.session()) / "tracked_heading.csv");
  REQUIRE(headings.rows() == kFrames);
  for (std::size_t frame = 0; frame < kFrames; ++frame)
    CHECK(std::cos(headings.number(frame, "hd_rad") - Leds::heading_rad(frame)) > 1 - 1e-8);
}
