#include "tools/benches/onset_scoring.hpp"

#include <catch2/catch.hpp>

#include "tools/benches/score_trace.hpp"

using namespace vturn;
using namespace vturn::benches;

namespace {

SimulatedTurn turn_at(double onset_s, double duration_s, bool left) {
  return {onset_s, {left ? 5.0 : -5.0, duration_s}};
}

constexpr Direction kLeft = Direction::kCounterclockwise, kRight = Direction::kClockwise;

}  // namespace

TEST_CASE("the first onset within a turn and its wait decides; the rest of the session is false-alarm time") {
  const std::vector<SimulatedTurn> truth{turn_at(10.0, 0.5, true), turn_at(20.0, 0.3, false), turn_at(30.0, 0.4, true),
                                         turn_at(40.0, 0.4, true)};
  const std::vector<Onset> onsets{{5.0, kLeft},   {10.3, kLeft},  {10.6, kRight}, {20.45, kLeft},
                                  {20.5, kRight}, {30.61, kLeft}, {50.0, kRight}};
  const OnsetScore score = score_onsets(truth, onsets, 60.0);
  REQUIRE(score.turns.size() == 4);
  CHECK(score.turns[0].latency_s == Approx(0.3));
  CHECK_FALSE(score.turns[0].wrong);
  CHECK(score.turns[1].latency_s == kNever);
  CHECK(score.turns[1].wrong);
  CHECK(score.turns[2].latency_s == kNever);  // 10 ms too late
  CHECK_FALSE(score.turns[2].wrong);
  CHECK(score.turns[3].latency_s == kNever);
  CHECK(score.false_alarms == 3);
  CHECK(60.0 * score.rest_minutes == Approx(60.0 - 1.6 - 4.0 * kTurnWaitS));
}

TEST_CASE("quantiles count what never came") {
  CHECK(quantile_with_misses({0.3, kNever, 0.1, 0.2}, 0.5) == 0.2);
  CHECK(quantile_with_misses({0.3, kNever, 0.1, kNever, kNever}, 0.5) == kNever);
  CHECK(quantile_with_misses({0.3, 0.1, 0.2}, 1.0) == 0.3);
  CHECK(std::isnan(quantile_with_misses({}, 0.5)));
}

TEST_CASE("a trace's onsets need a rise, hysteresis and the refractory time") {
  ScoreTrace trace;
  trace.step_s = 0.15;
  //            0.15   0.3  0.45   0.6  0.75   0.9  1.05   1.2  1.35   1.5
  trace.left = {2.0F, 0.0F, 2.0F, 0.0F, 2.0F, 0.8F, 2.0F, 0.0F, 0.0F, 0.0F};
  trace.right = {0.0F, 0.0F, 0.0F, 0.0F, 0.0F, 0.0F, 0.0F, 0.0F, 1.5F, 0.0F};
  const auto onsets = onsets_of(trace, 1.0);
  REQUIRE(onsets.size() == 3);  // not at 0.15 s (never below 0.5 before), nor at 1.05 s (0.8 is no rest)
  CHECK(onsets[0].at_s == Approx(0.45));
  CHECK(onsets[1].at_s == Approx(0.75));
  CHECK(onsets[2].at_s == Approx(1.35));
  CHECK(onsets[1].direction == kLeft);
  CHECK(onsets[2].direction == kRight);
}

TEST_CASE("the threshold for a count is where the count falls to it") {
  const auto count = [](double threshold) { return static_cast<std::size_t>(100.0 - 10.0 * threshold); };
  CHECK(threshold_for(count, 50.0, 0.0, 10.0) == Approx(5.0).margin(0.11));
}

TEST_CASE("speed of an angle across north") {
  std::vector<float> angle;
  for (int i = 0; i < 100; ++i) angle.push_back(static_cast<float>(std::fmod(6.0 + 0.01 * i, 6.283185307179586)));
  const ScoreTrace trace = speed_trace(angle, 20, 0.005);
  CHECK(trace.left[10] == 0.0F);
  CHECK(trace.left[60] == Approx(2.0).epsilon(1e-4));
  CHECK(trace.right[60] == -trace.left[60]);
}
