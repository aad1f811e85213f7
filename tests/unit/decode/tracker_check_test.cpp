#include "daemon/decode/tracker_check.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/decode/ring.hpp"

using namespace vturn;
using namespace vturn::test;

namespace {

struct Head {
  std::vector<HeadingSample> track;
  std::vector<GyroscopeSample> gyroscope;
};

/// A tracked head at 40 Hz with a gyroscope at 100 Hz that reads its rotation with noise and an offset.
Head moving_head(double seconds_long) {
  Head head;
  const Walk walk = walk_of(random_cells(1, 1), 120 * kDeg, 0.2, seconds_long, 5);
  for (std::size_t i = 10; i < walk.heading.size(); ++i) {
    if (i % 25 == 0) head.track.push_back(walk.heading[i]);
    if (i % 10 != 0) continue;
    const double turned = angle_difference(static_cast<double>(walk.heading[i].angle_rad),
                                           static_cast<double>(walk.heading[i - 10].angle_rad));
    const double noise = 0.3 * std::sin(17.0 * static_cast<double>(i)) + 0.05;
    head.gyroscope.push_back({walk.heading[i].time_ns, static_cast<float>(turned / 0.01 + noise)});
  }
  return head;
}

std::vector<HeadingSample> mirrored(std::vector<HeadingSample> track) {
  for (HeadingSample& row : track) row.angle_rad = static_cast<float>(wrap_angle(-static_cast<double>(row.angle_rad)));
  return track;
}

}  // namespace

TEST_CASE("a gyroscope confirms a track and catches a mirrored one") {
  const Head head = moving_head(60.0);
  const HandednessCheck right = compare_with_gyroscope(head.track, head.gyroscope);
  CHECK(right.confirms());
  CHECK(right.correlation > 0.9);
  const HandednessCheck wrong = compare_with_gyroscope(mirrored(head.track), head.gyroscope);
  CHECK(wrong.mirrored());
  CHECK_FALSE(wrong.confirms());
}

TEST_CASE("a gyroscope that is on another clock, dead, or too short says nothing") {
  Head head = moving_head(60.0);
  auto other = head.gyroscope;
  for (GyroscopeSample& row : other) row.time_ns += 7 * kNsPerS;
  const HandednessCheck shifted = compare_with_gyroscope(head.track, other);
  CHECK_FALSE(shifted.confirms());
  CHECK_FALSE(shifted.mirrored());
  for (GyroscopeSample& row : head.gyroscope) row.angular_velocity_rad_s = 0.0F;
  CHECK(compare_with_gyroscope(head.track, head.gyroscope).correlation == 0.0);
  const Head brief = moving_head(5.0);
  CHECK_FALSE(compare_with_gyroscope(brief.track, brief.gyroscope).confirms());
  CHECK_FALSE(compare_with_gyroscope({}, head.gyroscope).confirms());
  CHECK_FALSE(compare_with_gyroscope(head.track, {}).confirms());
}

TEST_CASE("a dead and a lost tracker are told from a head") {
  Head head = moving_head(60.0);
  CHECK_FALSE(tracker_problem(head.track));
  auto dead = head.track;
  for (std::size_t i = 100; i < dead.size(); ++i) dead[i].angle_rad = 1.0F;
  REQUIRE(tracker_problem(dead));
  CHECK_THAT(*tracker_problem(dead), Catch::Contains("frozen"));
  auto lost = head.track;
  for (std::size_t i = 0; i < lost.size(); ++i) lost[i].angle_rad = 0.0628F * static_cast<float>(i * 37 % 100);
  REQUIRE(tracker_problem(lost));
  CHECK_THAT(*tracker_problem(lost), Catch::Contains("jumps"));
  CHECK_FALSE(tracker_problem({}));
}

TEST_CASE("example turns are the largest, signed, and do not overlap") {
  std::vector<HeadingSample> track;
  for (int i = 0; i < 4000; ++i) {
    const double at_s = 0.025 * i;
    double angle = 0.0;
    angle += 2.0 * std::clamp((at_s - 20.0) / 0.5, 0.0, 1.0);  // 115 degrees left at 20 s
    angle -= 3.0 * std::clamp((at_s - 60.0) / 0.8, 0.0, 1.0);  // 172 degrees right at 60 s
    track.push_back({static_cast<SessionNs>(at_s * 1e9), static_cast<float>(wrap_angle(angle))});
  }
  const auto turns = example_turns(track, 2);
  REQUIRE(turns.size() == 2);
  CHECK(turns[0].angle_rad == Approx(-3.0).margin(0.01));
  CHECK(turns[0].at_s == Approx(60.0).margin(0.5));
  CHECK(turns[1].angle_rad == Approx(2.0).margin(0.01));
  CHECK(turns[1].at_s == Approx(20.0).margin(0.6));
}
