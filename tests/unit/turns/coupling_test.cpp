// Coupling of population events to the heading: constructed paths, and Wilson's interval against published values.
#include "daemon/turns/coupling.hpp"

#include <catch2/catch.hpp>

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
    CHECK(estimate.events == 20);
    return estimate.probability;
  };
  CHECK(probability(1.0, 2.0, kCcw) == 1.0);
  CHECK(probability(-1.0, 2.0, kCw) == 1.0);
  CHECK(probability(1.0, 2.0, kCw) == 0.0);
  CHECK(probability(-1.0, 2.0, kCcw) == 0.0);
  CHECK(probability(1.0, 0.5, kCcw) == 0.0);
}

TEST_CASE("chance is the share of times whose windows hold a turn") {
  Coupling coupling;
  coupling.prepare({});
  live(coupling, 1.0, 400.0, 2.0, kCcw);
  const auto chance = coupling.chance(kCcw, SleepState::kRem);
  CHECK(chance.events > 350);
  // 60 degrees in 0.4 s against 20 degrees within ±0.5 s: windows centred in about (1.6, 2.8) of 4 s.
  CHECK(chance.probability == Approx(0.25).margin(0.08));
  CHECK(coupling.chance(kCw, SleepState::kRem).probability == 0.0);
  CHECK(coupling.estimate(kCcw, SleepState::kRem).low > chance.high);
}

TEST_CASE("an event is scored a window later, not before, and in its own state") {
  Coupling coupling;
  coupling.prepare({});
  for (int ms = 0; ms <= 1000; ms += 10) coupling.heading(ms * kMs, 0.0F, SleepState::kRem);
  coupling.event(1000 * kMs, kCw, SleepState::kNrem);
  for (int ms = 1010; ms < 1500; ms += 10) coupling.heading(ms * kMs, 0.0F, SleepState::kRem);
  CHECK(coupling.estimate(kCw, SleepState::kNrem).events == 0);
  coupling.heading(1500 * kMs, 0.0F, SleepState::kRem);
  CHECK(coupling.estimate(kCw, SleepState::kNrem).events == 1);
  CHECK(coupling.estimate(kCw, SleepState::kRem).events == 0);
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
  CHECK(coupling.estimate(kCw, SleepState::kRem).events == 0);
}
