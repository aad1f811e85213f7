// Nights from experts' scores: built-in, from files, compressed for demonstrations.
#include "tools/simulation/hypnogram.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "tests/helpers/shared_data.hpp"
#include "tools/lib/csv.hpp"

using namespace vturn;
using namespace vturn::simulation;

namespace {

double time_in(const Hypnogram& night, SleepState stage, double until_s = 1e9) {
  double sum = 0.0;
  for (const auto& bout : night.bouts()) {
    if (bout.stage == stage) sum += std::max(0.0, std::min(bout.end_s, until_s) - bout.start_s);
  }
  return sum;
}

int rem_bouts(const Hypnogram& night, double until_s) {
  int count = 0;
  for (const auto& bout : night.bouts()) count += bout.stage == SleepState::kRem && bout.end_s <= until_s ? 1 : 0;
  return count;
}

std::filesystem::path write_temporary(const std::string& name, const std::string& content) {
  const auto file = std::filesystem::temp_directory_path() / ("vturn_" + std::to_string(getpid()) + "_" + name);
  std::ofstream(file) << content;
  return file;
}

}  // namespace

TEST_CASE("the built-in recordings are what the experts scored") {
  const auto file = test::shared_data("sleep/mssv_hypnograms.csv");
  if (!file) return;
  tools::CsvReader rows(*file, {.max_line_bytes = 1 << 20});
  const std::vector<std::string> names{"sub-041_run-2", "sub-048_run-2", "sub-039_run-1", "sub-087_run-3"};
  REQUIRE(Hypnogram::shipped_count() == names.size());
  int found = 0;
  while (rows.next()) {
    const auto at = std::find(names.begin(), names.end(), rows.text(0));
    if (at == names.end()) continue;
    ++found;
    const auto stages = rows.text(1);
    const auto night = Hypnogram::shipped(static_cast<std::size_t>(at - names.begin()));
    REQUIRE(night.duration_s() == 4.0 * static_cast<double>(stages.size()));
    HypnogramWalk walk(night);
    for (std::size_t i = 0; i < stages.size(); ++i) {
      walk.advance(4.0 * static_cast<double>(i) + 2.0);
      REQUIRE(walk.artefact() == (stages[i] == '4'));
      if (stages[i] != '4') REQUIRE(static_cast<char>('0' + static_cast<int>(walk.stage())) == stages[i]);
    }
  }
  CHECK(found == 4);
}

TEST_CASE("a compressed night passes wake, NREM and several REM bouts in a quarter of an hour") {
  for (std::size_t i = 0; i < Hypnogram::shipped_count(); ++i) {
    const auto night = Hypnogram::shipped(i), demo = night.compressed(90.0);
    CHECK(demo.bouts().front().stage == SleepState::kWake);
    CHECK(demo.bouts().front().end_s >= 90.0);
    CHECK(rem_bouts(demo, 900.0) >= 3);
    CHECK(time_in(demo, SleepState::kNrem, 900.0) > 60.0);
    CHECK(time_in(demo, SleepState::kRem) == Approx(time_in(night, SleepState::kRem)));
    for (std::size_t b = 1; b < demo.bouts().size(); ++b) REQUIRE(demo.bouts()[b].start_s == demo.bouts()[b - 1].end_s);
  }
}

TEST_CASE("the walk looks ahead over artefacts and begins again at the end") {
  HypnogramWalk walk(*Hypnogram::parse("W5 A1 N10 R2"));
  walk.advance(1.0);
  CHECK(walk.stage() == SleepState::kWake);
  CHECK(walk.next_stage() == SleepState::kNrem);
  CHECK(walk.until_change_s() == Approx(23.0));
  walk.advance(60.0);
  CHECK(walk.next_stage() == SleepState::kRem);
  CHECK(walk.since_change_s() == Approx(36.0));
  walk.advance(73.0);
  CHECK(walk.stage() == SleepState::kWake);
  CHECK(walk.since_change_s() == Approx(1.0));
  CHECK(walk.until_change_s() == Approx(23.0));
}

TEST_CASE("files: rows of t_s,stage and run lengths; bad ones say where") {
  const auto rows = write_temporary("rows.csv", "t_s,stage\n0,W\n10,N\n30,R\n40,W\n");
  const auto night = Hypnogram::load(rows);
  REQUIRE(night);
  CHECK(night->duration_s() == 40.0);
  CHECK(time_in(*night, SleepState::kNrem) == 20.0);
  const auto runs = write_temporary("runs.csv", "# a comment\nnight1,W5 N10 R3\n");
  REQUIRE(Hypnogram::load(runs));
  CHECK(Hypnogram::load(runs)->duration_s() == 72.0);
  const auto bad = write_temporary("bad.csv", "t_s,stage\n0,W\n10,X\n");
  CHECK_THROWS_WITH(Hypnogram::load(bad), Catch::Contains(":3:") && Catch::Contains("W, N, R"));
  CHECK_FALSE(Hypnogram::parse("W5 Q3"));
  CHECK_FALSE(Hypnogram::parse("W0"));
  CHECK_THAT(Hypnogram::parse("W5 N-2").error(), Catch::Contains("N-2"));
  for (const auto& file : {rows, runs, bad}) std::filesystem::remove(file);
}
