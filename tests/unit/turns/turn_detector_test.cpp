// The turn detector on synthetic posteriors whose crossings are known in closed form.
#include "daemon/turns/turn_detector.hpp"

#include <catch2/catch.hpp>
#include <optional>

#include "daemon/core/angle.hpp"
#include "daemon/turns/thresholds.hpp"

using namespace vturn;
using vturn::turns::TurnDetector;
using vturn::turns::TurnSettings;

namespace {

constexpr std::int64_t kMs = kNsPerMs;

/// log_odds of a turn against all else; the rest of the probability is shared between rest and the other side.
HeadingOutput posterior(double log_odds, Direction direction, double angle_rad = 0.0, double velocity_rad_s = 0.0) {
  HeadingOutput heading{};
  const auto p = static_cast<float>(1.0 / (1.0 + std::exp(-log_odds)));
  const float other = 1.0F - p;
  heading.p_left = direction == Direction::kCounterclockwise ? p : 0.1F * other;
  heading.p_right = direction == Direction::kClockwise ? p : 0.1F * other;
  heading.p_rest = 0.9F * other;
  heading.angle_rad = static_cast<float>(wrap_angle(angle_rad));
  heading.angular_velocity_rad_s = static_cast<float>(velocity_rad_s);
  heading.evidence_nats_per_spike = 0.5F;
  heading.spikes_per_s = 200.0F;
  return heading;
}

struct Driver {
  explicit Driver(const TurnSettings& settings) { detector.prepare(settings); }
  std::optional<TurnOutput> at(double time_ms, const HeadingOutput& heading) {
    TurnOutput turn{};
    const auto time_ns = static_cast<SessionNs>(time_ms * 1e6);
    if (!detector.step(time_ns, heading, SleepState::kRem, turn)) return std::nullopt;
    return turn;
  }
  TurnDetector detector;
};

TurnSettings settings_of(double log_odds) {
  TurnSettings settings;
  settings.log_odds = log_odds;
  settings.off_log_odds = 0.0;
  return settings;
}

}  // namespace

TEST_CASE(
    "log-odds that rise linearly cross the threshold when the formula says, either way, and end at the off-threshold") {
  const Direction direction = GENERATE(Direction::kClockwise, Direction::kCounterclockwise);
  const double threshold = GENERATE(1.0, 3.0, 6.0);
  Driver driver(settings_of(threshold));
  std::optional<TurnOutput> onset;
  std::optional<TurnOutput> end;
  int outputs = 0;
  for (int ms = 0; ms < 1000; ++ms) {  // up from -4 by 0.025 a millisecond, from 600 ms on down again
    const double log_odds = ms < 600 ? -4.0 + 0.025 * ms : 11.0 - 0.05 * (ms - 600);
    if (const auto turn = driver.at(ms, posterior(log_odds, direction))) {
      ++outputs;
      (turn->phase == TurnPhase::kOnset ? onset : end) = turn;
    }
  }
  REQUIRE(outputs == 2);
  REQUIRE(onset);
  REQUIRE(end);
  const double crossing_ms = (threshold + 4.0) / 0.025;
  CHECK(seconds(onset->decision_time_ns) * 1e3 == Approx(crossing_ms).margin(1.01));
  CHECK(onset->log_odds == Approx(threshold).margin(0.03));
  CHECK(onset->direction == direction);
  CHECK(onset->sleep_state == SleepState::kRem);
  CHECK(seconds(end->decision_time_ns) * 1e3 == Approx(600.0 + 11.0 / 0.05).margin(1.01));
  CHECK(end->direction == direction);
  CHECK(end->onset_time_ns == onset->onset_time_ns);
}

TEST_CASE("surely turning but not sure which way is no turn") {
  Driver driver(settings_of(1.0));
  HeadingOutput heading = posterior(-5.0, Direction::kClockwise);
  CHECK_FALSE(driver.at(0, heading));
  heading.p_rest = 1e-6F;
  heading.p_left = heading.p_right = 0.5F;
  for (int ms = 10; ms < 500; ms += 10) CHECK_FALSE(driver.at(ms, heading));
}

TEST_CASE("onset, angle so far and peak velocity come from the decoded path") {
  // At rest until 300 ms, then left at 300 deg/s across north; the evidence suffices at 500 ms.
  const double speed = 300.0 * kPi / 180.0;
  const double sign = GENERATE(1.0, -1.0);
  const Direction direction = sign > 0 ? Direction::kCounterclockwise : Direction::kClockwise;
  Driver driver(settings_of(2.0));
  std::optional<TurnOutput> onset;
  std::optional<TurnOutput> end;
  for (int ms = 0; ms <= 900; ++ms) {
    const double turned = ms < 300 ? 0.0 : speed * 1e-3 * std::min(ms - 300, 400);
    const double velocity = ms < 300 || ms > 700 ? 0.0 : sign * speed * (ms == 400 ? 1.5 : 1.0);
    const double log_odds = ms < 300 ? -4.0 : ms < 500 ? 1.0 : ms < 700 ? 5.0 : -4.0;
    const auto turn = driver.at(ms, posterior(log_odds, direction, sign * (turned - 0.2), velocity));
    if (turn) (turn->phase == TurnPhase::kOnset ? onset : end) = turn;
  }
  REQUIRE(onset);
  CHECK(onset->decision_time_ns == 500 * kMs);
  CHECK(seconds(onset->onset_time_ns) * 1e3 == Approx(300.0).margin(5.0));
  CHECK(onset->angle_rad == Approx(sign * speed * 0.2).margin(speed * 0.006));
  CHECK(onset->peak_velocity_rad_s == Approx(sign * 1.5 * speed).epsilon(0.01));
  REQUIRE(end);
  CHECK(end->decision_time_ns == 700 * kMs);
  CHECK(end->angle_rad == Approx(sign * speed * 0.4).margin(speed * 0.006));
}

