// Coupling of population events to the heading: constructed paths, Wilson's interval against published values, and
// intervals that hold what they promise where trials repeat each other.
#include "daemon/turns/coupling.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "daemon/core/angle.hpp"

using namespace vturn;
using vturn::turns::Coupling;

namespace {

constexpr std::int64_t kMs = kNsPerMs;
constexpr auto kCw = Direction::kClockwise;
constexpr auto kCcw = Direction::kCounterclockwise;

/// 60 degrees in the given direction within 400 ms, every 4 s from 2 s on; at rest in between.
double path(double time_s, double sign) {
  const double phase = std::fmod(time_s, 4.0);
  const double turns = std::floor(time_s / 4.0);
  const double within = std::clamp((phase - 2.0) / 0.4, 0.0, 1.0);
  return sign * (turns + within) * kPi / 3.0;
}

void live(Coupling& coupling, double sign, double seconds_long, double event_phase, Direction side) {
  for (std::int64_t step = 0; step < static_cast<std::int64_t>(seconds_long * 100.0); ++step) {
    const SessionNs time_ns = step * 10 * kMs;
    const double time_s = seconds(time_ns);
    coupling.heading(time_ns, static_cast<float>(wrap_angle(path(time_s, sign))), SleepState::kRem);
    if (step % 400 == static_cast<std::int64_t>(event_phase * 100.0)) coupling.event(time_ns, side, SleepState::kRem);
  }
}

}  // namespace

TEST_CASE("Wilson's interval") {
  // Wilson (1927) form; values of Newcombe (1998), Table I: 81/263, 15/148, 0/20, 1/29.
  const auto a = turns::wilson(81, 263);
  CHECK(a.low == Approx(0.2553).margin(1e-4));
  CHECK(a.high == Approx(0.3662).margin(1e-4));
  CHECK(turns::wilson(15, 148).low == Approx(0.0624).margin(1e-4));
  CHECK(turns::wilson(15, 148).high == Approx(0.1605).margin(1e-4));
  CHECK(turns::wilson(0, 20).low == Approx(0.0).margin(1e-12));
  CHECK(turns::wilson(0, 20).high == Approx(0.1611).margin(1e-4));
  CHECK(turns::wilson(1, 29).low == Approx(0.0061).margin(1e-4));
  CHECK(turns::wilson(1, 29).high == Approx(0.1718).margin(1e-4));
  CHECK(turns::wilson(0, 0).low == 0.0);
  CHECK(turns::wilson(0, 0).high == 1.0);
}

TEST_CASE("events at the onset of turns of their side couple, those of the other side and between turns do not") {
  const auto probability = [](double sign, double phase, Direction side) {
    Coupling coupling;
    coupling.prepare({});
    live(coupling, sign, 80.0, phase, side);
    const auto estimate = coupling.estimate(side, SleepState::kRem);
    CHECK(estimate.trials == 20);
    return estimate.probability;
  };
  CHECK(probability(1.0, 2.0, kCcw) == 1.0);
  CHECK(probability(-1.0, 2.0, kCw) == 1.0);
  CHECK(probability(1.0, 2.0, kCw) == 0.0);
  CHECK(probability(-1.0, 2.0, kCcw) == 0.0);
  CHECK(probability(1.0, 0.5, kCcw) == 0.0);
}

TEST_CASE("shuffled events see the share of times whose windows hold a turn") {
  Coupling coupling;
  coupling.prepare({});
  live(coupling, 1.0, 1600.0, 2.0, kCcw);
  const auto shuffled = coupling.shuffled(kCcw, SleepState::kRem);
  CHECK(shuffled.trials > 1500);
  // 60 degrees in 0.4 s against 20 degrees within ±0.5 s: windows centred within 1.63 .. 2.77 of 4 s.
  CHECK(shuffled.probability == Approx(1.13 / 4.0).margin(0.03));
  CHECK(shuffled.low < 1.13 / 4.0);
  CHECK(shuffled.high > 1.13 / 4.0);
  CHECK(coupling.shuffled(kCw, SleepState::kRem).trials == 0);
  CHECK(coupling.estimate(kCcw, SleepState::kRem).low > shuffled.high);
}

