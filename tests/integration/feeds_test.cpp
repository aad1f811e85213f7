// The same recorded cells through two plugins of the Open Ephys GUI, which were captured side by side, and two daemons:
// the headings have to be the same bits.
#include <vturn/v1/events.pb.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "daemon/core/digest.hpp"
#include "daemon/record/mcap_reader.hpp"
#include "tests/helpers/shared_data.hpp"
#include "tests/integration/csv.hpp"
#include "tests/integration/daemon.hpp"
#include "tests/integration/models.hpp"

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
                              static_cast<vturn::Dynamics>(heading.dynamics())};
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
