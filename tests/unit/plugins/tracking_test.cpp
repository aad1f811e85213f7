#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "daemon/core/angle.hpp"
#include "plugins/tracking/tracker_clock.hpp"
#include "tests/unit/ingest/osc_bytes.hpp"
#include "tests/unit/plugins/test_host.hpp"

using namespace vturn;
using nlohmann::json;
using test::TestHost;

namespace {

/// A tracker that sends to a port which was free a moment ago.
class Tracker {
 public:
  Tracker() : fd_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    const int probe = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    to_.sin_family = AF_INET;
    to_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof to_;
    REQUIRE(bind(probe, reinterpret_cast<sockaddr*>(&to_), size) == 0);
    REQUIRE(getsockname(probe, reinterpret_cast<sockaddr*>(&to_), &size) == 0);
    close(probe);
  }
  ~Tracker() { close(fd_); }
  Tracker(const Tracker&) = delete;
  Tracker& operator=(const Tracker&) = delete;
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(ntohs(to_.sin_port)); }
  void send(const std::string& text) {
    REQUIRE(sendto(fd_, text.data(), text.size(), 0, reinterpret_cast<const sockaddr*>(&to_), sizeof to_) ==
            static_cast<ssize_t>(text.size()));
  }

 private:
  int fd_;
  sockaddr_in to_{};
};

std::string config(const Tracker& tracker, const char* image_y = "up", const json& more = json::object()) {
  json all{{"name", "camera"},   {"index", 1},  {"master", false}, {"clock", "arrival"}, {"listen", tracker.address()},
           {"image_y", image_y}, {"speed", 1.0}};
  all.update(more);
  return all.dump();
}

std::vector<InputEvent> of_kind(const TestHost& host, InputKind kind) {
  std::vector<InputEvent> found;
  for (const auto& event : host.events())
    if (event.kind == kind) found.push_back(event);
  return found;
}

ingest::HeadingDatagram stamped(double time_s, std::uint64_t sequence) {
  ingest::HeadingDatagram heading;
  heading.has_time = heading.has_sequence = true;
  heading.time_s = time_s;
  heading.sequence = sequence;
  return heading;
}

}  // namespace

TEST_CASE("every datagram is a heading or counted as refused") {
  TestHost host;
  Tracker tracker;
  test::RunningSource source(test::load("tracking"), host, config(tracker, "down"));
  for (int i = 0; i < 300; ++i) {
    tracker.send(json{{"heading_rad", 0.01 * i}, {"seq", i}, {"t_s", 0.025 * i}}.dump());
    if (i % 10 == 0) tracker.send("nonsense");
    if (i % 50 == 49)
      test::wait_for("the datagrams so far",
                     [&] { return host.count(InputKind::kHeading) > static_cast<std::size_t>(i); });
  }
  tracker.send(std::string(2000, '1'));
  test::wait_for("all datagrams", [&] { return host.counter(VTURN_MESSAGES_RECEIVED) == 331; });
  source.stop();
  const auto headings = of_kind(host, InputKind::kHeading);
  REQUIRE(headings.size() == 300);
  for (std::size_t i = 0; i < headings.size(); ++i) {
    CHECK(headings[i].source == 1);
    CHECK(headings[i].source_sample == static_cast<SampleIndex>(i));
    const double expected = wrap_angle(-0.01 * static_cast<double>(i));
    CHECK(static_cast<double>(headings[i].payload.heading.angle_rad) == Approx(expected).margin(1e-6));
  }
  CHECK(host.counter(VTURN_HEADINGS_RECEIVED) == 300);
  CHECK(host.counter(VTURN_MESSAGES_PARSED) == 300);
  CHECK(host.counter(VTURN_MESSAGES_MALFORMED) == 31);
  CHECK(host.counter(VTURN_MESSAGES_LOST) == 0);
  CHECK(host.misplaced_ends() == 0);
  const auto changes = of_kind(host, InputKind::kSource);
  CHECK(changes.front().payload.source.change == SourceChange::kUp);
  CHECK(changes.back().payload.source.change == SourceChange::kDown);
  CHECK(host.log_text().find("datagrams refused") != std::string::npos);
}