TEST_CASE("shuffled times stay within the event's own stretch of the state") {
  Coupling coupling;
  coupling.prepare({});
  // REM turns all the time, wake lies still; one event 2.5 s after each return to REM, one 10 s after.
  double angle = 0.0;
  for (int step = 0; step < 60000; ++step) {
    const SessionNs time_ns = step * 10 * kMs;
    const bool rem = step % 3000 >= 1500;
    const auto state = rem ? SleepState::kRem : SleepState::kWake;
    if (rem) angle += 0.01;
    coupling.heading(time_ns, static_cast<float>(wrap_angle(angle)), state);
    if (step % 3000 == 1750 || step % 3000 == 2500) coupling.event(time_ns, kCcw, state);
  }
  CHECK(coupling.estimate(kCcw, SleepState::kRem).probability == 1.0);
  // The early event has no room to be shuffled; the others' shuffled times all lie in REM, the first half a second
  // apart.
  CHECK(coupling.shuffled(kCcw, SleepState::kRem).trials == 20 * 4);
  CHECK(coupling.shuffled(kCcw, SleepState::kRem).probability > 0.9);
  CHECK(coupling.shuffled(kCcw, SleepState::kWake).trials == 0);
}

TEST_CASE("the same inputs and seed give the same shuffled estimate, another seed another") {
  const auto run = [](std::uint64_t seed) {
    Coupling coupling;
    turns::CouplingSettings settings;
    settings.seed = seed;
    coupling.prepare(settings);
    live(coupling, 1.0, 400.0, 1.2, kCcw);
    return coupling.shuffled(kCcw, SleepState::kRem).hits;
  };
  CHECK(run(1) == run(1));
  CHECK(run(1) != run(2));
}

TEST_CASE("95 % intervals cover the truth in 95 % of series, also where trials come in repeating runs") {
  // A trial repeats the one before with probability `stick`: closed-form probability p, independent of stick.
  for (const double stick : {0.0, 0.5, 0.8}) {
    int covered = 0, wilsons = 0;
    constexpr int kSeries = 400;
    std::mt19937_64 random(7);
    std::uniform_real_distribution<double> uniform;
    for (int i = 0; i < kSeries; ++i) {
      turns::BlockedProportion proportion;
      std::uint64_t hits = 0;
      bool hit = uniform(random) < 0.4;
      for (int k = 0; k < 600; ++k) {  // one each 2 s
        if (uniform(random) >= stick) hit = uniform(random) < 0.4;
        proportion.add(k * 2 * kNsPerS, hit);
        hits += hit ? 1 : 0;
      }
      const auto estimate = proportion.estimate();
      CHECK(estimate.trials == 600);
      covered += estimate.low <= 0.4 && 0.4 <= estimate.high ? 1 : 0;
      const auto naive = turns::wilson(hits, 600);
      wilsons += naive.low <= 0.4 && 0.4 <= naive.high ? 1 : 0;
    }
    INFO("stick " << stick << ": covered " << covered << ", Wilson alone " << wilsons);
    CHECK(covered >= 0.91 * kSeries);
    if (stick > 0.7) CHECK(wilsons < 0.75 * kSeries);
  }
}

TEST_CASE("few trials give wide intervals") {
  turns::BlockedProportion proportion;
  CHECK(proportion.estimate().low == 0.0);
  CHECK(proportion.estimate().high == 1.0);
  for (int i = 0; i < 8; ++i) proportion.add(i * kNsPerS, i % 2 == 0);
  const auto four = turns::wilson(2, 4);
  CHECK(proportion.estimate().low == Approx(four.low));
  CHECK(proportion.estimate().high == Approx(four.high));
}

TEST_CASE("an event is scored a window later, not before, and in its own state") {
  Coupling coupling;
  coupling.prepare({});
  for (int ms = 0; ms <= 1000; ms += 10) coupling.heading(ms * kMs, 0.0F, SleepState::kRem);
  coupling.event(1000 * kMs, kCw, SleepState::kNrem);
  for (int ms = 1010; ms < 1580; ms += 10) coupling.heading(ms * kMs, 0.0F, SleepState::kRem);
  CHECK(coupling.estimate(kCw, SleepState::kNrem).trials == 0);
  coupling.heading(1580 * kMs, 0.0F, SleepState::kRem);
  CHECK(coupling.estimate(kCw, SleepState::kNrem).trials == 1);
  CHECK(coupling.estimate(kCw, SleepState::kRem).trials == 0);
}

TEST_CASE("events without heading around them, or too many at once, are counted as unscored") {
  Coupling coupling;
  coupling.prepare({});
  for (int ms = 0; ms <= 300; ms += 10) coupling.heading(ms * kMs, 0.0F, SleepState::kRem);
  coupling.event(300 * kMs, kCw, SleepState::kRem);  // its window before reaches back to before the heading began
  for (int ms = 310; ms <= 2000; ms += 10) coupling.heading(ms * kMs, 0.0F, SleepState::kRem);
  CHECK(coupling.unscored() == 1);
  for (int i = 0; i < 100; ++i) coupling.event(2000 * kMs, kCw, SleepState::kRem);
  CHECK(coupling.unscored() > 30);
  CHECK(coupling.estimate(kCw, SleepState::kRem).trials == 0);
}
