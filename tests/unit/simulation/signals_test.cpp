// What the signals show per stage, seen through the daemon's own front end: stages differ as in a scored mouse, and
// overlap.
#include <array>
#include <catch2/catch.hpp>
#include <filesystem>
#include <map>

#include "tests/unit/simulation/observed.hpp"
#include "tools/lib/csv.hpp"
#include "tools/simulation/calibration.hpp"

using namespace vturn;
using namespace vturn::simulation;
using namespace vturn::simulation::test;

namespace {

struct Table {
  std::map<char, std::map<std::string, std::vector<double>>> log_power;  ///< by stage and feature
  std::size_t rows = 0, missing = 0, artefacts = 0;
};

Table scored_night(double hours) {
  const auto folder = std::filesystem::temp_directory_path() / ("vturn_" + std::to_string(getpid()) + "_calibration");
  CalibrationSettings settings;
  settings.wake_minutes = 0.5;
  settings.sleep_hours = hours;
  write_calibration(folder, settings, *Hypnogram::parse("W30 N60 R15 W10 N45 R15 W20 N30"));
  Table table;
  tools::CsvReader rows(folder / "sleep_features.csv");
  while (rows.next()) {
    ++table.rows;
    table.artefacts += rows.integer(rows.column("artefact")) != 0 ? 1U : 0U;
    for (const char* feature : {"delta", "theta", "sigma", "beta", "gamma", "emg", "motion"}) {
      const double power = rows.real(rows.column(feature));
      if (power > 0.0) {
        table.log_power[rows.text(rows.column("stage"))[0]][feature].push_back(std::log(power));
      } else {
        ++table.missing;
      }
    }
  }
  std::filesystem::remove_all(folder);
  return table;
}

/// Distance of the means in units of the common s.d.
double separation(std::map<std::string, std::vector<double>>& a, std::map<std::string, std::vector<double>>& b,
                  const char* feature) {
  const double spread = std::sqrt(0.5 * (sd(a[feature]) * sd(a[feature]) + sd(b[feature]) * sd(b[feature])));
  return (mean(a[feature]) - mean(b[feature])) / spread;
}

}  // namespace

TEST_CASE("stages differ in delta, theta, tone and motion as a scored mouse's do, and overlap") {
  auto table = scored_night(0.5);
  auto &w = table.log_power['W'], &n = table.log_power['N'], &r = table.log_power['R'];
  CHECK(table.rows > 1780);
  CHECK(table.missing < 7 * 20);
  CHECK(static_cast<double>(table.artefacts) < 0.05 * static_cast<double>(table.rows));
  // A scored mouse's 4-s epochs: delta N-R 2.7, N-W 1.7; EMG W-N 3.0, N-R 1.4.
  CHECK(separation(n, r, "delta") > 1.2);
  CHECK(separation(n, r, "delta") < 3.5);
  CHECK(separation(n, w, "delta") > 0.5);
  CHECK(separation(n, w, "delta") < 2.5);
  CHECK(separation(w, n, "emg") > 1.5);
  CHECK(separation(w, n, "emg") < 4.5);
  CHECK(separation(n, r, "emg") > 0.4);
  CHECK(separation(n, r, "emg") < 2.5);
  CHECK(separation(n, r, "sigma") > 0.5);
  CHECK(separation(w, n, "motion") > 1.0);
  CHECK(separation(w, r, "motion") > 1.0);
  CHECK(mean(r["theta"]) - mean(r["delta"]) > mean(n["theta"]) - mean(n["delta"]) + 0.5);
  // Quiet wake is near sleep: the least active fifth of wake moves less than 3 nats more than sleep does.
  CHECK(quantile(w["motion"], 0.1) < quantile(n["motion"], 0.5) + 3.0);
}

TEST_CASE("REM announces itself: theta grows over delta before the scorer's mark") {
  MouseSettings settings;
  double before = 0.0, well_before = 0.0;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    settings.seed = seed;
    HypnogramWalk walk(*Hypnogram::parse("N15 R10"));
    StageMix mix;
    for (double t = 0.0; t < 60.0; t += 0.001) {
      walk.advance(t);
      mix.step(walk, 0.001);
      if (t > 57.0) before += mix.blend(0.0, 0.0, 1.0);
      if (t > 42.0 && t < 45.0) well_before += mix.blend(0.0, 0.0, 1.0);
    }
  }
  CHECK(before / 18000.0 == Approx(0.27).margin(0.06));
  CHECK(well_before / 18000.0 < 0.01);
}

TEST_CASE("the calibration of a mouse is another day of the same animal") {
  const auto folder = std::filesystem::temp_directory_path() / ("vturn_" + std::to_string(getpid()) + "_day");
  CalibrationSettings settings;
  settings.wake_minutes = 1.0;
  settings.sleep_hours = 0.0;
  settings.mouse.life = 1000;
  write_calibration(folder, settings, Hypnogram::shipped(1));
  tools::CsvReader spikes(folder / "spikes.csv"), headings(folder / "heading.csv"), cells(folder / "turn_cells.csv");
  std::size_t spike_rows = 0, heading_rows = 0, clockwise = 0;
  while (spikes.next()) ++spike_rows;
  while (headings.next()) ++heading_rows;
  while (cells.next()) clockwise += cells.text(1) == "clockwise" && cells.integer(0) >= 40 ? 1U : 0U;
  CHECK(spike_rows > 60 * 200);
  CHECK(heading_rows == Approx(2400).margin(5));
  CHECK(clockwise == 15);
  std::filesystem::remove_all(folder);
}
