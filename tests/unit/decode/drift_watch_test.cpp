// Drift of a heading model, simulated: cells that keep their tuning, a frame that rotates, cells that lose their
// tuning.
#include "daemon/decode/drift_watch.hpp"

#include <catch2/catch.hpp>
#include <functional>

#include "daemon/decode/calibration.hpp"
#include "daemon/decode/heading_filter.hpp"
#include "tests/helpers/shared_data.hpp"
#include "tests/unit/decode/ring.hpp"
#include "tools/lib/heading_csv.hpp"

using namespace vturn;
using namespace vturn::test;

namespace {

constexpr double kExpectedDeg = 6.0;

/// The tracked heading of a mouse whose cells spike as in the walk, 40 rows a second; `frame_deg`: how far the cells'
/// frame has rotated by then. Gives each change of state with its time.
struct Change {
  double t_s;
  TuningState state;
};
std::vector<Change> watch(DriftWatch& drift, HeadingFilter& filter, const Walk& walk,
                          const std::function<double(double)>& frame_deg, double from_s = 0.0) {
  std::vector<Change> changes;
  const auto from_ns = static_cast<SessionNs>(from_s * 1e9);
  std::size_t next = 0;
  for (std::size_t row = 0; row < walk.heading.size(); row += 25) {
    const SessionNs time_ns = walk.heading[row].time_ns;
    for (; next < walk.spikes.size() && walk.spikes[next].time_ns <= time_ns; ++next)
      filter.spike(from_ns + walk.spikes[next].time_ns, walk.spikes[next].unit);
    filter.advance(from_ns + time_ns);
    const double t_s = from_s + seconds(time_ns);
    const double tracked_rad = static_cast<double>(walk.heading[row].angle_rad) - frame_deg(t_s) * kDeg;
    if (drift.compare(from_ns + time_ns, tracked_rad, static_cast<double>(filter.estimate().angle_rad)))
      changes.push_back({t_s, drift.figures().state});
  }
  return changes;
}

struct Animal {
  std::vector<Cell> cells = random_cells(24, 5);
  HeadingDynamics wake = ornstein_uhlenbeck(100.0 * kDeg, 0.25);
  HeadingFilter filter;
  DriftWatch drift;

  Animal() {
    filter.prepare(model_of(cells, wake));
    drift.prepare(kExpectedDeg);
  }
  [[nodiscard]] Walk walk(double duration_s, std::uint64_t seed, double sd_deg_s = 100.0) const {
    return walk_of(cells, sd_deg_s * kDeg, 0.25, duration_s, seed);
  }
  /// Every second cell turns to a heading of its own, as after a loss of units.
  void lose_tuning() {
    for (std::size_t i = 0; i < cells.size(); i += 2) cells[i].preferred_rad += 1.0 + 1.7 * static_cast<double>(i);
  }
};

double still(double) { return 0.0; }

}  // namespace

TEST_CASE("drift: cells as calibrated are good within two minutes, and stay so") {
  Animal animal;
  const auto changes = watch(animal.drift, animal.filter, animal.walk(900.0, 1), still);
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].state == TuningState::kGood);
  CHECK(changes[0].t_s == Approx(122.0).margin(1.0));
  const TuningFigures& figures = animal.drift.figures();
  CHECK(figures.compared_s == 180.0);
  CHECK(figures.median_abs_error_deg < 8.0);
  CHECK(figures.median_abs_error_deg == Approx(figures.scatter_deg).margin(0.3));
  CHECK(std::fabs(figures.rotation_deg) < 2.0);
  CHECK(figures.expected_deg == kExpectedDeg);
}

TEST_CASE("drift: a frame that slowly rotates is told as that, with its angle, and never as lost tuning") {
  for (const double deg_per_min : {3.0, -6.0}) {
    Animal animal;
    const auto rotation_deg = [&](double t_s) { return deg_per_min * t_s / 60.0; };
    const auto changes = watch(animal.drift, animal.filter, animal.walk(900.0, 2), rotation_deg);
    REQUIRE(changes.size() == 2);
    CHECK(changes[0].state == TuningState::kGood);
    CHECK(changes[1].state == TuningState::kRotated);
    CHECK(std::fabs(rotation_deg(changes[1].t_s)) > 20.0);
    CHECK(std::fabs(rotation_deg(changes[1].t_s - 120.0)) < 21.0);
    const TuningFigures& figures = animal.drift.figures();
    // Over the last minute, so half a minute old.
    CHECK(figures.rotation_deg == Approx(rotation_deg(900.0 - 31.0)).margin(std::fabs(deg_per_min)));
    CHECK(figures.scatter_deg < 9.0);
    CHECK(figures.median_abs_error_deg > 20.0);
  }
}

