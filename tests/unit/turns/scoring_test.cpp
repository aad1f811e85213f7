// Matching of detections to true turns, on cases counted by hand.
#include <catch2/catch.hpp>

#include "tools/lib/turn_scoring.hpp"

using namespace vturn;
using namespace vturn::tools;

namespace {
constexpr auto kCw = Direction::kClockwise;
constexpr auto kCcw = Direction::kCounterclockwise;
}  // namespace

TEST_CASE("hits, misses, wrong directions, small turns and false alarms by hand") {
  const std::vector<TrueTurn> truth{{10.0, kCw, -1.0}, {20.0, kCcw, 1.0}, {30.0, kCw, -1.0},
                                    {40.0, kCcw, 1.0}, {50.0, kCw, -0.3}, {60.0, kCcw, 2.0}};
  const std::vector<DetectedTurn> detected{
      {10.2, 10.05, kCw},   // hit after 200 ms
      {10.6, 10.4, kCw},    // the same turn again: false
      {20.4, 20.1, kCw},    // wrong way
      {41.5, 41.0, kCcw},   // too late: false, and 40 is missed
      {50.3, 50.1, kCw},    // a small turn: neither hit nor false
      {59.99, 59.9, kCcw},  // within the early margin: hit after -10 ms
  };
  TurnScoreSettings settings;
  settings.duration_s = 120.0;
  const TurnScore score = score_turns(truth, detected, settings);
  CHECK(score.turns == 5);
  CHECK(score.hits == 2);
  CHECK(score.missed == 3);
  CHECK(score.wrong_direction == 1);
  CHECK(score.detections == 6);
  CHECK(score.false_alarms == 2);
  CHECK(score.false_per_minute == Approx(1.0));
  CHECK(score.false_per_minute_low < 1.0);
  CHECK(score.false_per_minute_high > 1.0);
  CHECK(score.latency_median_s == Approx(0.095));
  CHECK(score.latency_p90_s == Approx(0.179));
  CHECK(score.onset_error_median_s == Approx(-0.025));
}

TEST_CASE("a detection prefers the turn of its own direction, and the latest") {
  const std::vector<TrueTurn> truth{{10.0, kCw, 1.0}, {10.5, kCcw, 1.0}, {20.0, kCw, 1.0}, {20.6, kCw, 1.0}};
  const TurnScore score = score_turns(truth, {{10.7, 10.0, kCw}, {10.8, 10.5, kCcw}, {20.8, 20.6, kCw}}, {});
  CHECK(score.hits == 3);
  CHECK(score.wrong_direction == 0);
  CHECK(score.latency_median_s == Approx(0.3));
}

TEST_CASE("nothing at all") {
  const TurnScore score = score_turns({}, {}, {});
  CHECK(score.turns == 0);
  CHECK(score.false_per_minute == 0.0);
  CHECK(std::isnan(score.latency_median_s));
}
