#include <algorithm>
#include <cmath>

#include "daemon/trigger/arms.hpp"
#include "daemon/trigger/trigger.hpp"

namespace vturn::trigger {
namespace {

constexpr std::int64_t kMinuteNs = 60 * kNsPerS;
/// Farther from the clock master's time than this an event is not of the present, whatever else holds.
constexpr std::int64_t kPresentNs = kNsPerS;

double milliseconds(std::int64_t ns) noexcept { return static_cast<double>(ns) * 1e-6; }

}  // namespace

void Trigger::observe(const OutputEvent& event, const InputEvent& deciding, OutputBuffer& out) noexcept {
  Cause cause{};
  switch (event.kind) {
    case OutputKind::kTurn:
      if (event.payload.turn.phase != TurnPhase::kOnset) return;
      cause.kind = CauseKind::kTurn;
      cause.value.turn = event.payload.turn;
      return match(cause, event.payload.turn.direction, event.session_time_ns, deciding, out);
    case OutputKind::kPopulation:
      cause.kind = CauseKind::kPopulation;
      cause.value.population = event.payload.population;
      return match(cause, event.payload.population.side, event.session_time_ns, deciding, out);
    case OutputKind::kSleep:
      observe_sleep(event.payload.sleep, out);
      cause.kind = CauseKind::kSleep;
      cause.value.sleep = event.payload.sleep;
      return enter_state(cause, event.session_time_ns, deciding, out);
    case OutputKind::kHeading:
      return observe_heading(event.payload.heading, out);
    default:
      return;
  }
}

void Trigger::match(const Cause& cause, Direction direction, SessionNs time_ns, const InputEvent& deciding,
                    OutputBuffer& out) noexcept {
  for (std::uint16_t i = 0; i < rule_states_.size(); ++i) {
    const RuleSettings& rule = settings_.rules[i];
    const bool this_way = rule.direction == Direction::kNone || rule.direction == direction;
    if (rule.when == cause.kind && this_way) consider(i, cause, time_ns, deciding, out);
  }
}

void Trigger::enter_state(const Cause& cause, SessionNs time_ns, const InputEvent& deciding,
                          OutputBuffer& out) noexcept {
  for (std::uint16_t i = 0; i < rule_states_.size(); ++i) {
    const RuleSettings& rule = settings_.rules[i];
    if (rule.when != CauseKind::kSleep || rule.state != state_ || rule_states_[i].entry_seen) continue;
    if (now_ns_ - state_since_ns_ < std::max(settings_.hold.wrong_state_ns, rule.dwell_ns)) continue;
    rule_states_[i].entry_seen = true;
    consider(i, cause, time_ns, deciding, out);
  }
}

void Trigger::consider(std::uint16_t rule, const Cause& cause, SessionNs time_ns, const InputEvent& deciding,
                       OutputBuffer& out) noexcept {
  check_liveness(out);
  check_age(rule, deciding, out);
  Refusal refusal = misplaced(time_ns);
  if (refusal.reason == VetoReason::kNone || !armed_) refusal = refusal_of(rule, out);
  if (refusal.reason != VetoReason::kNone) return veto(rule, cause, refusal, out);
  RuleState& state = rule_states_[rule];
  const Arm arm = draw_arm(settings_.seed, rule, state.consumed, settings_.rules[rule].arms);
  if (arm != Arm::kDelayed) return fire(rule, arm, cause, deciding, out);
  state.delayed = {true, now_ns_, now_ns_ + settings_.rules[rule].delay_ns, cause};
  ++delayed_;
}

void Trigger::run_delayed(const InputEvent& deciding, OutputBuffer& out) noexcept {
  for (std::uint16_t i = 0; i < rule_states_.size(); ++i) {
    Delayed& delayed = rule_states_[i].delayed;
    if (!delayed.pending || now_ns_ < delayed.due_ns) continue;
    check_liveness(out);
    check_age(i, deciding, out);
    if (!delayed.pending) continue;  // one of the checks has disarmed, which refuses what is pending
    delayed.pending = false;
    --delayed_;
    Refusal refusal = misplaced(delayed.due_ns);
    if (refusal.reason == VetoReason::kNone) refusal = refusal_of(i, out);
    if (refusal.reason != VetoReason::kNone) {
      veto(i, delayed.cause, refusal, out);
    } else {
      fire(i, Arm::kDelayed, delayed.cause, deciding, out);
    }
  }
}

Trigger::Refusal Trigger::misplaced(SessionNs time_ns) const noexcept {
  const std::int64_t ahead_ns = time_ns - now_ns_;
  if (ahead_ns < -kPresentNs) return {VetoReason::kLateDecision, milliseconds(-ahead_ns), milliseconds(kPresentNs)};
  if (ahead_ns > kPresentNs) return {VetoReason::kClockUncertain, milliseconds(ahead_ns), milliseconds(kPresentNs)};
  return {};
}

void Trigger::check_age(std::uint16_t rule, const InputEvent& deciding, OutputBuffer& out) noexcept {
  const std::int64_t age_ns = deciding.now_mono_ns - deciding.arrival_mono_ns;
  if (age_ns <= settings_.rules[rule].max_decision_age_ns) return;
  rule_states_[rule].age_ms = milliseconds(age_ns);
  inhibit_once(inhibits_.find(VetoReason::kLateDecision, kNoSource, rule), out);
}

Trigger::Refusal Trigger::refusal_of(std::uint16_t rule, OutputBuffer& out) noexcept {
  if (!armed_) return {disarm_reason_, 0.0, 1.0};
  if (const Inhibit* inhibit = inhibits_.first_of(rule); inhibit != nullptr) return explain(*inhibit, rule);
  if (const Refusal refusal = condition_of(rule); refusal.reason != VetoReason::kNone) return refusal;
  return limit_of(rule, out);
}

Trigger::Refusal Trigger::explain(const Inhibit& inhibit, std::uint16_t rule) const noexcept {
  const double gone_s = inhibit.present ? 0.0 : seconds(now_ns_ - inhibit.gone_ns);
  const double hold_s = seconds(inhibit.hold_ns);
  switch (inhibit.reason) {
    case VetoReason::kClockUncertain:
      if (!inhibit.present) break;
      return {inhibit.reason, milliseconds(sources_[inhibit.source].clock_uncertainty_ns),
              milliseconds(settings_.max_clock_uncertainty_ns)};
    case VetoReason::kLowEvidence:
      if (!inhibit.present) break;
      return {inhibit.reason, rule_states_[rule].evidence, settings_.rules[rule].min_evidence_nats_per_spike};
    case VetoReason::kLateDecision:
      return {inhibit.reason, rule_states_[rule].age_ms, milliseconds(settings_.rules[rule].max_decision_age_ns)};
    default:
      break;
  }
  return {inhibit.reason, gone_s, hold_s};  // for how long the cause has been gone, and for how long it must be
}

Trigger::Refusal Trigger::condition_of(std::uint16_t index) const noexcept {
  const RuleSettings& rule = settings_.rules[index];
  const RuleState& state = rule_states_[index];
  const OutputState& output = output_states_[rule.output];
  const float probability = probability_of(rule.state);
  if (!(probability >= rule.min_state_probability)) {
    return {VetoReason::kLowStateProbability, probability, rule.min_state_probability};
  }
  if (pulse_running(rule.output)) {
    const std::int64_t end_ns = output.decided_ns + settings_.outputs[rule.output].pulse_ns;
    return {VetoReason::kPulseRunning, milliseconds(std::max<std::int64_t>(end_ns - now_ns_, 0)), 0.0};
  }
  if (state.delayed.pending) {
    return {VetoReason::kRefractory, milliseconds(now_ns_ - state.delayed.decided_ns),
            milliseconds(rule.delay_ns + rule.refractory_ns)};
  }
  if (state.fired && now_ns_ - state.last_fired_ns < rule.refractory_ns) {
    return {VetoReason::kRefractory, milliseconds(now_ns_ - state.last_fired_ns), milliseconds(rule.refractory_ns)};
  }
  if (state.minute.full(now_ns_, kMinuteNs)) {
    return {VetoReason::kMaxPerMinute, static_cast<double>(state.minute.limit()),
            static_cast<double>(rule.max_per_minute)};
  }
  if (rule.max_per_session > 0 && state.charged >= rule.max_per_session) {
    return {VetoReason::kMaxPerSession, static_cast<double>(state.charged), static_cast<double>(rule.max_per_session)};
  }
  if (output.duty.full(now_ns_, settings_.limits.duty_window_ns)) {
    const double pulses = static_cast<double>(output.duty.limit() + 1);
    const double with_this = pulses * static_cast<double>(settings_.outputs[rule.output].pulse_ns);
    return {VetoReason::kDuty, with_this / static_cast<double>(settings_.limits.duty_window_ns),
            settings_.limits.duty_max};
  }
  return {};
}

bool Trigger::totals_reached() const noexcept {
  const LimitSettings& limits = settings_.limits;
  if (limits.max_pulses_per_session > 0 && pulses_ >= limits.max_pulses_per_session) return true;
  return limits.max_on_time_ns > 0 && on_time_ns_ >= limits.max_on_time_ns;
}

Trigger::Refusal Trigger::limit_of(std::uint16_t rule, OutputBuffer& out) noexcept {
  const LimitSettings& limits = settings_.limits;
  std::uint64_t awaited = 0;
  std::int64_t awaited_ns = 0;
  for (std::size_t i = 0; i < output_states_.size(); ++i) {
    if (output_states_[i].phase != PulsePhase::kAwaited) continue;
    ++awaited;
    awaited_ns += settings_.outputs[i].pulse_ns;
  }
  const std::int64_t pulse_ns = settings_.outputs[settings_.rules[rule].output].pulse_ns;
  const auto over = [&](std::uint64_t pulses, std::int64_t on_time_ns) {
    return (limits.max_pulses_per_session > 0 && pulses > limits.max_pulses_per_session) ||
           (limits.max_on_time_ns > 0 && on_time_ns > limits.max_on_time_ns);
  };
  if (over(pulses_ + 1, on_time_ns_ + pulse_ns)) {
    disarm(VetoReason::kLimitReached, kNoSource, 0, out);
    return {VetoReason::kLimitReached, static_cast<double>(pulses_),
            static_cast<double>(limits.max_pulses_per_session)};
  }
  // What other outputs have not yet answered for may take up the rest.
  if (over(pulses_ + awaited + 1, on_time_ns_ + awaited_ns + pulse_ns)) {
    return {VetoReason::kPulseRunning, static_cast<double>(awaited), 0.0};
  }
  return {};
}

void Trigger::veto(std::uint16_t rule, const Cause& cause, const Refusal& refusal, OutputBuffer& out) noexcept {
  VetoOutput& veto = out.add(OutputKind::kVeto, now_ns_, sample_).payload.veto;
  veto.cause = cause;
  veto.rule = rule;
  veto.reason = refusal.reason;
  veto.detail = refusal.detail;
  veto.required = refusal.required;
}

void Trigger::fire(std::uint16_t rule, Arm arm, const Cause& cause, const InputEvent& deciding,
                   OutputBuffer& out) noexcept {
  const RuleSettings& settings = settings_.rules[rule];
  OutputState& output = output_states_[settings.output];
  output.phase = PulsePhase::kAwaited;
  output.stopped = false;
  output.rule = rule;
  output.trigger_id = next_trigger_id_++;
  output.decided_ns = now_ns_;
  output.issued_mono_ns = now_mono_ns_;
  output.cause = cause;
  TriggerOutput& trigger = out.add(OutputKind::kTrigger, now_ns_, sample_).payload.trigger;
  trigger.cause = cause;
  trigger.valid_until_ns = now_ns_ + settings.valid_for_ns;
  trigger.decided_arrival_mono_ns = deciding.arrival_mono_ns;
  trigger.pulse_ms = static_cast<float>(milliseconds(settings_.outputs[settings.output].pulse_ns));
  trigger.p_state = probability_of(settings.state);
  trigger.trigger_id = output.trigger_id;
  trigger.rule = rule;
  trigger.output = settings.output;
  trigger.arm = arm;
}

float Trigger::probability_of(SleepState state) const noexcept {
  switch (state) {
    case SleepState::kWake:
      return sleep_.p_wake;
    case SleepState::kNrem:
      return sleep_.p_nrem;
    case SleepState::kRem:
      return sleep_.p_rem;
    case SleepState::kUnknown:
      break;
  }
  return 0.0F;
}

}  // namespace vturn::trigger
