#include "tools/benches/sleep_chain.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "daemon/sleep/sleep_filter.hpp"
#include "tools/benches/sleep_life.hpp"
#include "tools/lib/sleep_baselines.hpp"

namespace vturn::benches {
namespace {

using F = SleepFeature;

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();
constexpr double kNightGapS = 120.0;
constexpr double kLastOfRemS = 4.0;

constexpr SleepFeatureMask bits(std::initializer_list<F> features) {
  unsigned mask = 0;
  for (const F feature : features) mask |= feature_bit(feature);
  return static_cast<SleepFeatureMask>(mask);
}

constexpr SleepFeatureMask kEmgBit = feature_bit(F::kEmg), kMotionBit = feature_bit(F::kMotion);
constexpr SleepFeatureMask kThetaChannel = bits({F::kTheta, F::kGamma});
constexpr SleepFeatureMask kSlowChannel = bits({F::kDelta, F::kSigma, F::kBeta});
constexpr SleepFeatureMask kNone = 0;

struct Signals {
  const char* name;
  SleepFeatureMask absent;  ///< never there
  SleepFeatureMask failed;  ///< there in calibration only
};
constexpr std::array kSignals{
    Signals{"LFP, EMG, motion", kNone, kNone},
    Signals{"without EMG", kEmgBit, kNone},
    Signals{"without motion", kMotionBit, kNone},
    Signals{"without theta channel (no theta, gamma)", kThetaChannel, kNone},
    Signals{"without slow-wave channel (no delta, sigma, beta)", kSlowChannel, kNone},
    Signals{"LFP alone", kEmgBit | kMotionBit, kNone},
    Signals{"without LFP", kThetaChannel | kSlowChannel, kNone},
    Signals{"EMG fails after calibration", kNone, kEmgBit},
    Signals{"motion fails after calibration", kNone, kMotionBit},
    Signals{"theta channel fails after calibration", kNone, kThetaChannel},
    Signals{"LFP fails after calibration", kNone, kThetaChannel | kSlowChannel},
};

void drop(FeatureFrame& frame, SleepFeatureMask absent) {
  frame.valid = static_cast<SleepFeatureMask>(frame.valid & ~absent);
  frame.fast_valid = static_cast<SleepFeatureMask>(frame.fast_valid & ~absent);
}

void shift(SleepLife& life, double by_s) {
  for (FeatureFrame& frame : life.frames) frame.time_ns += static_cast<SessionNs>(std::llround(by_s * 1e9));
  for (TruthEpoch& epoch : life.truth) epoch.t_s += by_s;
  for (double& time_s : life.rem_awakenings_s) time_s += by_s;
}

template <class T>
void append(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

/// Decisions of a night and what the trigger would make of them.
struct Watched {
  std::vector<SleepDecision> decisions;
  std::vector<bool> inhibited;            ///< per decision: moving, or not REM
  std::vector<double> movement_begins_s;  ///< `moving` rises
};

Watched watch(const SleepModel& model, const SleepLife& life, SleepFeatureMask absent) {
  SleepFilter filter;
  filter.prepare(model);
  Watched watched;
  bool moved = false;
  for (FeatureFrame frame : life.frames) {
    drop(frame, absent);
    const SleepOutput output = filter.step(frame);
    const double t_s = seconds(frame.time_ns);
    const bool moving = output.moving != 0;
    watched.decisions.push_back({t_s, output.state, filter.posterior()});
    watched.inhibited.push_back(moving || output.state != SleepState::kRem);
    if (moving && !moved) watched.movement_begins_s.push_back(t_s);
    moved = moving;
  }
  return watched;
}

struct Bout {
  double begin_s, end_s;
};

std::vector<Bout> rem_bouts(const std::vector<TruthEpoch>& truth) {
  std::vector<Bout> bouts;
  for (const TruthEpoch& epoch : truth) {
    if (epoch.stage != SleepState::kRem) continue;
    if (bouts.empty() || bouts.back().end_s != epoch.t_s) bouts.push_back({epoch.t_s, epoch.t_s});
    bouts.back().end_s = epoch.t_s + kTruthEpochS;
  }
  return bouts;
}

/// Seconds from each awakening out of REM to the first inhibit, of those at which stimulation was still possible.
std::vector<double> answers(const Watched& watched, const std::vector<double>& awakenings_s) {
  std::vector<double> result;
  const auto& decisions = watched.decisions;
  for (const double time_s : awakenings_s) {
    const auto after = std::upper_bound(decisions.begin(), decisions.end(), time_s,
                                        [](double t, const SleepDecision& d) { return t < d.t_s; });
    auto i = static_cast<std::size_t>(after - decisions.begin());
    if (i == 0 || watched.inhibited[i - 1]) continue;
    while (i < decisions.size() && !watched.inhibited[i]) ++i;
    if (i < decisions.size()) result.push_back(decisions[i].t_s - time_s);
  }
  return result;
}

void add_movement(const Watched& watched, const SleepLife& life, std::vector<double>& answered_s, double& inhibits,
                  double& rem_s) {
  append(answered_s, answers(watched, life.rem_awakenings_s));
  for (const Bout& bout : rem_bouts(life.truth)) {
    const double end_s = bout.end_s - kLastOfRemS;
    if (end_s <= bout.begin_s) continue;
    rem_s += end_s - bout.begin_s;
    const auto& begins = watched.movement_begins_s;
    const auto from = std::lower_bound(begins.begin(), begins.end(), bout.begin_s + kLastOfRemS);
    inhibits += static_cast<double>(std::lower_bound(from, begins.end(), end_s) - from);
  }
}

MovementFigures movement_of(const std::vector<double>& answered_s, double inhibits, double rem_s) {
  MovementFigures figures;
  figures.arousals = answered_s.size();
  const auto within = [&](double limit_s) {
    if (answered_s.empty()) return kNothing;
    const auto count = std::count_if(answered_s.begin(), answered_s.end(), [&](double t) { return t <= limit_s; });
    return static_cast<double>(count) / static_cast<double>(answered_s.size());
  };
  figures.within_1_s = within(1.0);
  figures.within_2_s = within(2.0);
  if (!answered_s.empty()) figures.slowest_s = *std::max_element(answered_s.begin(), answered_s.end());
  figures.inhibits_per_rem_minute = inhibits / (rem_s / 60.0);
  return figures;
}

void take_hyper_parameters(SleepModel& model, const SleepModel& from) {
  model.evidence_constant_s = from.evidence_constant_s;
  model.adaptation_s = from.adaptation_s;
  model.gain_fit_s = from.gain_fit_s;
  model.gain_prior_sd = from.gain_prior_sd;
  model.rem_on = from.rem_on;
  model.rem_off = from.rem_off;
  model.switch_probability = from.switch_probability;
  model.confirm_s = from.confirm_s;
  model.unknown_after_s = from.unknown_after_s;
}

/// NaN where the rules lack a signal.
double expected_rules_kappa(const SleepCalibration& calibration, const std::vector<LabelledEpoch>& rows) {
  for (const tools::SleepBaseline& baseline : tools::sleep_baselines(calibration, rows)) {
    if (baseline.name == "three_thresholds")
      return score_sleep(truth_of(rows), epoch_length_s(rows), baseline.decisions).kappa;
  }
  return kNothing;
}

SleepChainFigures figures_of(const Signals& signals, std::vector<LabelledEpoch> rows,
                             const std::vector<SleepLife>& nights, const SleepModel& defaults) {
  SleepChainFigures figures;
  figures.signals = signals.name;
  for (LabelledEpoch& row : rows) drop(row.frame, signals.absent);
  auto calibration = calibrate_sleep(rows, {});
  if (!calibration) {
    figures.refused = calibration.error();
    return figures;
  }
  take_hyper_parameters(calibration->model, defaults);
  for (const F feature : calibration->model.features) {
    figures.features.emplace_back(kSleepFeatureNames[static_cast<std::size_t>(feature)]);
  }
  figures.warnings = calibration->warnings;
  figures.expected_kappa = calibration->cross_validated.kappa;
  figures.rules_kappa = expected_rules_kappa(*calibration, rows);
  std::vector<SleepDecision> decisions;
  std::vector<TruthEpoch> truth;
  std::vector<double> answered_s;
  double inhibits = 0.0, rem_s = 0.0;
  for (const SleepLife& night : nights) {
    const Watched watched =
        watch(calibration->model, night, static_cast<SleepFeatureMask>(signals.absent | signals.failed));
    add_movement(watched, night, answered_s, inhibits, rem_s);
    append(decisions, watched.decisions);
    append(truth, night.truth);
  }
  figures.score = score_sleep(truth, kTruthEpochS, decisions);
  figures.movement = movement_of(answered_s, inhibits, rem_s);
  return figures;
}

}  // namespace

SleepChainRun sleep_chain_run(const SleepChainSettings& settings, const std::function<void(double)>& progress) {
  double total_s = 0.0;
  for (const auto* nights : {&settings.calibration_nights, &settings.test_nights}) {
    for (const std::size_t night : *nights) total_s += simulation::Hypnogram::shipped(night).duration_s();
  }
  simulation::MouseSettings mouse;
  mouse.seed = settings.seed;
  mouse.rate_hz = settings.rate_hz;
  // The signals do not depend on the cells; few of them cost less.
  mouse.heading_cells = 1;
  mouse.clockwise_cells = mouse.counterclockwise_cells = 0;
  double done_s = 0.0, begin_s = 0.0;
  const auto live = [&](std::size_t index) {
    const auto night = simulation::Hypnogram::shipped(index);
    ++mouse.life;
    SleepLife life = sleep_life(mouse, night, [&](double t_s) { progress(0.9 * (done_s + t_s) / total_s); });
    done_s += night.duration_s();
    shift(life, begin_s);
    begin_s += std::ceil((night.duration_s() + kNightGapS) / kTruthEpochS) * kTruthEpochS;
    return life;
  };
  SleepChainRun run;
  std::vector<LabelledEpoch> rows;
  for (const std::size_t index : settings.calibration_nights) append(rows, calibration_rows(live(index)));
  run.calibration_hours = done_s / 3600.0;
  std::vector<SleepLife> nights;
  for (const std::size_t index : settings.test_nights) nights.push_back(live(index));
  run.test_hours = done_s / 3600.0 - run.calibration_hours;
  for (const Signals& signals : kSignals) {
    run.figures.push_back(figures_of(signals, rows, nights, settings.defaults));
    progress(0.9 + 0.1 * static_cast<double>(run.figures.size()) / static_cast<double>(kSignals.size()));
  }
  return run;
}

}  // namespace vturn::benches