TEST_CASE("drift: lost tuning is told within three minutes, and that it is back") {
  Animal animal;
  auto changes = watch(animal.drift, animal.filter, animal.walk(300.0, 3), still);
  REQUIRE(changes.size() == 1);
  Animal changed = Animal();
  changed.lose_tuning();
  changes = watch(animal.drift, animal.filter, changed.walk(300.0, 4), still, 300.0);
  REQUIRE_FALSE(changes.empty());
  CHECK(changes.back().state == TuningState::kLost);
  CHECK(changes.back().t_s < 300.0 + 190.0);
  CHECK(animal.drift.figures().scatter_deg > 12.0);
  changes = watch(animal.drift, animal.filter, animal.walk(300.0, 5), still, 600.0);
  REQUIRE_FALSE(changes.empty());
  CHECK(changes.back().state == TuningState::kGood);
}

TEST_CASE("drift: an animal that hardly turns, a sleeping one and one without data say nothing") {
  Animal animal;
  CHECK(animal.drift.figures().state == TuningState::kUnknown);
  animal.lose_tuning();
  CHECK(watch(animal.drift, animal.filter, animal.walk(600.0, 6, 2.0), still).empty());
  CHECK(animal.drift.figures().state == TuningState::kUnknown);
}

TEST_CASE("drift: minutes of long ago do not count, holes void what they interrupt, time that goes back does no harm") {
  Animal animal;
  watch(animal.drift, animal.filter, animal.walk(150.0, 7), still);
  CHECK(animal.drift.figures().state == TuningState::kGood);
  // An hour of sleep, then a minute of wake: too little to say anything.
  const auto changes = watch(animal.drift, animal.filter, animal.walk(80.0, 8), still, 3600.0);
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].state == TuningState::kUnknown);
  CHECK(animal.drift.figures().compared_s == 60.0);
  CHECK_FALSE(animal.drift.compare(0, 1.0, 1.0));
}

TEST_CASE("drift: the same comparisons give the same figures, bit by bit") {
  std::array<TuningFigures, 2> figures;
  for (TuningFigures& result : figures) {
    Animal animal;
    watch(animal.drift, animal.filter, animal.walk(200.0, 9), [](double t_s) { return 0.1 * t_s; });
    result = animal.drift.figures();
  }
  CHECK(figures[0].scatter_deg == figures[1].scatter_deg);
  CHECK(figures[0].rotation_deg == figures[1].rotation_deg);
  CHECK(figures[0].median_abs_error_deg == figures[1].median_abs_error_deg);
}

TEST_CASE("drift: a real animal keeps the tuning of ten minutes through the next twenty; permuted cells never had it") {
  const auto spikes_file = shared_data("mouse28/spikes.csv");
  const auto heading_file = shared_data("mouse28/hd.csv");
  if (!spikes_file || !heading_file) return;
  const auto spikes = tools::read_spikes_csv(*spikes_file);
  const auto heading = tools::read_heading_csv(*heading_file, false);
  const std::size_t half = heading.size() / 2;
  HeadingModel model = model_of({}, ornstein_uhlenbeck(100.0 * kDeg, 0.25));
  model.units = fit_tuning(spikes, std::span(heading).subspan(half / 2, half / 2), {}, 0.0).units;
  model.temper = 0.5F;
  constexpr double kCrossValidatedDeg = 11.5;
  for (const bool permuted : {false, true}) {
    HeadingFilter filter;
    filter.prepare(permuted ? with_permuted_units(model, 1) : model);
    DriftWatch drift;
    drift.prepare(kCrossValidatedDeg);
    std::size_t next = 0;
    std::array<std::size_t, 4> minutes{};
    SessionNs told_ns = heading[half].time_ns;
    for (std::size_t row = half; row < heading.size(); ++row) {
      for (; next < spikes.size() && spikes[next].time_ns <= heading[row].time_ns; ++next)
        filter.spike(spikes[next].time_ns, spikes[next].unit);
      filter.advance(heading[row].time_ns);
      drift.compare(heading[row].time_ns, static_cast<double>(heading[row].angle_rad),
                    static_cast<double>(filter.estimate().angle_rad));
      if (heading[row].time_ns - told_ns < 60 * kNsPerS) continue;
      told_ns = heading[row].time_ns;
      ++minutes[static_cast<std::size_t>(drift.figures().state)];
    }
    const TuningFigures& figures = drift.figures();
    std::printf("  %s: error %.1f, scatter %.1f (%.1f expected), rotation %+.1f degrees\n",
                permuted ? "permuted" : "as it is", figures.median_abs_error_deg, figures.scatter_deg,
                figures.expected_deg, figures.rotation_deg);
    CHECK(minutes[static_cast<std::size_t>(permuted ? TuningState::kGood : TuningState::kLost)] == 0);
    CHECK(minutes[static_cast<std::size_t>(permuted ? TuningState::kLost : TuningState::kGood)] >= 5);
  }
}
