#include "daemon/decode/calibration.hpp"

#include <catch2/catch.hpp>

#include "daemon/decode/circle.hpp"
#include "tests/helpers/shared_data.hpp"
#include "tests/unit/decode/ring.hpp"
#include "tools/lib/csv.hpp"
#include "tools/lib/heading_csv.hpp"

using namespace vturn;
using namespace vturn::test;

namespace {

std::vector<HeadingSample> thinned(const Walk& walk, std::size_t every) {
  std::vector<HeadingSample> rows;
  for (std::size_t row = 0; row < walk.heading.size(); row += every) rows.push_back(walk.heading[row]);
  return rows;
}

/// truth_spikes.csv of the captures holds samples at 30 kHz.
std::vector<SpikeSample> truth_spikes(const std::filesystem::path& file) {
  tools::CsvReader csv(file);
  const auto sample = csv.column("sample");
  const auto unit = csv.column("unit");
  std::vector<SpikeSample> spikes;
  while (csv.next()) spikes.push_back({csv.integer(sample) * 100'000 / 3, static_cast<UnitId>(csv.integer(unit))});
  return spikes;
}

std::string refusal(const Walk& walk, const std::vector<HeadingSample>& heading,
                    const CalibrationSettings& settings = {}) {
  const auto model = calibrate_heading(walk.spikes, heading, settings);
  return model ? "" : model.error();
}

}  // namespace

TEST_CASE("tuning is recovered from a simulated recording, and a hole adds no occupancy") {
  const auto cells = random_cells(8, 41);
  const Walk walk = walk_of(cells, 150 * kDeg, 0.25, 900.0, 42);
  auto heading = thinned(walk, 25);
  const TuningFit whole = fit_tuning(walk.spikes, heading, {}, 0.0);
  CHECK(whole.duration_s == Approx(900.0).epsilon(0.001));
  REQUIRE(whole.units.size() == cells.size());
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const HeadingUnit& unit = whole.units[i];
    for (std::size_t bin = 0; bin < kHeadingAngles; bin += 4) {
      const double truth_hz = cells[i].rate_hz(circle::kBinRad * static_cast<double>(bin));
      CHECK(static_cast<double>(unit.rate_hz[bin]) == Approx(truth_hz).epsilon(0.15).margin(1.0));
    }
  }
  heading.erase(heading.begin() + 12'000, heading.begin() + 24'000);
  const TuningFit holed = fit_tuning(walk.spikes, heading, {}, 0.0);
  CHECK(holed.duration_s == Approx(600.0).epsilon(0.001));
  CHECK(static_cast<double>(holed.units[0].mean_rate_hz) ==
        Approx(static_cast<double>(whole.units[0].mean_rate_hz)).epsilon(0.1));
}

TEST_CASE("a calibrated simulation decodes about as well as its own cross-validation says") {
  const auto cells = random_cells(25, 51);
  const Walk training = walk_of(cells, 100 * kDeg, 0.25, 200.0, 52);
  const auto model = calibrate_heading(training.spikes, thinned(training, 25), {});
  REQUIRE(model);
  CHECK(model->units.size() == cells.size());
  CHECK(model->hash == model_hash(*model));
  CHECK(model->cross_validated.coverage_95 > 0.93);
  const Walk test = walk_of(cells, 100 * kDeg, 0.25, 100.0, 53);
  HeadingFilter filter;
  filter.prepare(*model);
  HeadingTally tally;
  score_filter(filter, test.spikes, test.heading, {.settle_ns = kNsPerS}, tally);
  CHECK(tally.score().median_abs_error_deg == Approx(model->cross_validated.median_abs_error_deg).epsilon(0.15));
}

TEST_CASE("calibration refuses with a reason") {
  const auto cells = random_cells(8, 61);
  const Walk walk = walk_of(cells, 150 * kDeg, 0.25, 130.0, 62);
  const auto heading = thinned(walk, 25);
  CHECK_THAT(refusal(Walk{}, heading), Catch::Contains("no spikes"));
  CHECK_THAT(refusal(walk, {}), Catch::Contains("fewer than two rows"));
  CHECK_THAT(refusal(walk, {heading.begin(), heading.begin() + 2000}), Catch::Contains("tracked heading overlap"));

  auto later = heading;
  for (auto& row : later) row.time_ns += 1000 * kNsPerS;
  CHECK_THAT(refusal(walk, later), Catch::Contains("do not overlap in time"));

  auto half = heading;
  for (auto& row : half) row.angle_rad *= 0.5F;
  CHECK_THAT(refusal(walk, half), Catch::Contains("not covered"));

  CalibrationSettings many;
  many.min_units = 20;
  CHECK_THAT(refusal(walk, heading, many), Catch::Contains("units carry heading, 20 are needed"));

  CalibrationSettings strict;
  strict.max_median_error_deg = 0.5;
  CHECK_THAT(refusal(walk, heading, strict), Catch::Contains("median error"));

  const auto stopped = calibrate_heading(walk.spikes, heading, {}, [](double) { return false; });
  REQUIRE_FALSE(stopped);
  CHECK_THAT(stopped.error(), Catch::Contains("stopped"));
}

TEST_CASE("estimates made elsewhere are scored by the last one at or before each row") {
  const std::vector<HeadingSample> estimates = {{100, 1.0F}, {200, 2.0F}};
  const std::vector<HeadingSample> truth = {{50, 0.0F}, {100, 1.0F}, {199, 1.5F}, {200, 2.0F}, {2 * kNsPerS, 0.0F}};
  const HeadingScore score = score_estimates(estimates, truth);
  CHECK(score.steps == 3);
  CHECK(score.median_abs_error_deg == Approx(0.0).margin(1e-4));
  CHECK(score.mean_abs_error_deg == Approx(0.5 / 3.0 / kDeg).epsilon(1e-4));
}

TEST_CASE("real head-direction cells: the capture is decoded from the disjoint calibration pair") {
  const auto calib_spikes = shared_data("open-ephys/mouse28/calib_spikes.csv");
  const auto calib_heading = shared_data("open-ephys/mouse28/calib_heading.csv");
  const auto spikes_file = shared_data("open-ephys/mouse28/truth_spikes.csv");
  const auto heading_file = shared_data("open-ephys/mouse28/heading.csv");
  if (!calib_spikes || !calib_heading || !spikes_file || !heading_file) return;
  const auto model =
      calibrate_heading(tools::read_spikes_csv(*calib_spikes), tools::read_heading_csv(*calib_heading, false), {});
  REQUIRE(model);
  const auto spikes = truth_spikes(*spikes_file);
  auto truth = tools::read_heading_csv(*heading_file, false);
  HeadingFilter filter;
  filter.prepare(*model);
  HeadingTally tally;
  score_filter(filter, spikes, truth, {}, tally);
  MemorylessDecoder memoryless;
  memoryless.prepare(*model, 200 * kNsPerMs);
  HeadingTally memoryless_tally;
  score_memoryless(memoryless, spikes, truth, {}, memoryless_tally);
  const HeadingScore score = tally.score();
  const double memoryless_deg = memoryless_tally.score().median_abs_error_deg;
  std::printf(
      "mouse28: median %.2f deg, mean %.2f, memoryless 200 ms %.2f deg, coverage %.3f, steps %llu (cross-validated "
      "%.2f deg, "
      "%s)\n",
      score.median_abs_error_deg, score.mean_abs_error_deg, memoryless_deg, score.coverage_95,
      static_cast<unsigned long long>(score.steps), model->cross_validated.median_abs_error_deg,
      model->dynamics[0].name.c_str());
  CHECK(score.median_abs_error_deg <= 11.5);
  CHECK(score.median_abs_error_deg <= 1.05 * memoryless_deg);
  CHECK(memoryless_deg == Approx(10.9).margin(0.4));

  // Heading shifted by 150 s: nothing must be left but the animal's preference for some directions.
  const std::size_t shift_rows = 6000;
  std::vector<HeadingSample> shifted = truth;
  for (std::size_t row = 0; row < truth.size(); ++row)
    shifted[row].angle_rad = truth[(row + shift_rows) % truth.size()].angle_rad;
  HeadingTally control;
  filter.reset();
  score_filter(filter, spikes, shifted, {.coverage = false}, control);
  CHECK(control.score().median_abs_error_deg > 45.0);
}
