// The population bench: its scoring on lists written by hand, and a short run that must meet what the long one shows.
#include "tools/benches/population.hpp"

#include <catch2/catch.hpp>

using namespace vturn;
using namespace vturn::benches;

namespace {

constexpr auto kCw = Direction::kClockwise;
constexpr auto kCcw = Direction::kCounterclockwise;
constexpr auto kRem = SleepState::kRem;

}  // namespace

TEST_CASE("events are matched to bursts of their side, one to one, the nearest first come") {
  PopulationLife life;
  life.detectable = {true, true};
  life.scored_s[static_cast<std::size_t>(kRem)] = 120.0;
  life.bursts = {
      {1.0, kCw, kRem}, {1.6, kCw, kRem}, {3.0, kCcw, kRem}, {5.0, kCcw, kRem}, {7.0, kCw, SleepState::kNrem}};
  life.detected = {{0.92, kCw, kRem},               // early: found
                   {1.05, kCw, kRem},               // the same burst again: false
                   {1.5, kCw, kRem},                // found
                   {3.0, kCw, kRem},                // the other side's burst: false
                   {5.3, kCcw, kRem},               // too late: false, and its burst is missed
                   {6.9, kCw, SleepState::kNrem}};  // another state's
  const auto score = score_population(life, kRem);
  CHECK(score.bursts == 4);
  CHECK(score.found == 2);
  CHECK(score.false_events == 3);
  CHECK(score.minutes == 2.0);
  REQUIRE(score.latencies_s.size() == 2);
  CHECK(score.latencies_s[0] == Approx(-0.08));
  CHECK(score.latencies_s[1] == Approx(-0.1));
  life.detectable[1] = false;  // an undetectable side's bursts are not asked for
  CHECK(score_population(life, kRem).bursts == 2);
}

TEST_CASE("digital mice: 95 % of population events at one false a minute; the same seeds give the same figures") {
  PopulationBenchSettings settings;
  settings.seeds = 3;
  settings.rem_minutes = 4.0;
  const auto figures = bench_population(settings, [](double) { return true; });
  REQUIRE(figures.states.size() == 3);
  for (const auto& state : figures.states) {
    INFO("state " << static_cast<int>(state.state));
    CHECK(state.found_share.min > 0.95);
    CHECK(state.false_per_minute.mean < 1.0);
    CHECK(state.latency_median_s < 0.0);
  }
  CHECK(figures.sd_to_poisson.min > 2.7);
  CHECK(figures.sd_to_poisson.max < 4.2);
  CHECK(figures.coupling.covered >= 5);
  CHECK(figures.shuffled.covered >= 5);
  CHECK(figures.coupling.estimate.mean > figures.shuffled.estimate.mean + 0.08);
  settings.seeds = 2;
  settings.rem_minutes = 1.0;
  const auto once = bench_population(settings, [](double) { return true; });
  const auto again = bench_population(settings, [](double) { return true; });
  CHECK(once.states[0].latency_p90_s == again.states[0].latency_p90_s);
  CHECK(once.coupling.estimate.mean == again.coupling.estimate.mean);
}

TEST_CASE("with 15 cells one way and 2 the other the small side is undetectable, and gives no event") {
  const auto figures = bench_lopsided({});
  CHECK(figures.clockwise_detectable);
  CHECK_FALSE(figures.counterclockwise_detectable);
  CHECK(figures.clockwise_events > 300);
  CHECK(figures.counterclockwise_events == 0);
}
