#include "daemon/decode/frame_drift.hpp"

#include <catch2/catch.hpp>

#include "daemon/decode/calibration.hpp"
#include "daemon/decode/circle.hpp"
#include "daemon/decode/validation.hpp"
#include "tests/unit/decode/ring.hpp"

using namespace vturn;
using namespace vturn::test;

namespace {

/// Rows whose decoded heading is off by a sine of `period_s` and a constant.
std::vector<HeldOutRow> swinging(double amplitude_rad, double period_s, double constant_rad) {
  std::vector<HeldOutRow> rows;
  for (int i = 0; i < 24'000; ++i) {
    const SessionNs time_ns = i * 25 * kNsPerMs;
    const double tracked = wrap_angle(0.37 * i);
    const double error = constant_rad + amplitude_rad * std::sin(kTwoPi * seconds(time_ns) / period_s);
    rows.push_back({time_ns, static_cast<float>(tracked), static_cast<float>(wrap_angle(tracked + error))});
  }
  return rows;
}

}  // namespace

TEST_CASE("a slow swing of the frame is found, its mean is not") {
  const auto rows = swinging(10 * kDeg, 300.0, 20 * kDeg);
  const FrameDrift drift = frame_drift(rows, 20.0);
  // A Gaussian of 20 s damps a period of 300 s by exp(-(2 pi 20 / 300)^2 / 2) = 0.916.
  CHECK(drift.at(75 * kNsPerS) == Approx(9.16 * kDeg).margin(0.2 * kDeg));
  CHECK(drift.at(225 * kNsPerS) == Approx(-9.16 * kDeg).margin(0.2 * kDeg));
  CHECK(drift.rms_rad() == Approx(9.16 * kDeg / std::sqrt(2.0)).epsilon(0.05));
  const std::vector<HeadingSample> tracked{{75 * kNsPerS, 1.0F}, {225 * kNsPerS, 0.05F}};
  const auto turned = straightened(tracked, drift);
  CHECK(static_cast<double>(turned[0].angle_rad) == Approx(1.0 + 9.16 * kDeg).margin(0.2 * kDeg));
  CHECK(static_cast<double>(turned[1].angle_rad) == Approx(kTwoPi + 0.05 - 9.16 * kDeg).margin(0.2 * kDeg));
  CHECK(frame_drift({}, 20.0).at(5) == 0.0);
}

TEST_CASE(
    "tuning under a drifting frame decodes better when it is straightened, and blocks are never seen in training") {
  const auto cells = random_cells(20, 71);
  Walk walk = walk_of(cells, 100 * kDeg, 0.25, 600.0, 72);
  std::vector<HeadingSample> tracked;
  for (std::size_t row = 0; row < walk.heading.size(); row += 25) {
    HeadingSample sample = walk.heading[row];
    const double swing = 25 * kDeg * std::sin(kTwoPi * seconds(sample.time_ns) / 600.0);
    sample.angle_rad = circle::wrapped_float(static_cast<double>(sample.angle_rad) - swing);
    tracked.push_back(sample);
  }
  HeadingValidation validation;
  const auto model = calibrate_heading(walk.spikes, tracked, {}, {}, &validation);
  REQUIRE(model);
  CHECK(validation.drift_rms_rad == Approx(25 * kDeg / std::sqrt(2.0)).epsilon(0.4));
  CHECK(validation.block_median_deg.size() == CalibrationSettings{}.folds);
  CHECK(validation.pooled.steps == model->cross_validated.steps);
  // Against the true heading the straightened model is nearly as good as one fitted without any drift.
  const auto error_deg = [&](const HeadingModel& fitted) {
    const Walk test = walk_of(cells, 100 * kDeg, 0.25, 100.0, 73);
    HeadingFilter filter;
    filter.prepare(fitted);
    HeadingTally tally;
    score_filter(filter, test.spikes, test.heading, {.settle_ns = kNsPerS, .on_row = {}}, tally);
    return tally.score().median_abs_error_deg;
  };
  HeadingModel blurred = *model;
  blurred.units = fit_tuning(walk.spikes, tracked, {}, 0.0).units;
  HeadingModel exact = *model;
  std::vector<HeadingSample> truth;
  for (std::size_t row = 0; row < walk.heading.size(); row += 25) truth.push_back(walk.heading[row]);
  exact.units = fit_tuning(walk.spikes, truth, {}, 0.0).units;
  INFO("straightened " << error_deg(*model) << ", blurred " << error_deg(blurred) << ", exact " << error_deg(exact));
  CHECK(error_deg(*model) < error_deg(blurred));
  CHECK(error_deg(*model) < 1.1 * error_deg(exact));
}
