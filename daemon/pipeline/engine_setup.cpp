#include "daemon/pipeline/engine_setup.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "daemon/calibrate/turn_threshold.hpp"
#include "daemon/core/text_hash.hpp"
#include "daemon/models/heading_model_json.hpp"
#include "daemon/models/sleep_model_json.hpp"
#include "daemon/models/turn_cells.hpp"
#include "daemon/pipeline/rig_against_models.hpp"
#include "daemon/turns/thresholds.hpp"

namespace vturn {
namespace {

using settings::Rig;

std::int64_t ns_of_ms(double ms) { return static_cast<std::int64_t>(std::llround(ms * 1e6)); }
std::int64_t ns_of_s(double s) { return static_cast<std::int64_t>(std::llround(s * 1e9)); }

int signal_index(const Rig& rig, const std::string& name) {
  if (name.empty()) return kNoSignal;
  const auto signals = rig.signals();
  return static_cast<int>(std::find(signals.begin(), signals.end(), name) - signals.begin());
}

FeatureSettings feature_settings(const Rig& rig) {
  FeatureSettings features;
  features.theta = signal_index(rig, rig.sleep.theta);
  features.slow = signal_index(rig, rig.sleep.slow);
  features.emg = signal_index(rig, rig.sleep.emg);
  for (std::size_t i = 0; i < rig.sleep.motion.size(); ++i) features.motion[i] = signal_index(rig, rig.sleep.motion[i]);
  for (std::size_t i = 0; i < rig.sleep.emg_lfp.size(); ++i)
    features.emg_lfp[i] = signal_index(rig, rig.sleep.emg_lfp[i]);
  return features;
}

SourceIndex source_of_signal(const Rig& rig, const std::string& signal) {
  const std::string name = signal.substr(0, signal.find('/'));
  for (SourceIndex i = 0; i < rig.sources.size(); ++i) {
    if (rig.sources[i].name == name) return i;
  }
  return kNoSource;
}

bool carries_motion(const Rig& rig, SourceIndex source) {
  const auto from_source = [&](const std::string& signal) {
    return !signal.empty() && source_of_signal(rig, signal) == source;
  };
  return from_source(rig.sleep.emg) || std::any_of(rig.sleep.motion.begin(), rig.sleep.motion.end(), from_source);
}

CauseKind cause_of(const std::string& when) {
  if (when == "turn") return CauseKind::kTurn;
  return when == "population" ? CauseKind::kPopulation : CauseKind::kSleep;
}

Direction direction_of(const std::string& name) {
  if (name == "clockwise") return Direction::kClockwise;
  return name == "counterclockwise" ? Direction::kCounterclockwise : Direction::kNone;
}

SleepState state_of(const std::string& name) {
  if (name == "WAKE") return SleepState::kWake;
  if (name == "NREM") return SleepState::kNrem;
  return name == "REM" ? SleepState::kRem : SleepState::kUnknown;
}

std::uint32_t sleep_sources(const Rig& rig) {
  std::uint32_t mask = 0;
  for (const std::string& signal : rig.signals()) {
    const SourceIndex source = source_of_signal(rig, signal);
    if (source != kNoSource) mask |= 1U << source;
  }
  return mask;
}

/// Sources whose gaps, silence or clock make this rule's decision unsafe: those of spikes and of sleep signals.
std::uint32_t sources_of(const Rig& rig, const settings::Rule& rule) {
  std::uint32_t mask = 0;
  for (SourceIndex i = 0; i < rig.sources.size(); ++i) {
    if (rig.sources[i].carries_spikes() && rule.when != "sleep") mask |= 1U << i;
  }
  return mask | sleep_sources(rig);
}

trigger::RuleSettings rule_settings(const Rig& rig, const settings::Rule& rule) {
  trigger::RuleSettings result;
  result.when = cause_of(rule.when);
  result.direction = direction_of(rule.direction);
  result.state = state_of(rule.state);
  result.min_state_probability = static_cast<float>(rule.min_state_probability);
  const auto weight = [&](const char* arm) { return rule.arms.contains(arm) ? rule.arms.at(arm) : 0.0; };
  result.arms = {weight("stim"), weight("sham"), weight("delayed")};
  const auto output =
      std::find_if(rig.outputs.begin(), rig.outputs.end(), [&](const auto& o) { return o.name == rule.output; });
  result.output = static_cast<std::uint8_t>(output - rig.outputs.begin());
  result.refractory_ns = ns_of_ms(rule.refractory_ms);
  result.max_per_minute = static_cast<std::uint32_t>(rule.max_per_minute);
  result.max_per_session = static_cast<std::uint32_t>(rule.max_per_session);
  result.max_decision_age_ns = ns_of_ms(rule.max_decision_age_ms);
  if (rule.when == "turn") result.min_evidence_nats_per_spike = static_cast<float>(rule.min_evidence_nats_per_spike);
  result.dwell_ns = ns_of_s(rule.dwell_s);
  result.delay_ns = ns_of_ms(rule.delay_ms);
  result.valid_for_ns = ns_of_ms(rule.valid_ms);
  result.movement_inhibits = rule.state != "WAKE";
  result.sources = sources_of(rig, rule);
  return result;
}

trigger::TriggerSettings trigger_settings(const Rig& rig) {
  trigger::TriggerSettings result;
  for (const auto& rule : rig.rules) result.rules.push_back(rule_settings(rig, rule));
  for (const auto& output : rig.outputs) result.outputs.push_back({ns_of_ms(output.pulse_ms)});
  for (SourceIndex i = 0; i < rig.sources.size(); ++i) {
    trigger::SourceSettings source;
    source.is_master = rig.sources[i].is_master();
    source.carries_spikes = rig.sources[i].carries_spikes();
    source.carries_motion = carries_motion(rig, i);
    result.sources.push_back(source);
  }
  result.limits.duty_max = rig.limits.duty_max;
  result.limits.max_pulses_per_session = static_cast<std::uint64_t>(rig.limits.max_per_session);
  result.limits.max_inhibits_per_hour = static_cast<std::uint32_t>(rig.limits.max_inhibits_per_hour);
  result.hold.gap_ns = ns_of_ms(rig.limits.gap_hold_ms);
  result.hold.movement_ns = ns_of_ms(rig.limits.movement_hold_ms);
  result.hold.low_evidence_ns = ns_of_ms(rig.limits.evidence_hold_ms);
  result.hold.clock_uncertain_ns = ns_of_ms(rig.limits.clock_hold_ms);
  result.hold.not_recorded_ns = ns_of_ms(rig.limits.record_hold_ms);
  result.motion_acknowledged_absent = rig.limits.no_motion_acknowledged;
  result.seed = static_cast<std::uint64_t>(rig.limits.seed);
  return result;
}

Expected<turns::DetectorSettings> turn_settings(const Rig& rig, const HeadingModel& model) {
  const bool cusum = rig.turns.detector == "cusum";
  turns::DetectorSettings result =
      calibrate::ungated_detector(model, cusum ? turns::Method::kCusum : turns::Method::kLogOdds);
  result.log_odds.refractory_s = result.cusum.refractory_s = rig.turns.refractory_ms * 1e-3;
  result.log_odds.min_evidence_nats_per_spike = result.cusum.min_evidence_nats_per_spike =
      rig.turns.min_evidence_nats_per_spike;
  result.log_odds.min_spikes_per_s = result.cusum.min_spikes_per_s = rig.turns.min_spikes_per_s;
  double nats = cusum ? rig.turns.cusum_nats : rig.turns.log_odds;
  if (!(nats > 0.0)) {
    nats = turns::threshold_at_rate(cusum ? model.cusum_thresholds : model.turn_thresholds,
                                    rig.turns.false_alarms_per_minute, std::nan(""));
  }
  const double lowest = cusum ? 0.0 : result.log_odds.off_log_odds;
  if (!(nats > lowest)) {
    return Error{rig.heading.model + ": has no thresholds for turns by " + rig.turns.detector +
                 "; calibrate it again, or set [turns] " + (cusum ? "cusum_nats" : "log_odds") + " in the rig file"};
  }
  result.set_threshold(nats);
  return result;
}

turns::PopulationSettings population_settings(const Rig& rig, const TurnCells& cells) {
  turns::PopulationSettings result;
  result.clockwise = cells.clockwise;
  result.counterclockwise = cells.counterclockwise;
  result.kernel_s = rig.population.kernel_ms * 1e-3;
  result.false_per_minute = rig.population.false_events_per_minute;
  result.threshold_sd = rig.population.threshold_sd;
  result.refractory_s = rig.population.refractory_ms * 1e-3;
  result.min_cells = static_cast<std::size_t>(rig.population.min_cells);
  return result;
}

Kernel kernel_of(const std::string& name) {
  if (name == "scalar") return Kernel::scalar;
  if (name == "avx2") return Kernel::avx2;
  return name == "avx512" ? Kernel::avx512 : Kernel::automatic;
}

}  // namespace

Expected<ModelTexts> load_models(const Rig& rig) {
  ModelTexts models;
  const std::array<std::pair<const std::string*, std::string*>, 3> files{{{&rig.heading.model, &models.heading},
                                                                          {&rig.sleep.model, &models.sleep},
                                                                          {&rig.population.cells, &models.cells}}};
  for (const auto& [file, text] : files) {
    if (file->empty()) continue;
    auto content = settings::read_text(rig.resolve(*file), 64, "this is not a model of vturn");
    if (!content) return Error{content.error()};
    *text = std::move(*content);
  }
  return models;
}

Expected<EngineSettings> engine_settings(const Rig& rig, const ModelTexts& models) {
  EngineSettings result;
  result.kernel = kernel_of(rig.heading.kernel);
  if (!models.heading.empty()) {
    auto model = heading_model_from_json(models.heading, rig.heading.model);
    if (!model) return Error{model.error()};
    auto turns = turn_settings(rig, *model);
    if (!turns) return Error{turns.error()};
    result.turns = *turns;
    result.heading = std::move(*model);
  }
  if (!models.sleep.empty()) {
    auto model = sleep_model_from_json(models.sleep, rig.sleep.model);
    if (!model) return Error{model.error()};
    if (std::string problem = rules_without_signal(rig, *model); !problem.empty()) return Error{problem};
    result.sleep = std::move(*model);
  }
  if (!models.cells.empty()) {
    const auto cells = turn_cells_from_csv(models.cells, rig.population.cells);
    if (!cells) return Error{cells.error()};
    result.population = population_settings(rig, *cells);
  }
  result.features = feature_settings(rig);
  result.stimulus_blank_ns = ns_of_ms(rig.sleep.stimulus_blank_ms);
  result.sleep_sources = sleep_sources(rig);
  result.trigger = trigger_settings(rig);
  result.trigger.movement_told = result.sleep && tells_movement(rig, *result.sleep);
  const std::string problem = trigger::problem_of(result.trigger);
  if (!problem.empty()) return Error{rig.file + ": " + problem};
  return result;
}

std::uint64_t models_hash(const ModelTexts& models) { return text_hash(models.heading + models.sleep + models.cells); }

}  // namespace vturn
