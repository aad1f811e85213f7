#pragma once

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>
#include <vector>

#include "daemon/trigger/arms.hpp"
#include "tests/unit/trigger/rig.hpp"

namespace vturn::trigger::test {

/// What the trigger says in a step, reduced to what matters for safety. `a`, `b`: trigger: rule, arm; veto: rule,
/// reason; stop: output, reason; disarmed: reason; armed: 0.
enum class Word { kTrigger, kVeto, kStop, kDisarmed, kArmed, kArmRefused };
using Said = std::tuple<Word, int, int>;

/// The interlocks once more, written from DESIGN §3 as questions about the whole history: every fact is kept in a list
/// and each decision searches the lists. Nothing is carried forward but the histories, the latch and open promises.
/// Slow, simple, and without a line in common with the trigger.
class Reference {
 public:
  explicit Reference(const TriggerSettings& rig) : s(rig) {
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

  std::vector<Said> input(const InputEvent& e) {
    said.clear();
    mono = e.now_mono_ns;
    const bool data = e.kind == InputKind::kSpike || e.kind == InputKind::kLfp || e.kind == InputKind::kTtl ||
                      e.kind == InputKind::kHeading;
    const bool known = e.source < s.sources.size();
    if (e.kind == InputKind::kTick || (data && known && s.sources[e.source].is_master)) {
      if (!times.empty()) {
        const SessionNs newest = *std::max_element(times.begin(), times.end());
        if (e.session_time_ns - newest > 5 * kNsPerS || newest - e.session_time_ns > kNsPerS)
          shut(VetoReason::kNewEpoch);
      }
      times.push_back(e.session_time_ns);
    }
    if (latch == VetoReason::kNone && now() >= until) shut(VetoReason::kArmingLapsed);
    if (data && known) {
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

  std::vector<Said> observe(const OutputEvent& o, const InputEvent& deciding) {
    said.clear();
    if (o.kind == OutputKind::kSleep) {
      sleeps.push_back({now(), o.payload.sleep});
      become(o.payload.sleep.state);
      mark(VetoReason::kStateUnknown, -1, -1, o.payload.sleep.state == SleepState::kUnknown);
      mark(VetoReason::kMovement, -1, -1, o.payload.sleep.moving != 0);
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

  bool armed() const { return latch == VetoReason::kNone; }
  std::uint64_t consumed(int i) const {
    return static_cast<std::uint64_t>(
        std::count_if(pulses.begin(), pulses.end(), [&](const Pulse& p) { return p.rule == i && p.consumed; }));
  }

 private:
  struct Span {
    VetoReason reason;
    int source, rule;
    SessionNs from, to;  // to = kOpen while the cause is there
  };
  struct Pulse {
    int rule, output;
    std::uint32_t id;
    SessionNs at;
    MonoNs asked_mono;
    bool answered = false, charged = false, consumed = false, ended = false, stopped = false;
  };
  struct Promise {
    int rule;
    SessionNs due;
    bool kept = false;
  };
  struct Slept {
    SessionNs at;
    SleepOutput what;
  };
  static constexpr SessionNs kOpen = std::numeric_limits<SessionNs>::max();

  const RuleSettings& rule(int i) const { return s.rules[static_cast<std::size_t>(i)]; }
  int rule_count() const { return static_cast<int>(s.rules.size()); }
  SessionNs now() const { return times.empty() ? 0 : *std::max_element(times.begin(), times.end()); }
  SessionNs pulse_length(int output) const { return s.outputs[static_cast<std::size_t>(output)].pulse_ns; }
  std::vector<Said> sorted() {
    std::sort(said.begin(), said.end());
    return said;
  }

  std::int64_t hold(VetoReason reason, int i) const {
    switch (reason) {
      case VetoReason::kGap:
        return s.hold.gap_ns;
      case VetoReason::kMovement:
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
  bool concerns(const Span& span, int i) const {
    if (span.rule >= 0) return span.rule == i;
    if (span.source >= 0) return (rule(i).sources & (1U << span.source)) != 0;
    return span.reason != VetoReason::kMovement || rule(i).movement_inhibits;
  }
  bool holds(const Span& span) const { return span.to == kOpen || now() - span.to < hold(span.reason, span.rule); }
  bool same(const Span& span, VetoReason reason, int source, int i) const {
    return span.reason == reason && span.source == source && span.rule == i;
  }
  bool is_present(VetoReason reason, int source, int i) const {
    return std::any_of(spans.begin(), spans.end(),
                       [&](const Span& span) { return same(span, reason, source, i) && span.to == kOpen; });
  }
  void open(VetoReason reason, int source, int i) { spans.push_back({reason, source, i, now(), kOpen}); }
  void mark(VetoReason reason, int source, int i, bool present) {
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
    const bool used = source < 0 || std::any_of(s.rules.begin(), s.rules.end(), [&](const RuleSettings& r) {
                        return (r.sources & (1U << source)) != 0;
                      });
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
  void mark_once(VetoReason reason, int source, int i) {
    mark(reason, source, i, true);
    mark(reason, source, i, false);
  }

  bool heard_within(int source, std::int64_t ns) const {
    const auto& heard = arrivals[static_cast<std::size_t>(source)];
    if (down[static_cast<std::size_t>(source)] || heard.empty()) return false;
    return mono - *std::max_element(heard.begin(), heard.end()) <= ns;
  }
  int master() const {
    for (int i = 0; i < static_cast<int>(s.sources.size()); ++i) {
      if (s.sources[static_cast<std::size_t>(i)].is_master) return i;
    }
    return -1;
  }
  SleepState state() const { return state_log.empty() ? SleepState::kUnknown : state_log.back().second; }
  void look_around() {
    for (int i = 0; i < static_cast<int>(s.sources.size()); ++i) {
      mark(VetoReason::kSourceSilent, i, -1, !heard_within(i, s.sources[static_cast<std::size_t>(i)].silent_after_ns));
    }
    const bool lost = !heard_within(master(), s.master_lost_after_ns);
    mark(VetoReason::kMasterLost, -1, -1, lost);
    const bool stale = sleeps.empty() || now() - sleeps.back().at > s.sleep_stale_after_ns;
    mark(VetoReason::kStateUnknown, -1, -1, stale || state() == SleepState::kUnknown);
    if (lost) shut(VetoReason::kArmingLapsed);
  }
  void become(SleepState next) {
    if (next == state()) return;
    state_log.emplace_back(now(), next);
    entries_seen.clear();
    mark(VetoReason::kStateUnknown, -1, -1, next == SleepState::kUnknown);
    for (int i = 0; i < rule_count(); ++i) mark(VetoReason::kWrongState, -1, i, next != rule(i).state);
  }

  void source(const InputEvent& e) {
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
        mark(VetoReason::kClockUncertain, e.source, -1,
             told.value_ns < 0 || told.value_ns > s.max_clock_uncertainty_ns);
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
  void command(const CommandInput& c) {
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
    bool may =
        tested && c.value_ns > 0 && !totals_exceeded(0, 0, true) && heard_within(master(), s.master_lost_after_ns);
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
  void answer(const OutputResultInput& r) {
    if (r.result == OutputResult::kFailed) {
      for (Pulse& p : pulses) {
        if (p.id == r.trigger_id && !p.answered) p.charged = true;
      }
      shut(VetoReason::kOutputFailed);
    }
    for (Pulse& p : pulses) {
      if (p.id != r.trigger_id || p.output != r.output || p.answered) continue;
      p.answered = true;
      p.consumed = r.result == OutputResult::kFired || r.result == OutputResult::kSham;
      p.charged = r.result != OutputResult::kRefused;
      p.ended = !p.consumed;
    }
  }
  void shut(VetoReason reason) {
    if (!armed()) return;
    latch = reason;
    said.emplace_back(Word::kDisarmed, static_cast<int>(reason), 0);
    for (Pulse& p : pulses) cut(p, reason);
    for (Promise& promise : promises) {
      if (!promise.kept) said.emplace_back(Word::kVeto, promise.rule, static_cast<int>(reason));
      promise.kept = true;
    }
  }
  bool running(const Pulse& p) const {
    if (p.ended) return false;
    return !p.answered || (!p.stopped && now() < p.at + pulse_length(p.output));
  }
  void cut(Pulse& p, VetoReason reason) {
    if (p.stopped || !running(p)) return;
    p.stopped = true;
    said.emplace_back(Word::kStop, p.output, static_cast<int>(reason));
  }

  bool matches(int i, const OutputEvent& o) {
    const RuleSettings& r = rule(i);
    const auto way = [&](Direction d) { return r.direction == Direction::kNone || r.direction == d; };
    if (o.kind == OutputKind::kTurn) {
      return r.when == CauseKind::kTurn && o.payload.turn.phase == TurnPhase::kOnset && way(o.payload.turn.direction);
    }
    if (o.kind == OutputKind::kPopulation) return r.when == CauseKind::kPopulation && way(o.payload.population.side);
    if (o.kind != OutputKind::kSleep || r.when != CauseKind::kSleep || state() != r.state) return false;
    const SessionNs since = state_log.back().first;
    if (now() - since < std::max(s.hold.wrong_state_ns, r.dwell_ns) || entries_seen[i]) return false;
    return entries_seen[i] = true;
  }
  void keep_promise(int i, const InputEvent& e) {
    const auto is_due = [&](const Promise& p) { return p.rule == i && !p.kept && p.due <= now(); };
    const auto promise = std::find_if(promises.begin(), promises.end(), is_due);
    if (promise == promises.end()) return;
    look_around();
    mark_age(i, e);
    if (promise->kept) return;
    promise->kept = true;
    VetoReason why = now() - promise->due > kNsPerS ? VetoReason::kLateDecision : why_not(i);
    if (why == VetoReason::kNone) return ask(i, Arm::kDelayed);
    said.emplace_back(Word::kVeto, i, static_cast<int>(why));
  }
  void mark_age(int i, const InputEvent& deciding) {
    if (deciding.now_mono_ns - deciding.arrival_mono_ns > rule(i).max_decision_age_ns) {
      mark_once(VetoReason::kLateDecision, -1, i);
    }
  }
  void decide(int i, SessionNs at, const InputEvent& deciding) {
    look_around();
    mark_age(i, deciding);
    VetoReason why = latch;
    if (why == VetoReason::kNone && at - now() > kNsPerS) why = VetoReason::kClockUncertain;
    if (why == VetoReason::kNone && now() - at > kNsPerS) why = VetoReason::kLateDecision;
    if (why == VetoReason::kNone) why = why_not(i);
    if (why != VetoReason::kNone) return void(said.emplace_back(Word::kVeto, i, static_cast<int>(why)));
    const Arm arm = draw_arm(s.seed, static_cast<std::uint64_t>(i), consumed(i), rule(i).arms);
    if (arm == Arm::kDelayed) return promises.push_back({i, now() + rule(i).delay_ns});
    ask(i, arm);
  }
  void ask(int i, Arm arm) {
    pulses.push_back({i, rule(i).output, static_cast<std::uint32_t>(pulses.size() + 1), now(), mono});
    said.emplace_back(Word::kTrigger, i, static_cast<int>(arm));
  }

  VetoReason why_not(int i) {
    if (!armed()) return latch;
    for (const VetoReason reason :
         {VetoReason::kMasterLost, VetoReason::kNotRecorded, VetoReason::kSourceSilent, VetoReason::kGap,
          VetoReason::kClockUncertain, VetoReason::kStateUnknown, VetoReason::kWrongState, VetoReason::kMovement,
          VetoReason::kLowEvidence, VetoReason::kLateDecision}) {
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
  bool totals_exceeded(std::uint64_t more, SessionNs more_ns, bool or_reached) const {
    std::uint64_t count = more;
    SessionNs on = more_ns;
    for (const Pulse& p : pulses) {
      if (!p.charged) continue;
      ++count;
      on += pulse_length(p.output);
    }
    const auto over = [&](auto have, auto most) { return most > 0 && (have > most || (or_reached && have == most)); };
    return over(count, s.limits.max_pulses_per_session) || over(on, s.limits.max_on_time_ns);
  }

  TriggerSettings s;
  MonoNs mono = 0;
  SessionNs until = 0;
  VetoReason latch = VetoReason::kDaemonStart;
  bool tested = false;
  std::vector<SessionNs> times;
  std::vector<std::vector<MonoNs>> arrivals;
  std::vector<bool> down;
  std::vector<Span> spans;
  std::vector<Slept> sleeps;
  std::vector<std::pair<SessionNs, SleepState>> state_log;
  std::map<int, bool> entries_seen;
  std::vector<Pulse> pulses;
  std::vector<Promise> promises;
  std::vector<SessionNs> faults;
  std::vector<Said> said;
};

}  // namespace vturn::trigger::test
