#include "daemon/calibrate/tracked_path.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>

#include "daemon/calibrate/simulated_units.hpp"
#include "daemon/core/angle.hpp"

using namespace vturn;
using namespace vturn::calibrate;

namespace {

constexpr double kDegree = kPi / 180.0;

/// Rows of this heading (seconds to radians).
std::vector<HeadingSample> tracked(double duration_s, const std::function<double(double)>& heading_rad,
                                   double rows_hz = 40.0) {
  std::vector<HeadingSample> rows;
  const auto apart_ns = static_cast<SessionNs>(1e9 / rows_hz);
  for (SessionNs time_ns = 0; seconds(time_ns) < duration_s; time_ns += apart_ns) {
    rows.push_back({time_ns, static_cast<float>(wrap_angle(heading_rad(seconds(time_ns))))});
  }
  return rows;
}

}  // namespace

TEST_CASE("tracked heading between rows is linear across north and unknown in holes") {
  const std::vector<HeadingSample> rows{
      {0, 6.2F}, {100 * kNsPerMs, 0.1F}, {1000 * kNsPerMs, 1.0F}, {1100 * kNsPerMs, 1.2F}};
  const TrackedPath path(rows);
  CHECK(*path.angle_rad(0) == Approx(6.2));
  CHECK(*path.angle_rad(25 * kNsPerMs) == Approx(6.2 + 0.25 * (0.1 + kTwoPi - 6.2)));
  CHECK(*path.angle_rad(1050 * kNsPerMs) == Approx(1.1));
  CHECK(*path.angle_rad(1100 * kNsPerMs) == Approx(1.2));
  CHECK_FALSE(path.angle_rad(-1));
  CHECK_FALSE(path.angle_rad(500 * kNsPerMs));
  CHECK_FALSE(path.angle_rad(1101 * kNsPerMs));
}

TEST_CASE("stillness: slower than the limit, for long enough, whatever the tracker's jitter") {
  // Still to 3 s, 60 deg/s to 4 s, 6 deg/s to 7 s, still for 0.3 s between movements.
  const auto heading = [](double t) {
    const double moved = 60.0 * std::clamp(t - 3.0, 0.0, 1.0) + 6.0 * std::clamp(t - 4.0, 0.0, 3.0) +
                         60.0 * std::clamp(t - 7.0, 0.0, 1.0) + 60.0 * std::clamp(t - 8.3, 0.0, 2.0);
    return kDegree * (moved + 350.0 + 0.5 * std::sin(1000.0 * t));
  };
  const auto spans = still_stretches(tracked(10.0, heading), {});
  REQUIRE(spans.size() == 2);
  CHECK(seconds(spans[0].from_ns) == Approx(0.25).margin(0.03));
  CHECK(seconds(spans[0].to_ns) == Approx(2.8).margin(0.1));
  CHECK(seconds(spans[1].from_ns) == Approx(4.25).margin(0.1));
  CHECK(seconds(spans[1].to_ns) == Approx(6.75).margin(0.1));
}

TEST_CASE("no stillness across a hole in the tracking") {
  auto rows = tracked(6.0, [](double) { return 1.0; });
  std::erase_if(rows,
                [](const HeadingSample& row) { return seconds(row.time_ns) > 2.0 && seconds(row.time_ns) < 3.0; });
  const auto spans = still_stretches(rows, {});
  REQUIRE(spans.size() == 2);
  CHECK(seconds(spans[0].to_ns) <= 2.0);
  CHECK(seconds(spans[1].from_ns) >= 3.0);
  CHECK(still_stretches({}, {}).empty());
}

TEST_CASE("a fast tracker's jitter is no movement, and its slow turns are still seen") {
  Random random(7);
  const auto still_s = [&](double speed_deg_s) {
    const auto heading = [&](double t) { return kDegree * (359.0 + speed_deg_s * t + random.normal()); };
    double sum_s = 0.0;
    for (const TimeSpan& span : still_stretches(tracked(60.0, heading, 250.0), {})) {
      sum_s += seconds(span.to_ns - span.from_ns);
    }
    return sum_s;
  };
  CHECK(still_s(0.0) > 55.0);
  CHECK(still_s(12.0) < 5.0);
}
