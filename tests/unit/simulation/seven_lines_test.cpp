// The experiment in seven lines, shown by the simulated animal on fixed seeds (a figure's band is what another seed may
// give). The seventh, that the loop can be closed, is the stimulation test.
#include <catch2/catch.hpp>

#include "tests/unit/simulation/observed.hpp"

using namespace vturn;
using namespace vturn::simulation;
using namespace vturn::simulation::test;

namespace {

const Observed& wake() {
  static const Observed observed = observe(SleepState::kWake, 20.0);
  return observed;
}
const Observed& rem() {
  static const Observed observed = observe(SleepState::kRem, 20.0);
  return observed;
}
constexpr double kClockwise = -1.0, kCounterclockwise = 1.0;

/// Spikes of a unit within 150 ms before and 150 ms after each turn's onset, per second.
double rate_around(const Observed& o, UnitId unit, double sign) {
  double count = 0.0, window_s = 0.0;
  std::vector<double> times;
  for (const auto& spike : o.spikes) {
    if (spike.unit == unit) times.push_back(spike.time_s);
  }
  for (const auto& turn : o.turns) {
    if (turn.angle_rad * sign <= 0.0) continue;
    const auto from = std::lower_bound(times.begin(), times.end(), turn.onset_s - 0.15);
    const auto to = std::lower_bound(times.begin(), times.end(), turn.onset_s + 0.15);
    count += static_cast<double>(to - from);
    window_s += 0.3;
  }
  return count / window_s;
}

}  // namespace

TEST_CASE("1: turn cells fire for turns to their side, and more of them for clockwise turns") {
  const MouseSettings settings;
  int clockwise = 0, counterclockwise = 0;
  for (std::size_t i = 0; i < settings.clockwise_cells + settings.counterclockwise_cells; ++i) {
    const auto unit = static_cast<UnitId>(settings.heading_cells + i);
    const double ratio = rate_around(wake(), unit, kClockwise) / rate_around(wake(), unit, kCounterclockwise);
    clockwise += ratio > 1.3 ? 1 : 0;
    counterclockwise += ratio < 1.0 / 1.3 ? 1 : 0;
  }
  CHECK(clockwise >= 14);
  CHECK(counterclockwise >= 7);
  CHECK(clockwise > counterclockwise);
}

TEST_CASE("2: population events in wake raise the probability of a turn to the same side") {
  for (const auto& [rate, sign] :
       {std::pair{&wake().clockwise_hz, kClockwise}, std::pair{&wake().counterclockwise_hz, kCounterclockwise}}) {
    const auto events = population_events(*rate);
    const double chance = followed(regular_times(20.0), wake().turns, sign);
    CHECK(followed(events, wake().turns, sign) > 2.0 * chance);
    CHECK(followed(events, wake().turns, sign) > 0.45);
    CHECK(followed(events, wake().turns, -sign) < 1.2 * chance);
  }
}

TEST_CASE("3: the same events come in REM, slightly more often than awake") {
  const double awake = static_cast<double>(population_events(wake().clockwise_hz).size()) / 20.0;
  const double dreaming = static_cast<double>(population_events(rem().clockwise_hz).size()) / 20.0;
  CHECK(awake == Approx(23.1).margin(4.0));
  CHECK(dreaming == Approx(30.4).margin(4.0));
  CHECK(dreaming > awake);
}

TEST_CASE("4: in REM the compass keeps turning while the head lies still") {
  CHECK(turn_rate(rem(), 45.0) == Approx(18.0).margin(3.0));
  MouseSettings settings;
  Mouse mouse(settings, *Hypnogram::parse("W5 R20"));
  std::size_t tracked_in_rem = 0;
  for (int i = 0; i < 900; ++i) {
    const Block& block = mouse.step(3000, false);
    for (const auto& frame : block.tracked) tracked_in_rem += frame.time_s >= 20.1 ? 1 : 0;
  }
  CHECK(tracked_in_rem == 0);
}

TEST_CASE("5: REM events are followed by virtual turns to the same side") {
  const auto events = population_events(rem().clockwise_hz);
  const double chance = followed(regular_times(20.0), rem().turns, kClockwise);
  CHECK(followed(events, rem().turns, kClockwise) > 2.0 * chance);
  CHECK(followed(events, rem().turns, kClockwise) > 0.4);
  CHECK(followed(events, rem().turns, kCounterclockwise) < 1.3 * chance);
}

TEST_CASE("6: TTX in the right colliculus gives clockwise turns, up to full rotations; in the left the reverse") {
  const auto right = observe(SleepState::kRem, 20.0, TtxSide::kRight);
  CHECK(turn_rate(right, 45.0, kClockwise) > 1.3 * turn_rate(rem(), 45.0, kClockwise));
  CHECK(turn_rate(right, 45.0, kCounterclockwise) < 0.3 * turn_rate(rem(), 45.0, kCounterclockwise));
  CHECK(turn_rate(right, 360.0, kClockwise) > 0.5);
  CHECK(turn_rate(rem(), 360.0) == 0.0);
  const double drift = mean(velocity_deg_s(right, 100));
  CHECK(drift < -10.0);
  CHECK(drift > -60.0);
  const auto left = observe(SleepState::kRem, 10.0, TtxSide::kLeft);
  CHECK(mean(velocity_deg_s(left, 100)) > 10.0);
  CHECK(mean(left.clockwise_hz) < 0.1 * mean(rem().clockwise_hz));
}
