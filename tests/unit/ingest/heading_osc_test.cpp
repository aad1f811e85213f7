// Headings out of OSC packets: angles, two points in one message or in two, clocks, points that were not seen.
#include "daemon/ingest/heading_osc.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "daemon/core/angle.hpp"
#include "tests/unit/ingest/osc_bytes.hpp"

using namespace vturn;
using namespace vturn::ingest;
using namespace vturn::test;
using Content = OscHeadingSettings::Content;

namespace {

const float kNan = std::numeric_limits<float>::quiet_NaN();

struct Run {
  explicit Run(OscHeadingSettings settings, TrackerGeometry geometry = ImageY::kUp)
      : headings(std::move(settings), geometry) {}

  HeadingError packet(const std::string& bytes, MonoNs arrival_ns = 0) {
    return headings.packet(bytes, arrival_ns, [&](const HeadingDatagram& heading, HeadingError error) {
      error == HeadingError::kNone ? found.push_back(heading) : static_cast<void>(++unseen);
    });
  }
  OscHeadings headings;
  std::vector<HeadingDatagram> found;
  std::size_t unseen = 0;
};

OscHeadingSettings of(Content content, std::string address = "/heading", std::string back = "") {
  return {content, std::move(address), std::move(back), 1.0};
}

}  // namespace

TEST_CASE("OSC headings in radians or degrees, with the image's axis and the tracker's clock") {
  Run rad(of(Content::kHeadingRad));
  REQUIRE(rad.packet(osc_message("/heading", {1.5F})) == HeadingError::kNone);
  REQUIRE(rad.packet(osc_message("/heading", {-0.5, 12.5, std::int32_t{7}})) == HeadingError::kNone);
  REQUIRE(rad.found.size() == 2);
  CHECK(rad.found[0].angle_rad == Approx(1.5));
  CHECK_FALSE(rad.found[0].has_time);
  CHECK(rad.found[1].angle_rad == Approx(kTwoPi - 0.5));
  CHECK(rad.found[1].has_time);
  CHECK(rad.found[1].time_s == 12.5);
  CHECK(rad.found[1].has_sequence);
  CHECK(rad.found[1].sequence == 7);
  Run deg(of(Content::kHeadingDeg), {ImageY::kDown, kPi / 2});
  REQUIRE(deg.packet(osc_message("/heading", {std::int32_t{30}})) == HeadingError::kNone);
  CHECK(deg.found[0].angle_rad == Approx(kPi / 3));
}

TEST_CASE("Two points look from the back one to the front one") {
  for (const bool down : {false, true}) {
    Run run(of(Content::kPoints, "/leds"), down ? ImageY::kDown : ImageY::kUp);
    for (int i = 0; i < 24; ++i) {
      const double angle = i * kPi / 12;
      const double up = down ? -1 : 1;
      REQUIRE(run.packet(osc_message("/leds", {320 + 20 * std::cos(angle), 240 + up * 20 * std::sin(angle), 320.0,
                                               240.0})) == HeadingError::kNone);
      CHECK(std::fabs(angle_difference(run.found.back().angle_rad, angle)) < 1e-9);
    }
  }
}

TEST_CASE("A point that was not seen, or points too close, give no heading; the frame is told") {
  Run run(of(Content::kPoints), {ImageY::kUp, 0, 5});
  CHECK(run.packet(osc_message("/heading", {kNan, 1.0F, 2.0F, 3.0F})) == HeadingError::kNone);
  CHECK(run.packet(osc_message("/heading", {1.0F, 1.0F, 2.0F, INFINITY})) == HeadingError::kNone);
  CHECK(run.packet(osc_message("/heading", {1.0F, 1.0F, 1.0F, 1.0F})) == HeadingError::kNone);
  CHECK(run.packet(osc_message("/heading", {1.0F, 1.0F, 5.9F, 1.0F})) == HeadingError::kNone);
  CHECK(run.unseen == 4);
  CHECK(run.found.empty());
  CHECK(run.packet(osc_message("/heading", {1.0F, 1.0F, 6.1F, 1.0F})) == HeadingError::kNone);
  REQUIRE(run.found.size() == 1);
  CHECK(run.found[0].angle_rad == Approx(kPi));
}