TEST_CASE("a heading without a clock of its own gets the session time of its arrival") {
  TestHost host;
  const MonoNs now = host.host().mono_now_ns(nullptr);
  for (int i = 0; i <= 20; ++i) host.clock.publish(now + (i - 20) * kNsPerS, (i + 100) * kNsPerS, 0);
  Tracker tracker;
  test::RunningSource source(test::load("tracking"), host, config(tracker));
  tracker.send("1.0");
  test::wait_for("a heading", [&] { return host.count(InputKind::kHeading) == 1; });
  source.stop();
  const InputEvent heading = of_kind(host, InputKind::kHeading).front();
  CHECK(std::abs(heading.session_time_ns - (heading.arrival_mono_ns - now + 120 * kNsPerS)) < kNsPerMs);
  for (const auto& change : of_kind(host, InputKind::kSource)) {
    if (change.payload.source.change != SourceChange::kClock) continue;
    CHECK(change.payload.source.value_ns < 5 * kNsPerMs);
    CHECK(change.payload.source.value_ns >= 2 * kNsPerMs);
  }
}

TEST_CASE("lost frames and a restarted tracker are told") {
  TestHost host;
  Tracker tracker;
  test::RunningSource source(test::load("tracking"), host, config(tracker));
  for (const auto& [t_s, sequence] : {std::pair{100.0, 10}, {100.01, 11}, {100.02, 15}, {0.0, 1}, {0.01, 2}})
    tracker.send(json{{"heading_deg", 90}, {"t_s", t_s}, {"seq", sequence}}.dump());
  test::wait_for("five headings", [&] { return host.count(InputKind::kHeading) == 5; });
  source.stop();
  CHECK(host.counter(VTURN_MESSAGES_LOST) == 3);
  CHECK(host.counter(VTURN_GAPS) == 1);
  CHECK(host.counter(VTURN_EPOCHS) == 1);
  std::vector<SourceChange> changes;
  for (const auto& event : of_kind(host, InputKind::kSource))
    if (event.payload.source.change != SourceChange::kClock) changes.push_back(event.payload.source.change);
  CHECK(changes ==
        std::vector<SourceChange>{SourceChange::kUp, SourceChange::kGap, SourceChange::kEpoch, SourceChange::kDown});
}

