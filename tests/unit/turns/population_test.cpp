// Collicular population events: kernel, per-state statistics against closed forms, and when an event is one.
#include <catch2/catch.hpp>
#include <random>

#include "daemon/turns/population_detector.hpp"

using namespace vturn;
using vturn::turns::PopulationDetector;
using vturn::turns::PopulationSettings;

namespace {

constexpr std::int64_t kMs = kNsPerMs;

PopulationSettings ten_and_two() {
  PopulationSettings settings;
  for (UnitId unit = 0; unit < 10; ++unit) settings.clockwise.push_back(unit);
  settings.counterclockwise = {20, 21};
  return settings;
}

/// Poisson spikes of the clockwise cells, and bursts where asked; events are collected.
struct Colliculus {
  explicit Colliculus(const PopulationSettings& settings) { detector.prepare(settings); }
  void run(double duration_s, double rate_hz, SleepState state) {
    std::poisson_distribution<int> spikes(rate_hz * 1e-3);
    for (int ms = 0; ms < static_cast<int>(duration_s * 1e3); ++ms) {
      time_ns += kMs;
      const int count = spikes(random);
      for (int i = 0; i < count; ++i) detector.spike(time_ns, static_cast<UnitId>(random() % 10));
      step(state);
    }
  }
  void burst(int spikes, UnitId first, SleepState state) {
    time_ns += kMs;
    for (int i = 0; i < spikes; ++i) detector.spike(time_ns, first + static_cast<UnitId>(i % 2));
    step(state);
  }
  void step(SleepState state) {
    PopulationOutput event{};
    while (detector.step(time_ns, state, event)) events.push_back(event);
  }
  PopulationDetector detector;
  std::mt19937 random{4};
  SessionNs time_ns = 0;
  std::vector<PopulationOutput> events;
};

}  // namespace

TEST_CASE("the kernel's rate is what its formula says") {
  PopulationSettings settings = ten_and_two();
  settings.kernel_s = 0.03;
  PopulationOutput event{};
  PopulationDetector detector;
  detector.prepare(settings);
  detector.spike(0, 3);
  detector.spike(20 * kMs, 4);
  detector.spike(20 * kMs, 99);  // no turn cell
  detector.step(50 * kMs, SleepState::kRem, event);
  const double expected = (std::exp(-50.0 / 30.0) + std::exp(-1.0)) / 0.03;
  CHECK(detector.rate_hz(Direction::kClockwise) == Approx(expected).epsilon(1e-12));
  CHECK(detector.rate_hz(Direction::kCounterclockwise) == 0.0);
}

TEST_CASE("mean and SD of Poisson spikes are Campbell's, for each state its own, frozen in the others") {
  Colliculus colliculus(ten_and_two());
  const double rate = 100.0;
  colliculus.run(120.0, rate, SleepState::kRem);
  colliculus.step(SleepState::kNrem);
  const auto& detector = colliculus.detector;
  const double mean = detector.mean_hz(Direction::kClockwise, SleepState::kRem);
  const double sd = detector.sd_hz(Direction::kClockwise, SleepState::kRem);
  CHECK(mean == Approx(rate).epsilon(0.03));
  CHECK(sd == Approx(std::sqrt(rate / (2.0 * 0.05))).epsilon(0.06));
  CHECK_FALSE(detector.learnt(Direction::kClockwise, SleepState::kNrem));
  colliculus.run(60.0, 20.0, SleepState::kNrem);
  CHECK(detector.mean_hz(Direction::kClockwise, SleepState::kRem) == mean);
  CHECK(detector.sd_hz(Direction::kClockwise, SleepState::kRem) == sd);
  CHECK(detector.mean_hz(Direction::kClockwise, SleepState::kNrem) == Approx(20.0).epsilon(0.1));
  colliculus.run(60.0, 500.0, SleepState::kUnknown);
  CHECK(detector.mean_hz(Direction::kClockwise, SleepState::kRem) == mean);
}

TEST_CASE("an event is a rise through mean + k SD, once, with its z") {
  PopulationSettings settings = ten_and_two();
  settings.threshold_sd = 4.0;
  settings.refractory_s = 0.5;
  Colliculus colliculus(settings);
  colliculus.run(60.0, 100.0, SleepState::kRem);
  colliculus.events.clear();
  colliculus.burst(20, 0, SleepState::kRem);
  REQUIRE(colliculus.events.size() == 1);
  const PopulationOutput event = colliculus.events[0];
  CHECK(event.side == Direction::kClockwise);
  const auto& detector = colliculus.detector;
  const double z =
      (detector.rate_hz(Direction::kClockwise) - detector.mean_hz(Direction::kClockwise, SleepState::kRem)) /
      detector.sd_hz(Direction::kClockwise, SleepState::kRem);
  CHECK(event.z == Approx(z).epsilon(0.02));
  CHECK(event.z > 4.0F);
  colliculus.burst(20, 0, SleepState::kRem);  // still above
  CHECK(colliculus.events.size() == 1);
  colliculus.run(0.3, 100.0, SleepState::kRem);
  colliculus.burst(20, 0, SleepState::kRem);  // a new rise, but refractory
  CHECK(colliculus.events.size() == 1);
  colliculus.run(0.6, 100.0, SleepState::kRem);
  colliculus.burst(20, 0, SleepState::kRem);
  CHECK(colliculus.events.size() == 2);
}

