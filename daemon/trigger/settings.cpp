#include "daemon/trigger/settings.hpp"

#include <cmath>

namespace vturn::trigger {
namespace {

constexpr std::int64_t kHour = 3600 * kNsPerS;

bool weight_ok(double weight) { return std::isfinite(weight) && weight >= 0.0; }

std::string problem_of(const RuleSettings& rule, const TriggerSettings& settings) {
  const ArmWeights& arms = rule.arms;
  if (rule.output >= settings.outputs.size()) return "names an output that does not exist";
  if (!weight_ok(arms.stim) || !weight_ok(arms.sham) || !weight_ok(arms.delayed)) {
    return "arms must be numbers of at least 0";
  }
  if (!(arms.stim + arms.sham + arms.delayed > 0.0)) return "arms must not all be 0";
  if (rule.state == SleepState::kUnknown) return "state must be WAKE, NREM or REM";
  if (!(rule.min_state_probability >= 0.0F && rule.min_state_probability <= 1.0F)) {
    return "min_state_probability must be within 0..1";
  }
  if (rule.refractory_ns < 0 || rule.refractory_ns > kHour) return "refractory_ms must be within 0..3600000";
  if (rule.max_per_minute > 60000) return "max_per_minute must be within 0..60000";
  if (rule.max_decision_age_ns <= 0) return "max_decision_age_ms must be above 0";
  if (rule.dwell_ns < 0 || rule.dwell_ns > kHour) return "dwell_s must be within 0..3600";
  if (rule.delay_ns < 0 || rule.delay_ns > kHour) return "delay_ms must be within 0..3600000";
  if (rule.valid_for_ns < 0) return "valid_for must be at least 0";
  if (std::isnan(rule.min_evidence_nats_per_spike)) return "min_evidence must be a number";
  if (rule.sources == 0 || (rule.sources >> settings.sources.size()) != 0) {
    return "must rest on at least one of the sources, and on none that does not exist";
  }
  return "";
}

/// The duty window must fit in memory: at most this many of the shortest pulses.
constexpr double kMaxPulsesPerWindow = 1e6;

std::string problem_of(const OutputSettings& output, const LimitSettings& limits) {
  if (output.pulse_ns < 0 || output.pulse_ns > kHour) return "pulse_ms must be within 0..3600000";
  if (output.pulse_ns == 0) return "";
  const double pulses =
      limits.duty_max * static_cast<double>(limits.duty_window_ns) / static_cast<double>(output.pulse_ns);
  if (pulses < 1.0) return "one pulse already exceeds limits.duty_max: shorten pulse_ms or raise duty_max";
  if (pulses > kMaxPulsesPerWindow) return "pulse_ms is too short for the duty window (over 1000000 pulses would fit)";
  return "";
}

std::string problem_of(const LimitSettings& limits) {
  if (!(limits.duty_max > 0.0 && limits.duty_max <= 1.0)) return "limits: duty_max must be above 0 and at most 1";
  if (limits.duty_window_ns <= 0 || limits.duty_window_ns > kHour)
    return "limits: duty window must be within 0..3600 s";
  if (limits.max_on_time_ns < 0) return "limits: max_on_time must be at least 0";
  if (limits.max_inhibits_per_hour > 100000) return "limits: max_inhibits_per_hour must be within 0..100000";
  return "";
}

std::string problem_of_times(const TriggerSettings& settings) {
  const HoldTimes& hold = settings.hold;
  for (const std::int64_t time_ns : {hold.gap_ns, hold.movement_ns, hold.low_evidence_ns, hold.wrong_state_ns,
                                     hold.state_unknown_ns, hold.late_decision_ns, hold.clock_uncertain_ns,
                                     hold.not_recorded_ns, hold.master_lost_ns, hold.source_silent_ns}) {
    if (time_ns < 0 || time_ns > kHour) return "hold times must be within 0..3600 s";
  }
  if (settings.max_clock_uncertainty_ns <= 0 || settings.master_lost_after_ns <= 0 ||
      settings.sleep_stale_after_ns <= 0 || settings.output_timeout_ns <= 0) {
    return "time-outs must be above 0";
  }
  return "";
}

}  // namespace

std::string problem_of(const TriggerSettings& settings) {
  if (settings.rules.size() > kMaxRules) return "at most " + std::to_string(kMaxRules) + " rules";
  if (settings.outputs.size() > kMaxOutputs) return "at most " + std::to_string(kMaxOutputs) + " outputs";
  if (settings.sources.empty() || settings.sources.size() > kMaxSources) {
    return "1 to " + std::to_string(kMaxSources) + " sources are needed";
  }
  std::size_t masters = 0;
  for (std::size_t i = 0; i < settings.sources.size(); ++i) {
    if (settings.sources[i].is_master) ++masters;
    if (settings.sources[i].silent_after_ns <= 0)
      return "source " + std::to_string(i) + ": silent_after must be above 0";
  }
  if (masters != 1) return "exactly one source must be the clock master, not " + std::to_string(masters);
  if (std::string problem = problem_of(settings.limits); !problem.empty()) return problem;
  if (std::string problem = problem_of_times(settings); !problem.empty()) return problem;
  for (std::size_t i = 0; i < settings.outputs.size(); ++i) {
    if (std::string problem = problem_of(settings.outputs[i], settings.limits); !problem.empty()) {
      return "output " + std::to_string(i) + ": " + problem;
    }
  }
  for (std::size_t i = 0; i < settings.rules.size(); ++i) {
    if (std::string problem = problem_of(settings.rules[i], settings); !problem.empty()) {
      return "rule " + std::to_string(i) + ": " + problem;
    }
  }
  return "";
}

}  // namespace vturn::trigger
