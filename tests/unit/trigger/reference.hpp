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
  explicit Reference(const TriggerSettings& rig);

  std::vector<Said> input(const InputEvent& e);

  std::vector<Said> observe(const OutputEvent& o, const InputEvent& deciding);

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

  std::int64_t hold(VetoReason reason, int i) const;
  bool concerns(const Span& span, int i) const {
    if (span.rule >= 0) return span.rule == i;
    if (span.source >= 0) return (rule(i).sources & (1U << span.source)) != 0;
    const bool movement = span.reason == VetoReason::kMovement || span.reason == VetoReason::kNoMotionSignal;
    return !movement || rule(i).movement_inhibits;
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
  void mark(VetoReason reason, int source, int i, bool present);
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

  void source(const InputEvent& e);
  void command(const CommandInput& c);
  void answer(const OutputResultInput& r);
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

  VetoReason why_not(int i);
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
  bool acknowledged = false;
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
