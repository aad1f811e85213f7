#include "tools/benches/detection.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "daemon/turns/proportion.hpp"

namespace vturn::benches {
namespace {

constexpr double kBoundNats = 4.0;
constexpr double kSlowestDegS = 100.0, kFastestDegS = 600.0;

struct Turn {
  double peak_deg_s, bound_s, latency_s;
  bool wrong;
};

/// What one detector did in one population.
struct Tested {
  std::vector<Turn> turns;
  CountedRate false_at_rest, false_between_turns;
  double threshold = 0.0;
};

struct Family {
  std::string name, settings;
  std::vector<Tested> populations;
};

double quantile_of(const std::vector<Turn>& turns, double share, double Turn::*field) {
  std::vector<double> values;
  values.reserve(turns.size());
  for (const Turn& turn : turns) values.push_back(turn.*field);
  return quantile_with_misses(std::move(values), share);
}

double detected_quantile(const std::vector<Turn>& turns, double share) {
  std::vector<Turn> detected;
  std::copy_if(turns.begin(), turns.end(), std::back_inserter(detected),
               [](const Turn& turn) { return turn.latency_s < kNever; });
  return quantile_of(detected, share, &Turn::latency_s);
}

double detected_share(const std::vector<Turn>& turns) {
  const auto detected = std::count_if(turns.begin(), turns.end(), [](const Turn& t) { return t.latency_s < kNever; });
  return static_cast<double>(detected) / static_cast<double>(turns.size());
}

double bound_ratio(const std::vector<Turn>& turns) {
  return quantile_of(turns, 0.5, &Turn::latency_s) / quantile_of(turns, 0.5, &Turn::bound_s);
}

std::array<SpeedThird, 3> thirds_of(const std::vector<Turn>& turns) {
  std::array<SpeedThird, 3> thirds;
  for (std::size_t i = 0; i < thirds.size(); ++i) {
    constexpr double kWidth = (kFastestDegS - kSlowestDegS) / 3.0;
    SpeedThird& third = thirds[i];
    third.from_deg_s = kSlowestDegS + kWidth * static_cast<double>(i);
    third.to_deg_s = third.from_deg_s + kWidth;
    std::vector<Turn> own;
    std::copy_if(turns.begin(), turns.end(), std::back_inserter(own), [&](const Turn& turn) {
      return turn.peak_deg_s >= third.from_deg_s && turn.peak_deg_s < third.to_deg_s;
    });
    if (own.empty()) continue;
    third.turns = own.size();
    third.median_s = quantile_of(own, 0.5, &Turn::latency_s);
    third.detected_share = detected_share(own);
    third.bound_ratio = bound_ratio(own);
  }
  return thirds;
}

void add(CountedRate& sum, const CountedRate& rate) {
  sum.count += rate.count;
  sum.minutes += rate.minutes;
}

void set_wrong_share(const std::vector<Turn>& turns, DetectorFigures& figures) {
  std::uint64_t wrong = 0, detections = 0;
  for (const Turn& turn : turns) {
    wrong += turn.wrong ? 1 : 0;
    detections += turn.wrong || turn.latency_s < kNever ? 1 : 0;
  }
  const turns::ProportionEstimate share = turns::wilson(wrong, detections);
  figures.wrong_share = share.probability;
  figures.wrong_share_high = share.high;
}

DetectorFigures figures_of(const Family& family) {
  DetectorFigures figures;
  figures.name = family.name;
  figures.settings = family.settings;
  figures.populations = family.populations.size();
  std::vector<Turn> turns;
  std::vector<double> medians, ratios, detected;
  for (const Tested& tested : family.populations) {
    turns.insert(turns.end(), tested.turns.begin(), tested.turns.end());
    medians.push_back(quantile_of(tested.turns, 0.5, &Turn::latency_s));
    ratios.push_back(bound_ratio(tested.turns));
    detected.push_back(detected_share(tested.turns));
    add(figures.false_at_rest, tested.false_at_rest);
    add(figures.false_between_turns, tested.false_between_turns);
    figures.threshold += tested.threshold / static_cast<double>(figures.populations);
  }
  figures.turns = turns.size();
  figures.median_s = quantile_of(turns, 0.5, &Turn::latency_s);
  figures.p90_s = detected_quantile(turns, 0.9);
  figures.bound_median_s = quantile_of(turns, 0.5, &Turn::bound_s);
  figures.bound_ratio = figures.median_s / figures.bound_median_s;
  figures.detected_share = detected_share(turns);
  set_wrong_share(turns, figures);
  figures.thirds = thirds_of(turns);
  figures.median_over_populations_s = spread_of(medians);
  figures.ratio_over_populations = spread_of(ratios);
  figures.detected_over_populations = spread_of(detected);
  return figures;
}

std::vector<double> bounds_of(const DetectionTrial& trial) {
  const double information = tools::information_rate(trial.cells);
  const double variance = tools::posterior_variance_bound(information, kBenchRest);
  std::vector<double> bounds_s;
  for (const SimulatedTurn& turn : trial.turns.turns) {
    const auto bound_s = tools::turn_latency_bound_s(turn.shape, information, variance, kBoundNats, kTurnWaitS);
    bounds_s.push_back(bound_s.value_or(kNever));
  }
  return bounds_s;
}

Tested tested(const DetectionTrial& trial, const std::vector<double>& bounds_s, const Attempt& attempt) {
  Tested result;
  const OnsetScore score = score_onsets(trial.turns.turns, attempt.with_turns, seconds(trial.turns.end_ns));
  for (std::size_t i = 0; i < score.turns.size(); ++i) {
    const double peak_deg_s = std::fabs(trial.turns.turns[i].shape.peak_velocity_rad_s) / kDegree;
    result.turns.push_back({peak_deg_s, bounds_s[i], score.turns[i].latency_s, score.turns[i].wrong});
  }
  result.false_at_rest = {attempt.at_rest.size(), trial.rest.minutes()};
  result.false_between_turns = {score.false_alarms, score.rest_minutes};
  result.threshold = attempt.threshold;
  return result;
}

DetectionTrial trial_of(const DetectionSettings& settings, std::uint64_t seed) {
  DetectionTrial trial;
  trial.cells = random_ring(settings.cells, kBenchWake, seed);
  trial.training = session_at_rest(trial.cells, 60.0 * settings.rest_minutes, seed + 100);
  trial.rest = session_at_rest(trial.cells, 60.0 * settings.rest_minutes, seed + 200);
  trial.turns = session_with_turns(trial.cells, settings.turns, seed + 300);
  trial.false_alarms_per_minute = settings.false_alarms_per_minute;
  return trial;
}

std::vector<Attempt> attempts_of(const DetectionTrial& trial, bool with_peers, std::uint64_t seed) {
  std::vector<Attempt> attempts = switching_attempts(trial, seed + 400);
  if (!with_peers) return attempts;
  for (auto peers : {memoryless_speed_attempts(trial), random_walk_speed_attempts(trial)}) {
    std::move(peers.begin(), peers.end(), std::back_inserter(attempts));
  }
  attempts.push_back(observer_attempt(trial));
  return attempts;
}

/// Of each name the settings with the smallest median, or that detect most.
std::vector<DetectorFigures> best_of_each(const std::vector<Family>& families) {
  std::vector<DetectorFigures> best;
  for (const Family& family : families) {
    DetectorFigures figures = figures_of(family);
    if (best.empty() || best.back().name != figures.name) {
      best.push_back(std::move(figures));
      continue;
    }
    DetectorFigures& so_far = best.back();
    const bool sooner = figures.median_s < so_far.median_s;
    const bool more = figures.median_s == so_far.median_s && figures.detected_share > so_far.detected_share;
    if (sooner || more) so_far = std::move(figures);
  }
  return best;
}

}  // namespace

DetectionRun detection_run(const DetectionSettings& settings, const std::function<void(double)>& progress) {
  DetectionRun run;
  run.settings = settings;
  std::vector<Family> families;
  for (std::size_t population = 0; population < settings.populations; ++population) {
    const std::uint64_t seed = (settings.seed * 1000 + population) * 1000;
    const DetectionTrial trial = trial_of(settings, seed);
    const std::vector<double> bounds_s = bounds_of(trial);
    const auto share = 1.0 / static_cast<double>(settings.populations);
    run.spikes_per_s += share * tools::population_rate_hz(trial.cells);
    run.information_rate += share * tools::information_rate(trial.cells);
    const auto attempts = attempts_of(trial, population < settings.peer_populations, seed);
    for (std::size_t i = 0; i < attempts.size(); ++i) {
      if (i == families.size()) families.push_back({attempts[i].name, attempts[i].settings, {}});
      families[i].populations.push_back(tested(trial, bounds_s, attempts[i]));
    }
    progress(static_cast<double>(population + 1) * share);
  }
  run.detectors = best_of_each(families);
  return run;
}

}  // namespace vturn::benches
