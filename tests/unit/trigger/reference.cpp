#include "tests/unit/trigger/reference.hpp"

namespace vturn::trigger::test {

Reference::Reference(const TriggerSettings& rig) : s(rig) {
  open(VetoReason::kMasterLost, -1, -1);
  open(VetoReason::kNotRecorded, -1, -1);
  open(VetoReason::kStateUnknown, -1, -1);
  for (int i = 0; i < static_cast<int>(s.sources.size()); ++i) {
    open(VetoReason::kSourceSilent, i, -1);
    if (!s.sources[static_cast<std::size_t>(i)].is_master) open(VetoReason::kClockUncertain, i, -1);
  }
  for (int i = 0; i < static_cast<int>(s.rules.size()); ++i) {
    open(VetoReason::kWrongState, -1, i);
    if (s.rules[static_cast<std::size_t>(i)].min_evidence_nats_per_spike > -1e30F)
      open(VetoReason::kLowEvidence, -1, i);
  }
  arrivals.resize(s.sources.size());
  down.assign(s.sources.size(), false);
}

std::vector<Said> Reference::input(const InputEvent& e) {
  said.clear();
  mono = e.now_mono_ns;
  const bool data = e.kind == InputKind::kSpike || e.kind == InputKind::kLfp || e.kind == InputKind::kTtl ||
                    e.kind == InputKind::kHeading;
  const bool known = e.source < s.sources.size();
  const bool life = data || (e.kind == InputKind::kSource && e.payload.source.change == SourceChange::kClock);
  if (e.kind == InputKind::kTick || (data && known && s.sources[e.source].is_master)) {
    if (!times.empty()) {
      const SessionNs newest = *std::max_element(times.begin(), times.end());
      if (e.session_time_ns - newest > 5 * kNsPerS || newest - e.session_time_ns > kNsPerS) shut(VetoReason::kNewEpoch);
    }
    times.push_back(e.session_time_ns);
  }
  if (latch == VetoReason::kNone && now() >= until) shut(VetoReason::kArmingLapsed);
  if (life && known) {
    const bool was_silent = is_present(VetoReason::kSourceSilent, e.source, -1);
    arrivals[e.source].push_back(e.arrival_mono_ns);
    down[e.source] = false;
    if (was_silent && heard_within(e.source, s.sources[e.source].silent_after_ns)) look_around();
  }
  if (e.kind == InputKind::kTick) {
    look_around();
    for (auto& p : pulses) {
      if (!p.answered && mono - p.asked_mono > s.output_timeout_ns) {
        shut(VetoReason::kOutputFailed);
        p.answered = p.charged = p.ended = true;
      }
    }
  }
  if (e.kind == InputKind::kSource && known) source(e);
  if (e.kind == InputKind::kCommand) command(e.payload.command);
  if (e.kind == InputKind::kOutputResult) answer(e.payload.output);
  if (e.kind == InputKind::kRecorder) {
    mark(VetoReason::kNotRecorded, -1, -1, e.payload.recorder.state != RecorderState::kRecording);
  }
  for (int i = 0; i < rule_count(); ++i) keep_promise(i, e);
  return sorted();
}

std::vector<Said> Reference::observe(const OutputEvent& o, const InputEvent& deciding) {
  said.clear();
  if (o.kind == OutputKind::kSleep) {
    sleeps.push_back({now(), o.payload.sleep});
    become(o.payload.sleep.state);
    mark(VetoReason::kStateUnknown, -1, -1, o.payload.sleep.state == SleepState::kUnknown);
    mark(VetoReason::kMovement, -1, -1, o.payload.sleep.moving != 0);
    const bool may_be_blind = acknowledged || s.motion_acknowledged_absent;
    mark(VetoReason::kNoMotionSignal, -1, -1, o.payload.sleep.motion_unmeasured != 0 && !may_be_blind);
  }
  if (o.kind == OutputKind::kHeading) {
    for (int i = 0; i < rule_count(); ++i) {
      const float least = rule(i).min_evidence_nats_per_spike;
      if (least > -1e30F) {
        mark(VetoReason::kLowEvidence, -1, i, !(o.payload.heading.evidence_nats_per_spike >= least));
      }
    }
  }
  for (int i = 0; i < rule_count(); ++i) {
    if (matches(i, o)) decide(i, o.session_time_ns, deciding);
  }
  return sorted();
}

std::int64_t Reference::hold(VetoReason reason, int i) const {
  switch (reason) {
    case VetoReason::kGap:
      return s.hold.gap_ns;
    case VetoReason::kMovement:
    case VetoReason::kNoMotionSignal:
      return s.hold.movement_ns;
    case VetoReason::kLowEvidence:
      return s.hold.low_evidence_ns;
    case VetoReason::kWrongState:
      return std::max(s.hold.wrong_state_ns, rule(i).dwell_ns);
    case VetoReason::kStateUnknown:
      return s.hold.state_unknown_ns;
    case VetoReason::kLateDecision:
      return s.hold.late_decision_ns;
    case VetoReason::kClockUncertain:
      return s.hold.clock_uncertain_ns;
    case VetoReason::kNotRecorded:
      return s.hold.not_recorded_ns;
    case VetoReason::kMasterLost:
      return s.hold.master_lost_ns;
    default:
      return s.hold.source_silent_ns;
  }
}

void Reference::mark(VetoReason reason, int source, int i, bool present) {
  if (present == is_present(reason, source, i)) return;
  if (!present) {
    for (Span& span : spans) {
      if (same(span, reason, source, i) && span.to == kOpen) span.to = now();
    }
    return;
  }
  const bool news = std::none_of(spans.begin(), spans.end(),
                                 [&](const Span& span) { return same(span, reason, source, i) && holds(span); });
  open(reason, source, i);
  if (!news) return;
  const bool used = source < 0 || std::any_of(s.rules.begin(), s.rules.end(),
                                              [&](const RuleSettings& r) { return (r.sources & (1U << source)) != 0; });
  if (!used) return;
  for (Pulse& p : pulses) {
    if (concerns(spans.back(), p.rule)) cut(p, reason);
  }
  const bool fault = reason == VetoReason::kGap || reason == VetoReason::kLateDecision ||
                     reason == VetoReason::kClockUncertain || reason == VetoReason::kNotRecorded ||
                     reason == VetoReason::kMasterLost || reason == VetoReason::kSourceSilent;
  if (!fault || !armed()) return;
  faults.push_back(now());
  const auto recent =
      std::count_if(faults.begin(), faults.end(), [&](SessionNs at) { return at > now() - 3600 * kNsPerS; });
  const std::uint32_t most = s.limits.max_inhibits_per_hour;
  if (most > 0 && recent > static_cast<std::int64_t>(most)) shut(VetoReason::kTooManyInhibits);
}

void Reference::source(const InputEvent& e) {
  const SourceInput& told = e.payload.source;
  const SourceSettings& settings = s.sources[e.source];
  switch (told.change) {
    case SourceChange::kEpoch:
      if (told.carries_spikes || told.carries_motion || settings.carries_spikes || settings.carries_motion) {
        become(SleepState::kUnknown);
        shut(VetoReason::kNewEpoch);
      }
      break;
    case SourceChange::kGap:
    case SourceChange::kOverflow:
      mark_once(VetoReason::kGap, e.source, -1);
      break;
    case SourceChange::kClock:
      mark(VetoReason::kClockUncertain, e.source, -1, told.value_ns < 0 || told.value_ns > s.max_clock_uncertainty_ns);
      break;
    case SourceChange::kDown:
      down[e.source] = true;
      arrivals[e.source].clear();
      look_around();
      break;
    default:
      break;
  }
}

void Reference::command(const CommandInput& c) {
  acknowledged = acknowledged || c.command == CommandKind::kAcknowledgeNoMotion;
  if (c.command == CommandKind::kSelfTest) {
    tested = c.value_ns == 1;
    if (!tested) shut(VetoReason::kSelfTestFailed);
  }
  if (c.command == CommandKind::kDisarm) {
    if (armed()) return shut(VetoReason::kOperator);
    latch = VetoReason::kOperator;
    said.emplace_back(Word::kDisarmed, static_cast<int>(latch), 0);
  }
  if (c.command != CommandKind::kArm) return;
  bool may = tested && c.value_ns > 0 && !totals_exceeded(0, 0, true) && heard_within(master(), s.master_lost_after_ns);
  for (int i = 0; i < static_cast<int>(s.sources.size()); ++i) {
    const bool used = std::any_of(s.rules.begin(), s.rules.end(),
                                  [&](const RuleSettings& r) { return (r.sources & (1U << i)) != 0; });
    may = may && (!used || heard_within(i, s.sources[static_cast<std::size_t>(i)].silent_after_ns));
  }
  if (!may) return void(said.emplace_back(Word::kArmRefused, 0, 0));
  if (!armed()) faults.clear();
  latch = VetoReason::kNone;
  until = now() + c.value_ns;
  said.emplace_back(Word::kArmed, 0, 0);
}

void Reference::answer(const OutputResultInput& r) {
  if (r.result == OutputResult::kFailed) {
    for (Pulse& p : pulses) {
      if (p.id == r.trigger_id && !p.answered) p.charged = true;
    }
    shut(VetoReason::kOutputFailed);
  }
  for (Pulse& p : pulses) {
    if (p.id != r.trigger_id || p.output != r.output || p.answered) continue;
    p.answered = true;
    if (r.result == OutputResult::kRefused)
      said.emplace_back(Word::kVeto, p.rule, static_cast<int>(VetoReason::kOutputRefused));
    p.consumed = r.result == OutputResult::kFired || r.result == OutputResult::kSham;
    p.charged = r.result != OutputResult::kRefused;
    p.ended = !p.consumed;
  }
}

VetoReason Reference::why_not(int i) {
  if (!armed()) return latch;
  for (const VetoReason reason :
       {VetoReason::kMasterLost, VetoReason::kNotRecorded, VetoReason::kSourceSilent, VetoReason::kGap,
        VetoReason::kClockUncertain, VetoReason::kStateUnknown, VetoReason::kWrongState, VetoReason::kMovement,
        VetoReason::kNoMotionSignal, VetoReason::kLowEvidence, VetoReason::kLateDecision}) {
    for (const Span& span : spans) {
      if (span.reason == reason && concerns(span, i) && holds(span)) return reason;
    }
  }
  const RuleSettings& r = rule(i);
  const SleepOutput& slept = sleeps.back().what;
  const float p = r.state == SleepState::kRem    ? slept.p_rem
                  : r.state == SleepState::kNrem ? slept.p_nrem
                                                 : slept.p_wake;
  if (p < r.min_state_probability) return VetoReason::kLowStateProbability;
  for (const Pulse& pulse : pulses) {
    if (pulse.output == r.output && running(pulse)) return VetoReason::kPulseRunning;
  }
  for (const Promise& promise : promises) {
    if (promise.rule == i && !promise.kept) return VetoReason::kRefractory;
  }
  std::uint32_t minute = 0, session = 0;
  SessionNs on = pulse_length(r.output);
  for (const Pulse& pulse : pulses) {
    if (!pulse.charged) continue;
    if (pulse.output == r.output && pulse.at > now() - s.limits.duty_window_ns) on += pulse_length(r.output);
    if (pulse.rule != i) continue;
    if (now() - pulse.at < r.refractory_ns) return VetoReason::kRefractory;
    ++session;
    if (pulse.at > now() - 60 * kNsPerS) ++minute;
  }
  if (r.max_per_minute > 0 && minute >= r.max_per_minute) return VetoReason::kMaxPerMinute;
  if (r.max_per_session > 0 && session >= r.max_per_session) return VetoReason::kMaxPerSession;
  if (static_cast<double>(on) > s.limits.duty_max * static_cast<double>(s.limits.duty_window_ns))
    return VetoReason::kDuty;
  if (totals_exceeded(1, pulse_length(r.output), false)) {
    shut(VetoReason::kLimitReached);
    return VetoReason::kLimitReached;
  }
  std::uint64_t unanswered = 1;
  SessionNs unanswered_ns = pulse_length(r.output);
  for (const Pulse& pulse : pulses) {
    if (pulse.answered) continue;
    ++unanswered;
    unanswered_ns += pulse_length(pulse.output);
  }
  return totals_exceeded(unanswered, unanswered_ns, false) ? VetoReason::kPulseRunning : VetoReason::kNone;
}

}  // namespace vturn::trigger::test