TEST_CASE("Points of two addresses are paired frame by frame, in either order, in a bundle or not") {
  Run run(of(Content::kPoints, "/red", "/green"));
  // What Bonsai's tracking workflow for the GUI sends: x, y, width, height.
  const std::string front = osc_message("/red", {0.5F, 0.9F, 640.0F, 480.0F});
  const std::string back = osc_message("/green", {0.5F, 0.1F, 640.0F, 480.0F});
  MonoNs now_ns = 0;
  for (int i = 0; i < 10; ++i, now_ns += 33 * kNsPerMs) {
    CHECK(run.packet(i % 2 == 0 ? front : back, now_ns) == HeadingError::kNone);
    CHECK(run.packet(i % 2 == 0 ? back : front, now_ns + kNsPerMs) == HeadingError::kNone);
  }
  run.packet(osc_bundle({front, back, front, back}), now_ns);
  CHECK(run.found.size() == 12);
  CHECK(run.unseen == 0);
  for (const HeadingDatagram& heading : run.found) CHECK(heading.angle_rad == Approx(kPi / 2));
}

TEST_CASE("A point whose partner does not come is one frame without a heading, and pairs with no later frame") {
  Run run(of(Content::kPoints, "/red", "/green"));
  const std::string front = osc_message("/red", {2.0F, 1.0F}), back = osc_message("/green", {1.0F, 1.0F});
  run.packet(front, 0);
  run.packet(front, 33 * kNsPerMs);  // the back point of the first frame never came
  CHECK(run.unseen == 1);
  run.packet(back, 66 * kNsPerMs);  // nor that of the second
  CHECK(run.unseen == 2);
  run.packet(front, 67 * kNsPerMs);
  CHECK(run.found.size() == 1);
  run.packet(osc_message("/green", {kNan, kNan}), 99 * kNsPerMs);
  run.packet(front, 100 * kNsPerMs);
  CHECK(run.unseen == 3);
  CHECK(run.found.size() == 1);
}

TEST_CASE("OSC messages for others are counted, wrong ones refused, the good ones of their bundle used") {
  Run run(of(Content::kHeadingRad));
  const std::string good = osc_message("/heading", {0.25F}), other = osc_message("/position", {1.0F});
  CHECK(run.packet(other) == HeadingError::kNone);
  CHECK(run.headings.others() == 1);
  CHECK(run.headings.other_address() == "/position");
  CHECK(run.packet(osc_bundle({osc_message("/heading", {std::string("north")}), other, good})) ==
        HeadingError::kNoHeading);
  CHECK(run.found.size() == 1);
  CHECK(run.packet(osc_message("/heading", {kNan})) == HeadingError::kRange);
  CHECK(run.packet(osc_message("/heading", {1e7})) == HeadingError::kRange);
  CHECK(run.packet(osc_message("/heading", {1.0F, 5.0F})) == HeadingError::kRange);  // a clock in a 32-bit float
  CHECK(run.packet(osc_message("/heading", {1.0F, 2e9})) == HeadingError::kRange);
  CHECK(run.packet(osc_message("/heading", {1.0F, 5.0, 1.5})) == HeadingError::kRange);
  CHECK(run.packet(osc_message("/heading", {1.0F, 5.0, std::int32_t{-1}})) == HeadingError::kRange);
  CHECK(run.packet("{\"heading_rad\":1}") == HeadingError::kSyntax);
  CHECK(run.packet(std::string(kMaxOscBytes + 1, '/')) == HeadingError::kTooLong);
  Run points(of(Content::kPoints));
  CHECK(points.packet(osc_message("/heading", {1.0F, 2.0F, 3.0F})) == HeadingError::kNoHeading);
  CHECK(run.found.size() == 1);
}
