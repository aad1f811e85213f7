#include "tools/benches/misassigned.hpp"

#include <algorithm>
#include <cmath>

#include "daemon/calibrate/misassigned_share.hpp"
#include "daemon/calibrate/turn_correction.hpp"
#include "daemon/calibrate/turn_threshold.hpp"
#include "daemon/decode/circle.hpp"
#include "daemon/decode/heading_filter.hpp"
#include "tools/benches/detection_session.hpp"

namespace vturn::benches {
namespace {

constexpr std::array kRatesPerMinute{20.0, 10.0, 5.0, 2.0, 1.0, 0.5, 0.2};
constexpr std::size_t kMechanisms = 4;
constexpr std::array<const char*, kMechanisms> kNames{"simulation", "simulation, stillness",
                                                      "simulation with the fitted share",
                                                      "simulation with the fitted share, stillness"};

struct Wake {
  std::vector<SpikeSample> spikes;
  std::vector<HeadingSample> heading;
};

/// Twenty seconds of movement, ten of a head that hardly drifts, and so on; tracked at 39 Hz to half a degree.
Wake tracked_wake(const HeadingModel& cells, const MisassignedSettings& settings, std::uint64_t seed) {
  constexpr SessionNs kRowNs = 25'600'000;
  constexpr std::int64_t kCycleMs = 30'000, kMovingMs = 20'000;
  constexpr tools::Wander kStill{3.0 * kDegree, 0.5, 0.0};
  WanderingHeading moving(kBenchWake, seed), still(kStill, seed + 1);
  calibrate::SimulatedUnits units(cells, seed + 2);
  calibrate::Misassignment misassigned(cells, settings.share, seed + 3);
  calibrate::Random jitter(seed + 4);
  Wake wake;
  double moved_rad = 0.0, drifted_rad = 0.0;
  const auto steps = static_cast<std::int64_t>(settings.wake_minutes * 60e3);
  for (std::int64_t step = 0; step < steps; ++step) {
    const SessionNs now_ns = step * kNsPerMs;
    (step % kCycleMs < kMovingMs ? moved_rad : drifted_rad) = (step % kCycleMs < kMovingMs ? moving : still).step();
    const double angle_rad = moved_rad + drifted_rad;
    units.step(angle_rad, 1e-3, [&](double at_s, UnitId unit) {
      wake.spikes.push_back({now_ns + static_cast<SessionNs>(at_s * 1e9), misassigned(unit)});
    });
    if (wake.heading.empty() || now_ns - wake.heading.back().time_ns >= kRowNs) {
      wake.heading.push_back({now_ns, circle::wrapped_float(angle_rad + 0.5 * kDegree * jitter.normal())});
    }
    if (step % 1000 == 0) tools::throw_if_interrupted();
  }
  return wake;
}

bool keep_going(double) {
  tools::throw_if_interrupted();
  return true;
}

std::vector<HeadingTurnThreshold> simulated(const HeadingModel& cells, double share, std::uint64_t seed) {
  calibrate::RestSimulation rest;
  rest.misassigned_share = share;
  rest.seed = seed;
  return calibrate::simulate_turn_thresholds(cells, calibrate::ungated_detector(cells, turns::Method::kLogOdds), rest,
                                             kRatesPerMinute, keep_going);
}

std::vector<HeadingTurnThreshold> corrected(const HeadingModel& cells, const Wake& wake,
                                            const std::vector<HeadingTurnThreshold>& rows, double share,
                                            std::uint64_t seed, double& still_minutes) {
  calibrate::StillSimulation simulation;
  simulation.misassigned_share = share;
  simulation.seed = seed;
  const auto onsets = calibrate::onsets_in_stillness(cells, turns::Method::kLogOdds, wake.spikes, wake.heading, rows,
                                                     simulation, keep_going);
  still_minutes = onsets.minutes;
  return calibrate::corrected_turn_thresholds(rows, onsets);
}

/// Onsets at rest with each threshold.
std::array<std::size_t, kMechanisms> false_alarms(const HeadingModel& cells, const DetectionSession& rest,
                                                  const std::array<double, kMechanisms>& log_odds) {
  HeadingFilter filter;
  filter.prepare(cells);
  filter.set_dynamics(Dynamics::kRem);
  std::array<turns::TurnDetector, kMechanisms> detectors;
  std::array<std::size_t, kMechanisms> onsets{};
  turns::TurnSettings settings = calibrate::ungated_detector(cells, turns::Method::kLogOdds).log_odds;
  for (std::size_t i = 0; i < kMechanisms; ++i) {
    settings.log_odds = log_odds[i];
    detectors[i].prepare(settings);
  }
  const auto detect = [&](SessionNs time_ns) {
    const HeadingOutput heading = filter.estimate();
    TurnOutput turn;
    for (std::size_t i = 0; i < kMechanisms; ++i) {
      if (!detectors[i].step(time_ns, heading, SleepState::kRem, turn)) continue;
      onsets[i] += turn.phase == TurnPhase::kOnset ? 1 : 0;
    }
  };
  walk(
      rest, 10 * kNsPerMs,
      [&](const SpikeSample& spike) {
        filter.spike(spike.time_ns, spike.unit);
        detect(spike.time_ns);
      },
      [&](SessionNs now_ns) {
        filter.advance(now_ns);
        detect(now_ns);
      });
  return onsets;
}

/// The told interval of the row whose rate was asked for, relative to it where that is no row's.
HeadingTurnThreshold row_for(const std::vector<HeadingTurnThreshold>& rows, double rate) {
  HeadingTurnThreshold row = *std::min_element(rows.begin(), rows.end(), [rate](const auto& a, const auto& b) {
    return std::fabs(a.false_alarms_per_minute - rate) < std::fabs(b.false_alarms_per_minute - rate);
  });
  row.low_per_minute *= rate / row.false_alarms_per_minute;
  row.high_per_minute *= rate / row.false_alarms_per_minute;
  row.threshold_nats = turns::threshold_at_rate(rows, rate, row.threshold_nats);
  return row;
}

void add(ThresholdMechanism& sum, const HeadingTurnThreshold& row, std::size_t false_alarms, double minutes,
         double share) {
  const double rate = static_cast<double>(false_alarms) / minutes;
  const calibrate::RateInterval interval = calibrate::poisson_interval(false_alarms, minutes);
  sum.lowest = sum.minutes > 0.0 ? std::min(sum.lowest, rate) : rate;
  sum.highest = std::max(sum.highest, rate);
  sum.false_alarms += false_alarms;
  sum.minutes += minutes;
  sum.log_odds += share * row.threshold_nats;
  sum.told_low += share * row.low_per_minute;
  sum.told_high += share * row.high_per_minute;
  sum.inside += interval.high >= row.low_per_minute && interval.low <= row.high_per_minute ? 1 : 0;
}

}  // namespace

MisassignedRun misassigned_run(const MisassignedSettings& settings, const std::function<void(double)>& progress) {
  MisassignedRun run;
  for (const char* name : kNames) run.mechanisms.push_back({.name = name});
  const double each = 1.0 / static_cast<double>(settings.populations);
  double squares = 0.0;
  for (std::size_t population = 0; population < settings.populations; ++population) {
    const std::uint64_t seed = (settings.seed * 1000 + population) * 1000 + 600;
    const HeadingModel cells = random_ring(settings.cells, kBenchWake, seed);
    const Wake wake = tracked_wake(cells, settings, seed + 10);
    const double share = calibrate::misassigned_share(cells, wake.spikes, wake.heading).share;
    double still_minutes = 0.0;
    const auto plain = simulated(cells, 0.0, seed + 20);
    const auto fitted = simulated(cells, share, seed + 20);
    const std::array tables{plain, corrected(cells, wake, plain, 0.0, seed + 30, still_minutes), fitted,
                            corrected(cells, wake, fitted, share, seed + 30, still_minutes)};

    DetectionSession rest = session_at_rest(cells, 60.0 * settings.rest_minutes, seed + 40);
    calibrate::Misassignment misassigned(cells, settings.share, seed + 50);
    for (SpikeSample& spike : rest.spikes) spike.unit = misassigned(spike.unit);
    std::array<HeadingTurnThreshold, kMechanisms> rows;
    std::array<double, kMechanisms> log_odds{};
    for (std::size_t i = 0; i < kMechanisms; ++i) {
      rows[i] = row_for(tables[i], settings.false_alarms_per_minute);
      log_odds[i] = rows[i].threshold_nats;
    }
    const auto onsets = false_alarms(cells, rest, log_odds);
    for (std::size_t i = 0; i < kMechanisms; ++i) add(run.mechanisms[i], rows[i], onsets[i], rest.minutes(), each);
    run.still_minutes += each * still_minutes;
    run.fitted_share += each * share;
    squares += each * share * share;
    progress(static_cast<double>(population + 1) * each);
  }
  run.fitted_share_sd = std::sqrt(std::max(0.0, squares - run.fitted_share * run.fitted_share));
  return run;
}

}  // namespace vturn::benches
