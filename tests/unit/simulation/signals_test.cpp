// What the signals show per stage, seen through the daemon's own front end: stages differ as in a scored mouse, and
// overlap.
#include <array>
#include <catch2/catch.hpp>
#include <filesystem>
#include <map>

#include "daemon/sleep/band_pass.hpp"
#include "tests/unit/simulation/observed.hpp"
#include "tests/unit/simulation/signal_epochs.hpp"
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
  // The scored mouse's EEG: 0.28.
  CHECK(mean(r["theta"]) - mean(r["delta"]) > mean(n["theta"]) - mean(n["delta"]) + 0.1);
  // Quiet wake is near sleep: the least active fifth of wake moves less than 3 nats more than sleep does.
  CHECK(quantile(w["motion"], 0.1) < quantile(n["motion"], 0.5) + 3.0);
}

TEST_CASE("REM announces itself: tone sinks and delta falls before the scorer's mark, the rest follows after it") {
  // A scored mouse, share of the way from NREM to REM in the 4-s epochs around the mark: delta .21 .36 | .78 .95, theta
  // 0 0 | .52 .77 .94, EMG .40 .49 | .54 .74 .76.
  HypnogramWalk walk(*Hypnogram::parse("N15 R10"));
  StageMix mix(1, 1);
  std::array<double, 5> brain{}, muscle{}, intermediate{};  ///< 4-s epochs from 8 s before the mark
  constexpr double kCycles = 300.0, kStep = 0.01;
  for (double t = 0.0; t < kCycles * 100.0; t += kStep) {
    walk.advance(t);
    mix.step(walk, kStep);
    const double since_mark_s = std::fmod(t, 100.0) - 60.0;
    if (since_mark_s < -8.0 || since_mark_s >= 12.0) continue;
    const auto epoch = static_cast<std::size_t>((since_mark_s + 8.0) / 4.0);
    brain[epoch] += mix.brain().rem * kStep / (4.0 * kCycles);
    muscle[epoch] += mix.muscle().rem * kStep / (4.0 * kCycles);
    intermediate[epoch] += mix.intermediate() * kStep / (4.0 * kCycles);
  }
  CHECK(brain[0] < 0.05);
  CHECK(brain[1] == Approx(0.08).margin(0.1));
  CHECK(brain[2] == Approx(0.52).margin(0.15));
  CHECK(brain[3] == Approx(0.85).margin(0.1));
  CHECK(brain[4] > 0.9);
  CHECK(muscle[1] == Approx(0.45).margin(0.12));
  CHECK(muscle[2] == Approx(0.56).margin(0.12));
  CHECK(muscle[4] == Approx(0.80).margin(0.12));
  CHECK(intermediate[0] > 0.3);
  CHECK(intermediate[1] > intermediate[0]);
}

TEST_CASE("REM twitches and its phasic bursts quicken theta; NREM has neither") {
  SignalMouse mouse(2, 1, *Hypnogram::parse("W4 N30 R300"));
  double phasic_s = 0.0, rem_s = 0.0, before = 0.0, level = 0.0;
  std::array<double, 2> crossings{}, seconds_in{}, power{};
  int twitches = 0;
  bool twitching = false;
  BandPass band;
  band.design(5.0, 10.0, 1000.0);
  for (int i = 0; i < 1300 * 1000; ++i) {
    mouse.step();
    const double theta = band.step(mouse.lfp_uv());
    if (mouse.walk().stage() != SleepState::kRem || mouse.walk().since_change_s() < 30.0) {
      if (mouse.walk().stage() == SleepState::kNrem) CHECK(mouse.body().signs().phasic == 0.0);
      continue;
    }
    rem_s += kStepS;
    const std::size_t phasic = mouse.body().signs().phasic > 0.0 ? 1 : 0;
    phasic_s += phasic == 1 ? kStepS : 0.0;
    seconds_in[phasic] += kStepS;
    crossings[phasic] += theta > 0.0 && before <= 0.0 ? 1.0 : 0.0;
    power[phasic] += theta * theta * kStepS;
    before = theta;
    for (const double emg_uv : mouse.body().emg_uv()) level += 0.005 * (emg_uv * emg_uv - level);
    const bool above = level > std::exp(5.18 + 1.3);
    twitches += above && !twitching ? 1 : 0;
    twitching = above;
  }
  REQUIRE(rem_s > 1000.0);
  CHECK(phasic_s / rem_s == Approx(0.08).margin(0.05));
  CHECK(crossings[1] / seconds_in[1] > crossings[0] / seconds_in[0] + 0.2);
  CHECK(power[1] / seconds_in[1] > 1.3 * power[0] / seconds_in[0]);
  CHECK(60.0 * twitches / rem_s > 2.0);
  CHECK(60.0 * twitches / rem_s < 25.0);
}

TEST_CASE("a marked artefact dwarfs the signal") {
  SignalMouse mouse(3, 1, *Hypnogram::parse("W40 A2 W40"));
  double clean = 0.0, artefact = 0.0;
  for (int i = 0; i < 300 * 1000; ++i) {
    mouse.step();
    (mouse.walk().artefact() ? artefact : clean) += mouse.lfp_uv() * mouse.lfp_uv();
  }
  CHECK(artefact / 8.0 > 5.0 * clean / 292.0);
}

TEST_CASE("gains drift over hours") {
  std::vector<double> tone;
  for (std::uint64_t life = 1; life <= 3; ++life) {
    SignalMouse mouse(4, life, *Hypnogram::parse("N9000"));
    for (int hour = 0; hour < 3; ++hour) {
      double sum = 0.0;
      for (int i = 0; i < 600 * 1000; ++i) {
        mouse.step();
        for (const double emg_uv : mouse.body().emg_uv()) sum += emg_uv * emg_uv;
      }
      tone.push_back(std::log(sum));
    }
  }
  CHECK(sd(tone) > 0.05);
  CHECK(sd(tone) < 0.8);
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