TEST_CASE("no event before a state is learnt, in an unknown state, or just because the state changed") {
  PopulationSettings settings = ten_and_two();
  settings.threshold_sd = 6.0;
  Colliculus colliculus(settings);
  colliculus.run(5.0, 50.0, SleepState::kRem);
  colliculus.burst(40, 0, SleepState::kRem);
  colliculus.run(1.0, 50.0, SleepState::kUnknown);
  colliculus.burst(40, 0, SleepState::kUnknown);
  CHECK(colliculus.events.empty());
  colliculus.run(60.0, 50.0, SleepState::kRem);
  colliculus.run(60.0, 300.0, SleepState::kWake);
  CHECK(colliculus.events.empty());
  colliculus.step(SleepState::kRem);  // the wake rate is far above REM's threshold, but nothing rose
  CHECK(colliculus.events.empty());
}

TEST_CASE("a side with too few cells is undetectable and says so; the other works") {
  PopulationSettings settings = ten_and_two();
  Colliculus colliculus(settings);
  CHECK(colliculus.detector.detectable(Direction::kClockwise));
  CHECK_FALSE(colliculus.detector.detectable(Direction::kCounterclockwise));
  CHECK_FALSE(colliculus.detector.detectable(Direction::kNone));
  colliculus.run(30.0, 100.0, SleepState::kRem);
  colliculus.events.clear();
  colliculus.burst(40, 20, SleepState::kRem);
  CHECK(colliculus.events.empty());
  settings.min_cells = 2;
  settings.threshold_sd = 6.0;
  Colliculus both(settings);
  for (int i = 0; i < 30; ++i) {
    both.run(1.0, 100.0, SleepState::kRem);
    both.burst(1, 20, SleepState::kRem);
  }
  both.run(1.0, 100.0, SleepState::kRem);
  both.events.clear();
  both.time_ns += kMs;
  for (int i = 0; i < 40; ++i) {
    both.detector.spike(both.time_ns, 20);
    both.detector.spike(both.time_ns, 1);
  }
  both.step(SleepState::kRem);  // both sides in one step: two events
  REQUIRE(both.events.size() == 2);
  CHECK(both.events[0].side == Direction::kClockwise);
  CHECK(both.events[1].side == Direction::kCounterclockwise);
}

TEST_CASE("silent cells do not make each spike an event") {
  Colliculus colliculus(ten_and_two());
  colliculus.run(60.0, 0.0, SleepState::kRem);
  colliculus.burst(1, 0, SleepState::kRem);
  CHECK(colliculus.events.empty());
}

TEST_CASE("the background is learnt between events, and chance rises through its threshold as often as named") {
  PopulationSettings settings = ten_and_two();
  settings.false_per_minute = 2.0;
  settings.refractory_s = 0.0;
  Colliculus plain(settings);
  plain.run(60.0, 80.0, SleepState::kRem);
  plain.events.clear();
  plain.run(1800.0, 80.0, SleepState::kRem);
  // One a minute of each side, and one side there: 30 expected in 30 min.
  CHECK(plain.events.size() >= 15);
  CHECK(plain.events.size() <= 50);

  Colliculus eventful(settings);
  for (int i = 0; i < 300; ++i) {
    eventful.run(1.6, 80.0, SleepState::kRem);
    eventful.run(0.2, 500.0, SleepState::kRem);
  }
  const auto cw = Direction::kClockwise;
  CHECK(eventful.detector.mean_hz(cw, SleepState::kRem) == Approx(80.0 + 420.0 / 9.0).epsilon(0.05));
  CHECK(eventful.detector.background_hz(cw, SleepState::kRem) == Approx(80.0).epsilon(0.08));
  CHECK(eventful.detector.threshold_hz(cw, SleepState::kRem) ==
        Approx(plain.detector.threshold_hz(cw, SleepState::kRem)).epsilon(0.12));
  CHECK(static_cast<double>(eventful.events.size()) == Approx(300.0).margin(20.0));
}

TEST_CASE("a rate that stays up is a new background, not an event without end") {
  PopulationSettings settings = ten_and_two();
  settings.memory_s = 60.0;
  Colliculus colliculus(settings);
  colliculus.run(120.0, 40.0, SleepState::kRem);
  colliculus.run(240.0, 160.0, SleepState::kRem);
  CHECK(colliculus.detector.background_hz(Direction::kClockwise, SleepState::kRem) == Approx(160.0).epsilon(0.1));
  colliculus.events.clear();
  colliculus.burst(40, 0, SleepState::kRem);
  CHECK(colliculus.events.size() == 1);
}

TEST_CASE("a unit on both sides is refused") {
  PopulationSettings settings = ten_and_two();
  settings.counterclockwise.push_back(3);
  PopulationDetector detector;
  CHECK_THROWS_AS(detector.prepare(settings), std::invalid_argument);
}
