#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "daemon/core/angle.hpp"
#include "plugins/tracking/tracker_clock.hpp"
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

std::string config(const Tracker& tracker, const char* image_y = "up") {
  return json{
      {"name", "camera"},   {"index", 1},  {"master", false}, {"clock", "arrival"}, {"listen", tracker.address()},
      {"image_y", image_y}, {"speed", 1.0}}
      .dump();
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
