// What is collected for calibration, what is said about it meanwhile, and that its fit is the one of the same data.
#include "daemon/calibrate/wake_recording.hpp"

#include <catch2/catch.hpp>

#include "daemon/calibrate/simulated_units.hpp"
#include "daemon/core/angle.hpp"
#include "daemon/decode/dynamics.hpp"

using namespace vturn;
using namespace vturn::calibrate;

namespace {

HeadingModel ring(std::size_t cells) {
  HeadingModel model;
  for (std::size_t i = 0; i < cells; ++i) {
    HeadingUnit unit;
    unit.unit = static_cast<UnitId>(i);
    for (std::size_t bin = 0; bin < kHeadingAngles; ++bin) {
      const double angle = kTwoPi * static_cast<double>(bin) / kHeadingAngles;
      const double preferred = kTwoPi * static_cast<double>(i) / static_cast<double>(cells);
      unit.rate_hz[bin] = static_cast<float>(0.5 + 25.0 * std::exp(4.0 * (std::cos(angle - preferred) - 1.0)));
    }
    model.units.push_back(unit);
  }
  return model;
}

/// An exploring mouse: the heading wanders, 40 rows a second.
void explore(WakeRecording& recording, double from_s, double to_s, std::size_t cells = 16) {
  SimulatedUnits units(ring(cells), 3);
  Random random(5);
  double velocity = 0.0;
  double angle = 0.0;
  for (double t_s = from_s; t_s < to_s; t_s += 0.001) {
    velocity += -0.005 * velocity + 0.25 * random.normal();
    angle += 0.001 * velocity;
    const auto time_ns = static_cast<SessionNs>(t_s * 1e9);
    units.step(angle, 0.001,
               [&](double at_s, UnitId unit) { recording.spike(time_ns + static_cast<SessionNs>(at_s * 1e9), unit); });
    if (static_cast<std::int64_t>(t_s * 1000.0) % 25 == 0)
      recording.heading(time_ns, static_cast<float>(wrap_angle(angle)));
  }
}

}  // namespace

TEST_CASE("what is missing is said until nothing is") {
  WakeRecording recording({}, {1'000'000, 100'000});
  CHECK_THAT(recording.missing(), Catch::Contains("no tracked heading") && Catch::Contains("0 units with 50 spikes"));
  explore(recording, 0.0, 20.0);
  CHECK(recording.progress().heading_s == Approx(20.0).margin(0.1));
  CHECK_THAT(recording.missing(), Catch::Contains("20 s of tracked heading, of 120"));
  explore(recording, 20.0, 150.0);
  CHECK(recording.missing().empty());
  CHECK(recording.progress().units == 16);
  CHECK(recording.progress().units_ready == 16);
  double covered_s = 0.0;
  for (const float s : recording.progress().sector_s) covered_s += static_cast<double>(s);
  CHECK(covered_s == Approx(recording.progress().heading_s).epsilon(1e-3));
  CHECK_FALSE(recording.progress().full());
}

TEST_CASE("an animal that never faces some ways is told which") {
  WakeRecording recording({}, {1'000, 100'000});
  for (int i = 0; i < 6000; ++i)
    recording.heading(i * 25 * kNsPerMs, static_cast<float>(kPi * static_cast<double>(i % 600) / 600.0));
  CHECK_THAT(recording.missing(), Catch::Contains("around 195, 225, 255, 285, 315 and 345 degrees"));
}

TEST_CASE("holes in the tracking add no time") {
  WakeRecording recording({});
  for (int i = 0; i < 100; ++i) recording.heading(i * kNsPerS, 1.0F);
  CHECK(recording.progress().heading_s == 0.0);
  CHECK(recording.progress().headings == 100);
}

TEST_CASE("a full recording keeps what it has, takes no more and counts it") {
  WakeRecording recording({}, {100, 10});
  const auto* const spikes = recording.spikes().data();
  for (int i = 0; i < 150; ++i) recording.spike(i, 7);
  for (int i = 0; i < 15; ++i) recording.heading(i, 1.0F);
  recording.spike(1, kNoUnit);
  CHECK(recording.spikes().size() == 100);
  CHECK(recording.spikes().data() == spikes);
  CHECK(recording.headings().size() == 10);
  CHECK(recording.progress().refused == 55);
  CHECK(recording.progress().full());
  recording.clear();
  CHECK(recording.spikes().empty());
  CHECK(recording.progress().units == 0);
  CHECK_FALSE(recording.progress().full());
  recording.spike(1, 7);
  CHECK(recording.spikes().data() == spikes);
  CHECK(recording.progress().units == 1);
}

TEST_CASE("late spikes and overtaken rows are put in order") {
  WakeRecording recording({});
  for (const SessionNs time_ns : {3, 1, 2}) {
    recording.spike(time_ns, 1);
    recording.heading(time_ns, 0.1F);
  }
  recording.sort();
  for (SessionNs i = 0; i < 3; ++i) {
    CHECK(recording.spikes()[static_cast<std::size_t>(i)].time_ns == i + 1);
    CHECK(recording.headings()[static_cast<std::size_t>(i)].time_ns == i + 1);
  }
}

TEST_CASE("the fit is that of the same data from a file, with thresholds; it refuses in the same words and stops") {
  WakeRecording recording({}, {1'000'000, 100'000});
  explore(recording, 0.0, 150.0);
  recording.sort();
  double last = 0.0;
  const auto model = fit_model(recording, {}, Handedness::kConfirmed, [&](double share) {
    CHECK(share >= last);
    last = share;
    return true;
  });
  REQUIRE(model);
  CHECK(last > 0.75);  // the rest is for stillness, of which there is none
  CHECK(model->handedness == Handedness::kConfirmed);
  CHECK(model->hash == model_hash(*model));
  CHECK(model->turn_thresholds.size() >= 2);
  CHECK(model->cusum_thresholds.size() >= 2);
  for (const auto* rows : {&model->turn_thresholds, &model->cusum_thresholds}) {
    for (const HeadingTurnThreshold& row : *rows) {
      CHECK(row.low_per_minute < 0.5 * row.false_alarms_per_minute);  // as wide as what no stillness confirms
      CHECK(row.high_per_minute > 1.9 * row.false_alarms_per_minute);
    }
  }
  auto same = calibrate_heading(recording.spikes(), recording.headings(), {});
  REQUIRE(same);
  same->handedness = Handedness::kConfirmed;
  CHECK(model_hash(*same) == model->hash);

  const auto stopped = fit_model(recording, {}, Handedness::kUnconfirmed, [](double share) { return share < 0.7; });
  REQUIRE_FALSE(stopped);
  CHECK_THAT(stopped.error(), Catch::Contains("no model was made"));

  WakeRecording brief({}, {100'000, 10'000});
  explore(brief, 0.0, 30.0);
  const auto refused = fit_model(brief, {}, Handedness::kUnconfirmed, [](double) { return true; });
  const auto also_refused = calibrate_heading(brief.spikes(), brief.headings(), {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error() == also_refused.error());
}