TEST_CASE("a tracker's clock goes on through its restart") {
  plugins::TrackerClock clock(1.0);
  CHECK(clock.observe(stamped(50.0, 1), 1000 * kNsPerMs).own_ns == 50 * kNsPerS);
  CHECK(clock.observe(stamped(50.025, 2), 1025 * kNsPerMs).own_ns == 50'025 * kNsPerMs);
  const auto restarted = clock.observe(stamped(0.0, 0), 3025 * kNsPerMs);
  CHECK(restarted.restarted);
  CHECK(restarted.own_ns == 52'025 * kNsPerMs);
  CHECK_FALSE(clock.observe(stamped(0.025, 1), 3050 * kNsPerMs).restarted);
}

TEST_CASE("a datagram that overtook another is neither a loss nor a restart") {
  plugins::TrackerClock clock(1.0);
  for (const auto& [sequence, lost] : {std::pair{1U, 0U}, {3U, 1U}, {2U, 0U}, {4U, 0U}, {4U, 0U}}) {
    const auto seen = clock.observe(stamped(0.01 * sequence, sequence), sequence * 10 * kNsPerMs);
    CHECK(seen.lost == lost);
    CHECK_FALSE(seen.restarted);
  }
}

TEST_CASE("a tracker's rig entry is checked") {
  const vturn_plugin& tracking = test::load("tracking");
  const auto refusal = [&](const char* text) { return test::source_refusal(tracking, text); };
  CHECK(refusal(R"({"name":"camera","clock":"master"})").find("\"camera\": clock") != std::string::npos);
  CHECK(refusal(R"({"name":"camera","image_y":"left"})").find("image_y") != std::string::npos);
  CHECK(refusal(R"({"name":"camera","listen":"nowhere"})").find("ADDRESS:PORT") != std::string::npos);
  CHECK(refusal(R"({"name":"camera","speed":0})").find("speed = 0: expected a number from") != std::string::npos);
  Tracker tracker;
  TestHost host;
  const test::RunningSource first(tracking, host, config(tracker));
  CHECK(refusal(config(tracker).c_str()).find("cannot listen on 127.0.0.1") != std::string::npos);
}

TEST_CASE("OSC of two LEDs in two messages, as Bonsai sends them: a heading a frame, lost points told") {
  TestHost host;
  Tracker tracker;
  const json osc = {{"format", "osc"},
                    {"osc_content", "points"},
                    {"osc_address", "/red"},
                    {"osc_back_address", "/green"},
                    {"offset_deg", 90.0}};
  test::RunningSource source(test::load("tracking"), host, config(tracker, "down", osc));
  const auto led = [](const char* address, double x, double y) {
    return test::osc_message(address, {static_cast<float>(x), static_cast<float>(y), 640.0F, 480.0F});
  };
  for (int i = 0; i < 100; ++i) {
    const double angle = 0.1 * i;
    const bool hidden = i % 20 == 7;
    // An image's rows count down: what turns counter-clockwise goes up in it.
    tracker.send(test::osc_bundle(
        {led("/red", hidden ? NAN : 100 + 10 * std::cos(angle), 100 - 10 * std::sin(angle)), led("/green", 100, 100)}));
    const auto sent = static_cast<std::uint64_t>(i + 1);
    if (i % 25 == 24) test::wait_for("them", [&] { return host.counter(VTURN_MESSAGES_RECEIVED) == sent; });
  }
  tracker.send(test::osc_message("/blue", {1.0F}));
  tracker.send("not OSC");
  test::wait_for("all", [&] { return host.counter(VTURN_MESSAGES_RECEIVED) == 102; });
  source.stop();
  const auto headings = of_kind(host, InputKind::kHeading);
  REQUIRE(headings.size() == 95);
  CHECK(host.counter(VTURN_HEADINGS_RECEIVED) == 95);
  CHECK(host.counter(VTURN_MESSAGES_MALFORMED) == 1);
  int frame = 0;
  for (const InputEvent& heading : headings) {
    if (frame % 20 == 7) ++frame;
    const double expected = 0.1 * frame++ + kPi / 2;
    CHECK(std::fabs(angle_difference(static_cast<double>(heading.payload.heading.angle_rad), expected)) < 1e-5);
  }
  CHECK(host.misplaced_ends() == 0);
}

TEST_CASE("a bundle of more headings than a batch holds loses none") {
  TestHost host;
  Tracker tracker;
  test::RunningSource source(test::load("tracking"), host, config(tracker, "up", {{"format", "osc"}}));
  const std::string one = test::osc_message("/heading", {1.0F});
  tracker.send(test::osc_bundle(std::vector<std::string>(80, one)));
  tracker.send(test::osc_bundle(std::vector<std::string>(80, one)));
  test::wait_for("them", [&] { return host.counter(VTURN_MESSAGES_RECEIVED) == 2; });
  source.stop();
  CHECK(host.count(InputKind::kHeading) == 2 * 80);
}

TEST_CASE("messages to another OSC address and unseen points are told in the log") {
  TestHost host;
  Tracker tracker;
  test::RunningSource source(test::load("tracking"), host, config(tracker, "up", {{"format", "osc"}}));
  tracker.send(test::osc_message("/position", {1.0F}));
  test::wait_for("the line", [&] { return host.log_text().find("/position") != std::string::npos; });
  CHECK(host.log_text().find("osc_address") != std::string::npos);
  TestHost second;
  Tracker json_tracker;
  test::RunningSource json_source(test::load("tracking"), second, config(json_tracker));
  json_tracker.send(R"({"front_x":null,"front_y":null,"back_x":1,"back_y":2})");
  test::wait_for("the line", [&] { return second.log_text().find("frames without a heading") != std::string::npos; });
  CHECK(second.counter(VTURN_MESSAGES_MALFORMED) == 0);
}

TEST_CASE("a tracker's format is checked") {
  const auto refusal = [](json entry) {
    entry["name"] = "camera";
    return test::source_refusal(test::load("tracking"), entry.dump());
  };
  CHECK(refusal({{"format", "xml"}}).find("\"camera\": format") != std::string::npos);
  CHECK(refusal({{"format", "osc"}, {"osc_content", "angle"}}).find("osc_content") != std::string::npos);
  CHECK(refusal({{"format", "osc"}, {"osc_address", "heading"}}).find("/NAME") != std::string::npos);
  CHECK(refusal({{"format", "osc"}, {"osc_address", ""}}).find("/NAME") != std::string::npos);
  CHECK(refusal({{"format", "osc"}, {"osc_back_address", "/b"}}).find("points") != std::string::npos);
  CHECK(refusal({{"format", "osc"}, {"osc_content", "points"}, {"osc_address", "/a"}, {"osc_back_address", "/a"}})
            .find("another address") != std::string::npos);
  CHECK(refusal({{"offset_deg", 400}}).find("offset_deg") != std::string::npos);
  CHECK(refusal({{"min_distance", -1}}).find("min_distance") != std::string::npos);
}
