#pragma once

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "daemon/core/angle.hpp"
#include "daemon/core/input_event.hpp"
#include "daemon/decode/dynamics.hpp"
#include "daemon/engine/engine_settings.hpp"

namespace vturn::test {

inline constexpr std::size_t kCells = 30;

/// Ring of von Mises cells, 25 Hz at their preferred direction.
inline double rate_hz(std::size_t cell, double angle_rad) {
  const double preferred = kTwoPi * static_cast<double>(cell) / static_cast<double>(kCells);
  return 0.5 + 25.0 * std::exp(3.5 * (std::cos(angle_rad - preferred) - 1.0));
}

inline HeadingModel ring_model() {
  HeadingModel model;
  for (std::size_t cell = 0; cell < kCells; ++cell) {
    HeadingUnit unit;
    unit.unit = static_cast<UnitId>(cell);
    double mean = 0.0;
    for (std::size_t bin = 0; bin < kHeadingAngles; ++bin) {
      const double rate = rate_hz(cell, kTwoPi * static_cast<double>(bin) / kHeadingAngles);
      unit.rate_hz[bin] = static_cast<float>(rate);
      mean += rate / kHeadingAngles;
    }
    unit.mean_rate_hz = static_cast<float>(mean);
    model.units.push_back(unit);
  }
  model.dynamics = {ornstein_uhlenbeck(1.7, 0.25), switching({}), ornstein_uhlenbeck(17.0, 0.05)};
  model.hash = model_hash(model);
  return model;
}

inline SleepModel sleep_model() {
  SleepModel model;
  model.features = {SleepFeature::kDelta, SleepFeature::kTheta, SleepFeature::kEmg};
  const std::array<std::array<double, 3>, 3> means{{{5.0, 6.0, 7.0}, {8.0, 5.0, 4.0}, {4.0, 8.0, 3.0}}};
  for (std::size_t state = 0; state < kSleepStates; ++state) {
    for (std::size_t i = 0; i < 3; ++i) {
      model.emissions[state].mean[i] = means[state][i];
      model.emissions[state].covariance[i][i] = 0.5;
    }
  }
  return model;
}

inline EngineSettings engine_settings() {
  EngineSettings settings;
  settings.heading = ring_model();
  settings.sleep = sleep_model();
  settings.features.theta = settings.features.slow = 0;
  settings.features.emg = 1;
  settings.turns.log_odds.min_evidence_nats_per_spike = -1.0;
  settings.turns.log_odds.log_odds = 2.0;
  settings.population = turns::PopulationSettings{};
  settings.population->threshold_sd = 2.0;  // plain Poisson spikes: their own excursions are the events
  settings.population->kernel_s = 0.03;
  settings.population->refractory_s = 0.2;
  for (UnitId unit = 40; unit < 48; ++unit) settings.population->clockwise.push_back(unit);
  for (UnitId unit = 48; unit < 56; ++unit) settings.population->counterclockwise.push_back(unit);
  trigger::RuleSettings rule;
  rule.when = CauseKind::kTurn;
  rule.state = SleepState::kRem;
  rule.min_state_probability = 0.0F;
  rule.arms = {0.5, 0.5, 0.0};
  rule.sources = 1;
  settings.trigger.rules.push_back(rule);
  settings.trigger.outputs.push_back({});
  settings.trigger.sources.push_back({.is_master = true, .carries_spikes = true, .carries_motion = true});
  settings.trigger.motion_acknowledged_absent = true;  // the model has no reference of movement
  settings.trigger.seed = 7;
  return settings;
}

/// Two minutes of a turning mouse, as the decision thread would hand them over: spikes, LFP, TTL, ticks, source changes
/// and commands, in order of time. `speed_rad_s`: constant rotation of the heading.
inline std::vector<InputEvent> mouse_inputs(double duration_s, double speed_rad_s, unsigned seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform;
  std::normal_distribution<double> normal;
  std::vector<InputEvent> events;
  const auto add = [&](InputKind kind, double t_s) -> InputEvent& {
    InputEvent event;
    event.kind = kind;
    event.session_time_ns = static_cast<SessionNs>(t_s * 1e9);
    event.arrival_mono_ns = event.session_time_ns + 1'000'000'000'000;
    event.now_mono_ns = event.arrival_mono_ns + 50'000;
    event.source_sample = static_cast<SampleIndex>(t_s * 30000.0);
    event.source = 0;
    event.flags = kFlagMaster;
    events.push_back(event);
    return events.back();
  };
  constexpr double kStepS = 0.001;
  for (int step = 0; step < static_cast<int>(duration_s / kStepS); ++step) {
    const double t_s = step * kStepS;
    for (std::size_t cell = 0; cell < kCells; ++cell) {
      if (uniform(random) < rate_hz(cell, speed_rad_s * t_s) * kStepS)
        add(InputKind::kSpike, t_s).payload.spike = {static_cast<UnitId>(cell), 0, -80.0F};
    }
    if (uniform(random) < 0.1)
      add(InputKind::kSpike, t_s).payload.spike = {static_cast<UnitId>(40 + random() % 16), 0, -80.0F};
    if (step % 10 == 0) {
      InputEvent& tick = add(InputKind::kTick, t_s);
      tick.source = kNoSource;
      tick.flags = 0;
      for (std::uint16_t signal = 0; signal < 2; ++signal) {
        LfpInput& lfp = add(InputKind::kLfp, t_s).payload.lfp;
        lfp = LfpInput{signal, 10, 1000.0F, {}};
        for (std::size_t i = 0; i < 10; ++i) lfp.samples[i] = static_cast<float>(50.0 * normal(random));
      }
    }
    if (step % 1000 == 500) add(InputKind::kTtl, t_s).payload.ttl = {0, 1, 1};
  }
  return events;
}

}  // namespace vturn::test