TEST_CASE("a full turn and more is unwrapped") {
  Driver driver(settings_of(2.0));
  std::optional<TurnOutput> end;
  for (int ms = 0; ms <= 2100; ms += 5) {
    const double angle = ms < 100 ? 0.0 : 4.0 * kPi * (ms - 100) / 2000.0;
    const auto turn =
        driver.at(ms, posterior(ms < 100 || ms == 2100 ? -4.0 : 5.0, Direction::kCounterclockwise, angle, 6.3));
    if (turn && turn->phase == TurnPhase::kEnd) end = turn;
  }
  REQUIRE(end);
  CHECK(end->angle_rad == Approx(4.0 * kPi).margin(0.1));
}

TEST_CASE("hysteresis: wavering about the threshold is one turn; a new one needs rest and the refractory time") {
  TurnSettings settings = settings_of(3.0);
  settings.refractory_s = 0.3;
  Driver driver(settings);
  int onsets = 0;
  const auto feed = [&](double ms, double log_odds) {
    const auto turn = driver.at(ms, posterior(log_odds, Direction::kClockwise));
    if (turn && turn->phase == TurnPhase::kOnset) ++onsets;
    return turn;
  };
  feed(0, -3.0);
  for (int ms = 10; ms < 200; ms += 10) feed(ms, ms / 10 % 2 == 0 ? 4.0 : 0.5);
  CHECK(onsets == 1);
  feed(200, -1.0);  // ends
  feed(210, 4.0);   // 190 ms after the onset
  CHECK(onsets == 1);
  feed(319, 4.0);
  CHECK(onsets == 1);
  feed(321, 4.0);
  CHECK(onsets == 2);
}

TEST_CASE("no onset without evidence or spikes, nor without having seen rest first") {
  const bool few_spikes = GENERATE(true, false);
  Driver driver(settings_of(3.0));
  for (int ms = 0; ms < 500; ms += 10) CHECK_FALSE(driver.at(ms, posterior(6.0, Direction::kClockwise)));
  CHECK_FALSE(driver.at(500, posterior(-3.0, Direction::kClockwise)));
  HeadingOutput poor = posterior(6.0, Direction::kClockwise);
  (few_spikes ? poor.spikes_per_s : poor.evidence_nats_per_spike) = 0.01F;
  for (int ms = 510; ms < 600; ms += 10) CHECK_FALSE(driver.at(ms, poor));
  CHECK(driver.detector.gated() == 1);
  const auto turn = driver.at(600, posterior(6.0, Direction::kClockwise));
  REQUIRE(turn);
  CHECK(turn->phase == TurnPhase::kOnset);
}

TEST_CASE("time that goes back, or a long silence, forgets the turn and its past") {
  const double next_ms = GENERATE(50.0, 1500.0);
  Driver driver(settings_of(3.0));
  driver.at(0, posterior(-3.0, Direction::kClockwise));
  REQUIRE(driver.at(100, posterior(6.0, Direction::kClockwise)));
  CHECK(driver.detector.turning());
  CHECK_FALSE(driver.at(next_ms, posterior(-6.0, Direction::kClockwise)));
  CHECK_FALSE(driver.detector.turning());
}

TEST_CASE("settings out of range are refused") {
  TurnDetector detector;
  TurnSettings settings;
  settings.off_log_odds = settings.log_odds;
  CHECK_THROWS_AS(detector.prepare(settings), std::invalid_argument);
  settings = {};
  settings.log_odds = NAN;
  CHECK_THROWS_AS(detector.prepare(settings), std::invalid_argument);
  settings = {};
  settings.lookback_s = 2.0;
  CHECK_THROWS_AS(detector.prepare(settings), std::invalid_argument);
}

TEST_CASE("a threshold table is read by the logarithm of the rate") {
  struct Row {
    double false_alarms_per_minute;
    double threshold_nats;
  };
  using Table = std::vector<Row>;
  const Table table{{10.0, 1.0}, {1.0, 2.0}, {0.1, 4.0}};
  CHECK(turns::threshold_at_rate(table, 10.0, -1.0) == Approx(1.0));
  CHECK(turns::threshold_at_rate(table, 1.0, -1.0) == Approx(2.0));
  CHECK(turns::threshold_at_rate(table, std::sqrt(0.1), -1.0) == Approx(3.0));
  CHECK(turns::threshold_at_rate(table, 0.01, -1.0) == Approx(6.0));
  CHECK(turns::threshold_at_rate(table, 100.0, -1.0) == Approx(0.0).margin(1e-12));
  CHECK(turns::threshold_at_rate(Table{}, 1.0, -1.0) == -1.0);
  CHECK(turns::threshold_at_rate(table, 0.0, -1.0) == -1.0);
}
