// A simulated night as the sleep bench sees it: frames, truth and awakenings lie on one clock.
#include "tools/benches/sleep_life.hpp"

#include <catch2/catch.hpp>
#include <cmath>

using namespace vturn;
using namespace vturn::benches;
using simulation::Hypnogram;

TEST_CASE(
    "a night gives a frame every 100 ms, its epochs, and an awakening near the end of every REM bout before wake") {
  simulation::MouseSettings mouse;
  mouse.rate_hz = 1000.0;
  mouse.heading_cells = 1;
  mouse.clockwise_cells = mouse.counterclockwise_cells = 0;
  const auto night = *Hypnogram::parse("W20 N30 R10 W10 A2 N30 R10 N20 R10 W20");
  double last_s = 0.0;
  const SleepLife life = sleep_life(mouse, night, [&](double t_s) { last_s = t_s; });
  CHECK(last_s >= night.duration_s());
  REQUIRE(life.truth.size() == 162);
  CHECK(life.truth[20].stage == SleepState::kNrem);
  CHECK(life.truth[70].stage == SleepState::kUnknown);  // marked artefact
  CHECK(life.truth[20].t_s == 80.0);
  REQUIRE(life.frames.size() > 6400);
  for (std::size_t i = 1; i < life.frames.size(); ++i) {
    REQUIRE(life.frames[i].time_ns - life.frames[i - 1].time_ns == 100 * kNsPerMs);
  }
  // REM bouts end at 240 s and 568 s in wake, at 448 s in NREM.
  REQUIRE(life.rem_awakenings_s.size() == 2);
  CHECK(life.rem_awakenings_s[0] == Approx(240.0).margin(4.0));
  CHECK(life.rem_awakenings_s[1] == Approx(568.0).margin(4.0));

  const auto rows = calibration_rows(life);
  REQUIRE(rows.size() > 600);
  for (const LabelledEpoch& row : rows) {
    REQUIRE(row.frame.time_ns == static_cast<SessionNs>(std::llround((row.t_s + 1.0) * 1e9)));
    REQUIRE(row.stage == life.truth[static_cast<std::size_t>(row.t_s / 4.0)].stage);
  }
}
