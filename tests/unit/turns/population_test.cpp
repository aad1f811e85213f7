// Collicular population events: kernel, per-state statistics against closed forms, and when an event is one.
#include <catch2/catch.hpp>
#include <random>

#include "daemon/turns/population_detector.hpp"

using namespace vturn;
using vturn::turns::PopulationDetector;
using vturn::turns::PopulationKernel;
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

TEST_CASE("the kernels' rates are what their formulas say") {
  PopulationSettings settings = ten_and_two();
  settings.kernel_s = 0.03;
  PopulationOutput event{};
  {
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
  settings.kernel = PopulationKernel::kBox;
  PopulationDetector detector;
  detector.prepare(settings);
  detector.spike(0, 3);
  detector.spike(20 * kMs, 4);
  detector.step(29 * kMs, SleepState::kRem, event);
  CHECK(detector.rate_hz(Direction::kClockwise) == Approx(2.0 / 0.03));
  detector.step(30 * kMs, SleepState::kRem, event);
  CHECK(detector.rate_hz(Direction::kClockwise) == Approx(1.0 / 0.03));
  detector.step(50 * kMs, SleepState::kRem, event);
  CHECK(detector.rate_hz(Direction::kClockwise) == 0.0);
}

TEST_CASE("mean and SD of Poisson spikes are Campbell's, for each state its own, frozen in the others") {
  Colliculus colliculus(ten_and_two());
  const double rate = 100.0;
  colliculus.run(120.0, rate, SleepState::kRem);
  const auto& detector = colliculus.detector;
  const double mean = detector.mean_hz(Direction::kClockwise, SleepState::kRem);
  const double sd = detector.sd_hz(Direction::kClockwise, SleepState::kRem);
  CHECK(mean == Approx(rate).epsilon(0.03));
  CHECK(sd == Approx(std::sqrt(rate / (2.0 * 0.03))).epsilon(0.06));
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

TEST_CASE("a unit on both sides is refused") {
  PopulationSettings settings = ten_and_two();
  settings.counterclockwise.push_back(3);
  PopulationDetector detector;
  CHECK_THROWS_AS(detector.prepare(settings), std::invalid_argument);
}
