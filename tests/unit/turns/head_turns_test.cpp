// Turns of a tracked head, against movements written down in closed form.
#include "tools/lib/head_turns.hpp"

#include <catch2/catch.hpp>

#include "daemon/calibrate/simulated_units.hpp"
#include "daemon/core/angle.hpp"

using namespace vturn;
using namespace vturn::calibrate;
using namespace vturn::tools;

namespace {

constexpr double kDegree = kPi / 180.0;

/// One turn of a raised-cosine velocity: what is turned by `time_s` of an angle in a duration from an onset.
double turned(double time_s, double onset_s, double duration_s, double angle_rad) {
  const double phase = std::clamp((time_s - onset_s) / duration_s, 0.0, 1.0);
  return angle_rad * (phase - std::sin(kTwoPi * phase) / kTwoPi);
}

template <class Path>
std::vector<HeadingSample> tracked(double duration_s, double rate_hz, Path&& path) {
  std::vector<HeadingSample> rows;
  for (int i = 0; i < static_cast<int>(duration_s * rate_hz); ++i) {
    const double time_s = i / rate_hz;
    rows.push_back({static_cast<SessionNs>(time_s * 1e9), static_cast<float>(wrap_angle(path(time_s)))});
  }
  return rows;
}

}  // namespace

TEST_CASE("a turn is found with its onset, end, angle and direction, also across north") {
  const auto rows = tracked(10.0, 40.0, [](double t) {
    return 0.2 + turned(t, 2.0, 0.4, -60.0 * kDegree) + turned(t, 6.0, 0.5, 90.0 * kDegree);
  });
  const auto found = find_head_turns(rows, {});
  REQUIRE(found.turns.size() == 2);
  const auto& right = found.turns[0];
  CHECK(right.direction() == Direction::kClockwise);
  CHECK(right.angle_rad / kDegree == Approx(-60.0).margin(3.0));
  // The edge of 25 deg/s comes 10 % into the turn, and the kernel (40 ms) moves it forward.
  CHECK(seconds(right.onset_ns) == Approx(2.0).margin(0.06));
  CHECK(seconds(right.end_ns) == Approx(2.4).margin(0.06));
  CHECK(found.turns[1].direction() == Direction::kCounterclockwise);
  CHECK(found.turns[1].angle_rad / kDegree == Approx(90.0).margin(3.0));
  CHECK(found.tracked_s == Approx(10.0).margin(0.1));
}

TEST_CASE("slow or small movements are no turns, nor is the tracker's noise") {
  const auto count = [](auto&& path) { return find_head_turns(tracked(60.0, 40.0, path), {}).turns.size(); };
  CHECK(count([](double t) { return 80.0 * kDegree * t; }) == 0);
  CHECK(count([](double t) { return turned(t, 5.0, 0.2, 25.0 * kDegree); }) == 0);
  Random random(3);
  CHECK(count([&](double) { return 1.5 * kDegree * random.normal(); }) == 0);
  CHECK(count([&](double t) { return 150.0 * kDegree * t; }) == 1);
}

TEST_CASE("lost tracking ends a turn, and what turned meanwhile is not one") {
  auto rows = tracked(10.0, 40.0, [](double t) { return turned(t, 5.0, 0.4, 90.0 * kDegree); });
  std::erase_if(rows, [](const HeadingSample& row) { return std::abs(seconds(row.time_ns) - 5.2) < 0.3; });
  const auto found = find_head_turns(rows, {});
  CHECK(found.turns.empty());
  CHECK(found.tracked.size() == 2);
  CHECK(found.tracked_s == Approx(9.35).margin(0.1));
  CHECK(find_head_turns({}, {}).tracked.empty());
}

TEST_CASE("a dead tracker has no speed at all") {
  CHECK(find_head_turns(tracked(60.0, 40.0, [](double) { return 1.0; }), {}).fastest_deg_s == 0.0);
}
