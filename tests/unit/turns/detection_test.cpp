// The whole way from spikes to turns: simulated cells, the heading filter, the threshold found by simulating rest, then
// a session with turns of known onset and one without (facts: REM-like drift, raised-cosine turns). The figures are
// printed; what is asserted would only fail if something were broken.
#include <algorithm>
#include <catch2/catch.hpp>

#include "daemon/calibrate/simulated_units.hpp"
#include "daemon/calibrate/turn_threshold.hpp"
#include "daemon/core/angle.hpp"
#include "daemon/core/math.hpp"
#include "daemon/decode/dynamics.hpp"
#include "daemon/decode/heading_filter.hpp"

using namespace vturn;
using namespace vturn::calibrate;

namespace {

constexpr double kDegree = kPi / 180.0;

/// Von Mises tuning (kappa 2.5-5, peak 10-40 Hz, base 0.2-1 Hz), preferred headings spread evenly with jitter.
HeadingModel cells(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  HeadingModel model;
  for (std::size_t i = 0; i < count; ++i) {
    HeadingUnit unit;
    unit.unit = static_cast<UnitId>(i);
    const double preferred = kTwoPi * (static_cast<double>(i) + random.uniform()) / static_cast<double>(count);
    const double kappa = 2.5 + 2.5 * random.uniform();
    const double peak = 10.0 + 30.0 * random.uniform();
    const double base = 0.2 + 0.8 * random.uniform();
    double sum = 0.0;
    for (std::size_t bin = 0; bin < kHeadingAngles; ++bin) {
      const double angle = kTwoPi * static_cast<double>(bin) / static_cast<double>(kHeadingAngles);
      const double rate = base + peak * math::exp(kappa * (math::cos(angle - preferred) - 1.0));
      unit.rate_hz[bin] = static_cast<float>(rate);
      sum += rate;
    }
    unit.mean_rate_hz = static_cast<float>(sum / static_cast<double>(kHeadingAngles));
    model.units.push_back(unit);
  }
  model.dynamics[0] = ornstein_uhlenbeck(100.0 * kDegree, 0.25);
  model.dynamics[1] = switching({});
  model.dynamics[2] = accelerated(model.dynamics[0], 6.0, 6.0);
  return model;
}

struct Truth {
  double onset_s, duration_s, velocity;  // peak, signed
  bool found = false, wrong = false;
  double latency_s = 0.0, onset_error_s = 0.0;
};

/// Turns of U(100, 600) deg/s and U(0.2, 0.8) s, on average one in 3.3 s.
std::vector<Truth> turns_of(double duration_s, Random& random) {
  std::vector<Truth> turns;
  for (double at_s = 5.0; at_s < duration_s - 2.0;) {
    Truth turn{};
    turn.onset_s = at_s;
    turn.duration_s = 0.2 + 0.6 * random.uniform();
    turn.velocity = (100.0 + 500.0 * random.uniform()) * kDegree * (random.uniform() < 0.5 ? -1.0 : 1.0);
    turns.push_back(turn);
    at_s += turn.duration_s + 1.3 - 1.5 * math::log(1.0 - random.uniform());
  }
  return turns;
}

struct Session {
  std::vector<Truth> turns;
  int false_alarms = 0;
  int onsets = 0;
};

Session run(const HeadingModel& model, turns::Method method, double nats, double duration_s, bool with_turns,
            std::uint64_t seed) {
  Random random(seed);
  Session session;
  if (with_turns) session.turns = turns_of(duration_s, random);
  SimulatedUnits units(model, seed + 1);
  HeadingFilter filter;
  filter.prepare(model);
  filter.set_dynamics(Dynamics::kRem);
  turns::DetectorSettings settings = ungated_detector(model, method);
  settings.set_threshold(nats);
  turns::Detector detector;
  detector.prepare(settings);

  double drift = 0.0;
  double angle = 0.0;
  std::size_t current = 0;
  const double dt = 0.001;
  const double decay = math::exp(-dt / 0.5);
  const auto see = [&](SessionNs time_ns) {
    TurnOutput turn;
    if (!detector.step(time_ns, filter.estimate(), SleepState::kRem, turn)) return;
    if (turn.phase != TurnPhase::kOnset) return;
    ++session.onsets;
    const double at_s = seconds(time_ns);
    for (std::size_t i = current > 0 ? current - 1 : 0; i < session.turns.size() && i <= current; ++i) {
      Truth& truth = session.turns[i];
      if (at_s < truth.onset_s || at_s > truth.onset_s + truth.duration_s + 0.2) continue;
      if (truth.found) return;
      truth.found = true;
      truth.wrong = (truth.velocity > 0) != (turn.direction == Direction::kCounterclockwise);
      truth.latency_s = at_s - truth.onset_s;
      truth.onset_error_s = seconds(turn.onset_time_ns) - truth.onset_s;
      return;
    }
    ++session.false_alarms;
  };
  for (std::int64_t step = 0; static_cast<double>(step) * dt < duration_s; ++step) {
    const double now_s = static_cast<double>(step) * dt;
    while (current < session.turns.size() &&
           now_s > session.turns[current].onset_s + session.turns[current].duration_s) {
      ++current;
    }
    drift = decay * drift + 20.0 * kDegree * std::sqrt(1.0 - decay * decay) * random.normal();
    double velocity = drift;
    if (current < session.turns.size() && now_s >= session.turns[current].onset_s) {
      const Truth& turn = session.turns[current];
      velocity += turn.velocity * 0.5 * (1.0 - math::cos(kTwoPi * (now_s - turn.onset_s) / turn.duration_s));
    }
    angle += velocity * dt + 10.0 * kDegree * std::sqrt(dt) * random.normal();
    const SessionNs time_ns = step * kNsPerMs;
    units.step(angle, dt, [&](double at_s, UnitId unit) {
      const SessionNs spike_ns = time_ns + static_cast<SessionNs>(at_s * 1e9);
      filter.spike(spike_ns, unit);
      see(spike_ns);
    });
    if (step % 10 != 9) continue;
    filter.advance(time_ns + kNsPerMs);
    see(time_ns + kNsPerMs);
  }
  return session;
}

double quantile(std::vector<double> values, double share) {
  if (values.empty()) return NAN;
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

}  // namespace

TEST_CASE("turns of 40 simulated cells at one false alarm a minute") {
  const HeadingModel model = cells(40, 11);
  RestSimulation rest;
  rest.duration_s = 1200.0;
  rest.seed = 3;
  const std::vector<double> rates{0.2, 0.5, 1.0, 2.0, 5.0};
  const turns::Method method = GENERATE(turns::Method::kLogOdds, turns::Method::kCusum);
  const auto table = simulate_turn_thresholds(model, ungated_detector(model, method), rest, rates, {});
  REQUIRE(table.size() == rates.size());
  for (const auto& row : table) {
    std::printf("  %.2f false alarms/min (%.2f-%.2f): %.2f nats\n", row.false_alarms_per_minute, row.low_per_minute,
                row.high_per_minute, row.threshold_nats);
    CHECK(row.low_per_minute < row.false_alarms_per_minute);
    CHECK(row.high_per_minute > row.false_alarms_per_minute);
  }
  for (std::size_t i = 1; i < table.size(); ++i) CHECK(table[i].threshold_nats > table[i - 1].threshold_nats);

  const double nats = turns::threshold_at_rate(table, 1.0, 0.0);
  const Session quiet = run(model, method, nats, 600.0, false, 77);
  const Session busy = run(model, method, nats, 900.0, true, 99);
  std::vector<double> latencies;
  std::vector<double> onset_errors;
  int wrong = 0;
  for (const Truth& turn : busy.turns) {
    latencies.push_back(turn.found && !turn.wrong ? turn.latency_s : 10.0);
    if (turn.found) onset_errors.push_back(turn.onset_error_s);
    if (turn.found && turn.wrong) ++wrong;
  }
  const auto detected = static_cast<double>(onset_errors.size()) / static_cast<double>(busy.turns.size());
  std::printf(
      "  40 cells, %s: threshold %.2f nats, %zu turns, detected %.1f %%, median latency %.0f ms, wrong direction %d, "
      "onset estimate %+.0f ms (10-90 %%: %+.0f..%+.0f), rest: %d false alarms in 10 min, with turns: %d\n",
      method == turns::Method::kCusum ? "CUSUM" : "log-odds", nats, busy.turns.size(), 100.0 * detected,
      1e3 * quantile(latencies, 0.5), wrong, 1e3 * quantile(onset_errors, 0.5), 1e3 * quantile(onset_errors, 0.1),
      1e3 * quantile(onset_errors, 0.9), quiet.false_alarms, busy.false_alarms);
  CHECK(detected > 0.80);
  CHECK(wrong <= static_cast<int>(busy.turns.size() / 100 + 1));
  CHECK(quantile(latencies, 0.5) < 0.33);
  CHECK(quiet.false_alarms < 30);
}

TEST_CASE("the threshold table depends on the seed alone") {
  const HeadingModel model = cells(20, 5);
  RestSimulation rest;
  rest.duration_s = 120.0;
  const std::vector<double> rates{2.0, 5.0};
  const auto once = simulate_turn_thresholds(model, {}, rest, rates, {});
  const auto again = simulate_turn_thresholds(model, {}, rest, rates, {});
  REQUIRE(once.size() == again.size());
  for (std::size_t i = 0; i < once.size(); ++i) CHECK(once[i].threshold_nats == again[i].threshold_nats);
  CHECK(simulate_turn_thresholds(model, {}, rest, rates, [](double) { return false; }).empty());
}

TEST_CASE("the Poisson interval is Garwood's") {
  // Exact limits from tables (Garwood 1936): 0: 0-3.69, 1: 0.025-5.57, 10: 4.80-18.39, 100: 81.4-121.6.
  CHECK(poisson_interval(0, 1.0).low == 0.0);
  CHECK(poisson_interval(0, 1.0).high == Approx(3.69).epsilon(0.02));
  CHECK(poisson_interval(1, 1.0).high == Approx(5.57).epsilon(0.01));
  CHECK(poisson_interval(10, 2.0).low == Approx(2.40).epsilon(0.01));
  CHECK(poisson_interval(10, 2.0).high == Approx(9.195).epsilon(0.01));
  CHECK(poisson_interval(100, 1.0).low == Approx(81.4).epsilon(0.005));
  CHECK(poisson_interval(100, 1.0).high == Approx(121.6).epsilon(0.005));
}
