#include "tools/benches/turn_contestants.hpp"

#include <array>
#include <cstdio>
#include <functional>

#include "daemon/calibrate/turn_threshold.hpp"
#include "daemon/decode/circle.hpp"
#include "daemon/decode/heading_filter.hpp"
#include "daemon/decode/memoryless.hpp"
#include "daemon/decode/random_walk.hpp"
#include "daemon/turns/detector.hpp"
#include "tools/benches/ideal_observer.hpp"
#include "tools/benches/score_trace.hpp"

namespace vturn::benches {
namespace {

constexpr SessionNs kEngineGridNs = 10 * kNsPerMs;
constexpr SessionNs kSpeedGridNs = 5 * kNsPerMs;
constexpr double kSpeedGridS = 0.005;

struct Decoded {
  SessionNs time_ns;
  HeadingOutput heading;
};

/// What the engine's turn detector sees: the filter at each spike and on the grid.
std::vector<Decoded> decoded(const HeadingModel& cells, const DetectionSession& session) {
  HeadingFilter filter;
  filter.prepare(cells);
  filter.set_dynamics(Dynamics::kRem);
  std::vector<Decoded> trace;
  trace.reserve(session.spikes.size() + static_cast<std::size_t>(session.end_ns / kEngineGridNs));
  walk(
      session, kEngineGridNs,
      [&](const SpikeSample& spike) {
        filter.spike(spike.time_ns, spike.unit);
        trace.push_back({spike.time_ns, filter.estimate()});
      },
      [&](SessionNs now_ns) {
        filter.advance(now_ns);
        trace.push_back({now_ns, filter.estimate()});
      });
  return trace;
}

std::vector<Onset> onsets_by(turns::DetectorSettings settings, double threshold, const std::vector<Decoded>& trace) {
  settings.set_threshold(threshold);
  turns::Detector detector;
  detector.prepare(settings);
  std::vector<Onset> onsets;
  TurnOutput turn;
  for (const Decoded& row : trace) {
    if (!detector.step(row.time_ns, row.heading, SleepState::kRem, turn)) continue;
    if (turn.phase == TurnPhase::kOnset) onsets.push_back({seconds(row.time_ns), turn.direction});
  }
  return onsets;
}

double wanted_onsets(const DetectionTrial& trial) { return trial.false_alarms_per_minute * trial.training.minutes(); }

double simulated_threshold(const DetectionTrial& trial, turns::Method method, std::uint64_t seed) {
  const turns::DetectorSettings detector = calibrate::ungated_detector(trial.cells, method);
  calibrate::RestSimulation rest;
  rest.seed = seed;
  const std::array rates{2.0 * trial.false_alarms_per_minute, trial.false_alarms_per_minute,
                         0.5 * trial.false_alarms_per_minute};
  const auto table = calibrate::simulate_turn_thresholds(trial.cells, detector, rest, rates, [](double) {
    tools::throw_if_interrupted();
    return true;
  });
  return turns::threshold_at_rate(table, trial.false_alarms_per_minute, 1.0);
}

/// Angle of a decoder every kSpeedGridNs.
template <class Decoder, class Angle>
std::vector<float> angles_of(Decoder& decoder, const DetectionSession& session, Angle angle) {
  std::vector<float> angles;
  decoder.reset();
  walk(
      session, kSpeedGridNs, [&](const SpikeSample& spike) { decoder.spike(spike.time_ns, spike.unit); },
      [&](SessionNs now_ns) {
        decoder.advance(now_ns);
        angles.push_back(angle(decoder));
      });
  return angles;
}

struct Angles {
  std::vector<float> training, rest, turns;
};

template <class Decoder, class Angle>
Angles angles_of(Decoder& decoder, const DetectionTrial& trial, Angle angle) {
  return {angles_of(decoder, trial.training, angle), angles_of(decoder, trial.rest, angle),
          angles_of(decoder, trial.turns, angle)};
}

void add_speed_attempts(const DetectionTrial& trial, const Angles& angles, const std::string& name,
                        const std::string& decoder, std::vector<Attempt>& attempts) {
  constexpr double kFastestRadS = 6000.0 * kDegree;
  for (const std::size_t lag_ms : {100U, 200U, 300U}) {
    const std::size_t lag = lag_ms / 5;
    const ScoreTrace training = speed_trace(angles.training, lag, kSpeedGridS);
    const double threshold = threshold_for([&](double speed) { return onsets_of(training, speed).size(); },
                                           wanted_onsets(trial), 0.0, kFastestRadS);
    attempts.push_back({name, decoder + ", over " + std::to_string(lag_ms) + " ms", threshold,
                        onsets_of(speed_trace(angles.rest, lag, kSpeedGridS), threshold),
                        onsets_of(speed_trace(angles.turns, lag, kSpeedGridS), threshold)});
  }
}

ScoreTrace observer_trace(const HeadingModel& cells, const DetectionSession& session) {
  IdealObserver observer(cells);
  ScoreTrace trace;
  trace.step_s = IdealObserver::kStepS;
  trace.off_share = 0.0;
  trace.off_offset = turns::TurnSettings{}.off_log_odds;
  walk(
      session, kEngineGridNs, [&](const SpikeSample& spike) { observer.spike(spike.unit); },
      [&](SessionNs) {
        observer.step();
        trace.left.push_back(observer.log_odds_left());
        trace.right.push_back(observer.log_odds_right());
      });
  return trace;
}

}  // namespace

std::vector<Attempt> switching_attempts(const DetectionTrial& trial, std::uint64_t seed) {
  const auto rest = decoded(trial.cells, trial.rest);
  const auto turns = decoded(trial.cells, trial.turns);
  const auto attempt = [&](const char* name, turns::Method method) {
    const double threshold = simulated_threshold(trial, method, seed);
    const turns::DetectorSettings settings = calibrate::ungated_detector(trial.cells, method);
    return Attempt{name, "", threshold, onsets_by(settings, threshold, rest), onsets_by(settings, threshold, turns)};
  };
  return {attempt("vturn: switching filter, log-odds", turns::Method::kLogOdds),
          attempt("CUSUM behind the switching filter", turns::Method::kCusum)};
}

std::vector<Attempt> memoryless_speed_attempts(const DetectionTrial& trial) {
  std::vector<Attempt> attempts;
  for (const int window_ms : {100, 200, 300}) {
    MemorylessDecoder decoder;
    decoder.prepare(trial.cells, window_ms * kNsPerMs);
    const Angles angles =
        angles_of(decoder, trial, [](const MemorylessDecoder& d) { return circle::maximum(d.posterior()); });
    add_speed_attempts(trial, angles, "speed of the memoryless decoder", "last " + std::to_string(window_ms) + " ms",
                       attempts);
  }
  return attempts;
}

std::vector<Attempt> random_walk_speed_attempts(const DetectionTrial& trial) {
  std::vector<Attempt> attempts;
  for (const double deg2_per_ms : {0.4, 1.0}) {
    RandomWalkFilter filter;
    filter.prepare(trial.cells, deg2_per_ms);
    const Angles angles = angles_of(filter, trial, [](const RandomWalkFilter& f) { return f.estimate().angle_rad; });
    char decoder[32];
    std::snprintf(decoder, sizeof decoder, "%.1f deg2/ms", deg2_per_ms);
    add_speed_attempts(trial, angles, "speed of the random-walk filter", decoder, attempts);
  }
  return attempts;
}

Attempt observer_attempt(const DetectionTrial& trial) {
  const ScoreTrace training = observer_trace(trial.cells, trial.training);
  Attempt attempt{"near-ideal observer", "", 0.0, {}, {}};
  attempt.threshold = threshold_for([&](double nats) { return onsets_of(training, nats).size(); }, wanted_onsets(trial),
                                    training.off_offset + 0.1, 12.0);
  attempt.at_rest = onsets_of(observer_trace(trial.cells, trial.rest), attempt.threshold);
  attempt.with_turns = onsets_of(observer_trace(trial.cells, trial.turns), attempt.threshold);
  return attempt;
}

}  // namespace vturn::benches
