#pragma once

#include <catch2/catch.hpp>
#include <vector>

#include "daemon/trigger/trigger.hpp"

namespace vturn::trigger::test {

inline constexpr std::int64_t kMs = kNsPerMs;

/// One animal asleep, with an electrode source (0, master) and a rule that fires on any turn in REM.
inline TriggerSettings one_rule() {
  TriggerSettings settings;
  settings.sources = {{true, true, true, kNsPerS}};
  settings.outputs = {{10 * kMs}};
  RuleSettings rule;
  rule.sources = 1;
  rule.refractory_ns = 0;
  rule.max_per_minute = 0;
  rule.max_per_session = 0;
  settings.rules = {rule};
  settings.limits.duty_max = 1.0;
  settings.limits.max_inhibits_per_hour = 0;
  settings.seed = 7;
  return settings;
}

/// Drives a Trigger as the engine would: every step is an input event, then the outputs that the step recognised.
/// Session and monotonic time go together unless a test parts them.
class Rig {
 public:
  explicit Rig(const TriggerSettings& settings) : settings_(settings) { trigger.prepare(settings); }

  InputEvent event(InputKind kind) const {
    InputEvent event;
    event.kind = kind;
    event.session_time_ns = session_ns;
    event.arrival_mono_ns = mono_ns - age_ns;
    event.now_mono_ns = mono_ns;
    return event;
  }
  void input(const InputEvent& event) {
    out.clear();
    trigger.input(event, out);
    keep();
  }
  void data(SourceIndex source) {
    InputEvent lfp = event(InputKind::kLfp);
    lfp.source = source;
    input(lfp);
  }
  void tick() { input(event(InputKind::kTick)); }
  void command(CommandKind kind, std::int64_t value_ns = 0) {
    InputEvent command = event(InputKind::kCommand);
    command.payload.command = {};
    command.payload.command.command = kind;
    command.payload.command.value_ns = value_ns;
    command.payload.command.request = ++requests;
    input(command);
  }
  void source(SourceIndex index, SourceChange change, std::int64_t value_ns = 0, bool spikes = false) {
    InputEvent told = event(InputKind::kSource);
    told.source = index;
    told.payload.source = {};
    told.payload.source.change = change;
    told.payload.source.value_ns = value_ns;
    told.payload.source.carries_spikes = spikes ? 1 : 0;
    input(told);
  }
  void recorder(RecorderState state) {
    InputEvent told = event(InputKind::kRecorder);
    told.payload.recorder = {state, 0};
    input(told);
  }
  void result(OutputResult result, const TriggerOutput& of) {
    InputEvent told = event(InputKind::kOutputResult);
    told.payload.output = {result, of.output, of.rule, of.trigger_id, mono_ns};
    input(told);
  }
  void sleep(SleepState state, float probability = 0.99F, bool moving = false) {
    OutputEvent told = output(OutputKind::kSleep);
    told.payload.sleep = {};
    told.payload.sleep.state = state;
    told.payload.sleep.moving = moving ? 1 : 0;
    told.payload.sleep.p_wake = state == SleepState::kWake ? probability : 0.0F;
    told.payload.sleep.p_nrem = state == SleepState::kNrem ? probability : 0.0F;
    told.payload.sleep.p_rem = state == SleepState::kRem ? probability : 0.0F;
    asleep = told.payload.sleep;
    observe(told);
  }
  void evidence(float nats) {
    OutputEvent told = output(OutputKind::kHeading);
    told.payload.heading = {};
    told.payload.heading.evidence_nats_per_spike = nats;
    observe(told);
  }
  /// Everything goes on for this long: data from all sources, ticks, the last sleep estimate ten times a second.
  void live(std::int64_t duration_ns) {
    for (const std::int64_t end_ns = session_ns + duration_ns; session_ns < end_ns;) {
      const std::int64_t step_ns = std::min<std::int64_t>(10 * kMs, end_ns - session_ns);
      session_ns += step_ns;
      mono_ns += step_ns;
      for (SourceIndex i = 0; i < settings_.sources.size(); ++i) data(i);
      tick();
      if (++ticks % 10 == 0) {
        OutputEvent told = output(OutputKind::kSleep);
        told.payload.sleep = asleep;
        observe(told);
      }
    }
  }
  /// Recording, in the first rule's state, self-tested and armed, with all hold times over.
  void ready(std::int64_t armed_for_ns = 86400 * kNsPerS) {
    recorder(RecorderState::kRecording);
    for (SourceIndex i = 0; i < settings_.sources.size(); ++i) source(i, SourceChange::kClock, 0);
    live(10 * kMs);
    sleep(settings_.rules[0].state);
    evidence(1.0F);
    live(3 * kNsPerS);
    command(CommandKind::kSelfTest, 1);
    command(CommandKind::kArm, armed_for_ns);
    REQUIRE(trigger.armed());
    REQUIRE(trigger.inhibits() == 0);
    said.clear();
  }
  /// A turn decided by a spike now.
  void turn(Direction direction = Direction::kClockwise, TurnPhase phase = TurnPhase::kOnset) {
    OutputEvent told = output(OutputKind::kTurn);
    told.payload.turn = {};
    told.payload.turn.direction = direction;
    told.payload.turn.phase = phase;
    observe(told);
  }
  void population(Direction side) {
    OutputEvent told = output(OutputKind::kPopulation);
    told.payload.population = {};
    told.payload.population.side = side;
    observe(told);
  }
  void observe(const OutputEvent& told) {
    InputEvent spike = event(InputKind::kSpike);
    spike.source = 0;
    input(spike);
    out.clear();
    trigger.observe(told, spike, out);
    keep();
  }
  OutputEvent output(OutputKind kind) const {
    OutputEvent told;
    told.kind = kind;
    told.session_time_ns = session_ns + offset_ns;
    return told;
  }
  /// A turn that must fire, its output's answer given.
  TriggerOutput fires(OutputResult answer = OutputResult::kFired) {
    said.clear();
    turn();
    const auto fired = triggers();
    INFO("vetoed with reason " << (vetoes().empty() ? 0 : static_cast<int>(vetoes()[0].reason)));
    REQUIRE(fired.size() == 1);
    result(answer, fired[0]);
    return fired[0];
  }
  /// A turn that must be refused: the reason.
  VetoReason refused() {
    said.clear();
    turn();
    REQUIRE(triggers().empty());
    REQUIRE(vetoes().size() == 1);
    return vetoes()[0].reason;
  }

  std::vector<TriggerOutput> triggers() const {
    std::vector<TriggerOutput> found;
    for (const auto& e : said) {
      if (e.kind == OutputKind::kTrigger) found.push_back(e.payload.trigger);
    }
    return found;
  }
  std::vector<VetoOutput> vetoes() const {
    std::vector<VetoOutput> found;
    for (const auto& e : said) {
      if (e.kind == OutputKind::kVeto) found.push_back(e.payload.veto);
    }
    return found;
  }
  std::vector<PulseStopOutput> stops() const {
    std::vector<PulseStopOutput> found;
    for (const auto& e : said) {
      if (e.kind == OutputKind::kPulseStop) found.push_back(e.payload.pulse_stop);
    }
    return found;
  }
  std::vector<SessionOutput> changes(SessionChange change) const {
    std::vector<SessionOutput> found;
    for (const auto& e : said) {
      if (e.kind == OutputKind::kSession && e.payload.session.change == change) found.push_back(e.payload.session);
    }
    return found;
  }

  Trigger trigger;
  OutputBuffer out;
  std::vector<OutputEvent> said;  ///< all outputs since the last clear()
  SessionNs session_ns = 100 * kNsPerS;
  MonoNs mono_ns = 5000 * kNsPerS;
  std::int64_t age_ns = kMs / 10;  ///< of arriving events
  std::int64_t offset_ns = 0;      ///< of recognised outputs' time against the clock
  SleepOutput asleep{};
  std::uint32_t requests = 0;

 private:
  void keep() { said.insert(said.end(), out.events().begin(), out.events().end()); }
  TriggerSettings settings_;
  int ticks = 0;
};

}  // namespace vturn::trigger::test
