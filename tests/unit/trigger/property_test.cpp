// The trigger against an independent reference over random nights: every decision, stop and disarm must agree, step by
// step, and the nights must be wild enough for every reason of refusal to occur.
#include <catch2/catch.hpp>
#include <random>
#include <set>

#include "tests/unit/trigger/reference.hpp"

using namespace vturn;
using namespace vturn::trigger;
using namespace vturn::trigger::test;

namespace {

class Night {
 public:
  explicit Night(unsigned seed) : random_(seed), settings_(random_settings()), rig_(settings_), reference_(settings_) {}

  void run(int steps) {
    begin();
    for (step_ = 0; step_ < steps; ++step_) {
      REQUIRE(rig_.trigger.armed() == reference_.armed());
      one_step();
    }
    for (std::size_t i = 0; i < settings_.rules.size(); ++i) {
      REQUIRE(rig_.trigger.consumed(i) == reference_.consumed(static_cast<int>(i)));
    }
  }

  std::set<int> reasons;
  std::set<int> arms;
  int triggers = 0;

 private:
  bool chance(double p) { return std::uniform_real_distribution<>(0.0, 1.0)(random_) < p; }
  std::int64_t any(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random_);
  }

  TriggerSettings random_settings() {
    TriggerSettings s;
    s.sources = {
        {true, true, true, kNsPerS}, {false, chance(0.5), false, any(200, 1500) * kMs}, {false, false, false, kNsPerS}};
    s.outputs = {{any(1, 80) * kMs}, {any(1, 300) * kMs}};
    s.limits.duty_max = chance(0.5) ? 1.0 : 0.15;
    s.limits.duty_window_ns = any(5, 20) * kNsPerS;
    s.limits.max_pulses_per_session = chance(0.5) ? 0 : static_cast<std::uint64_t>(any(30, 200));
    s.limits.max_on_time_ns = chance(0.7) ? 0 : any(1, 5) * kNsPerS;
    s.limits.max_inhibits_per_hour = chance(0.5) ? 0 : static_cast<std::uint32_t>(any(3, 30));
    s.hold.movement_ns = any(0, 1000) * kMs;
    s.hold.state_unknown_ns = any(0, 300) * kMs;
    s.hold.wrong_state_ns = any(0, 300) * kMs;
    s.hold.gap_ns = s.hold.clock_uncertain_ns = s.hold.not_recorded_ns = any(100, 800) * kMs;
    s.seed = random_();
    for (int i = 0; i < 5; ++i) {
      RuleSettings r;
      r.when = i == 4 ? CauseKind::kSleep : i == 3 ? CauseKind::kPopulation : CauseKind::kTurn;
      r.direction = i == 4 ? Direction::kNone : static_cast<Direction>(any(0, 2));
      r.state = i == 2 ? SleepState::kWake : SleepState::kRem;
      r.movement_inhibits = i != 2;
      r.arms = {0.4, 0.3, 0.3};
      r.output = static_cast<std::uint8_t>(any(0, 1));
      r.refractory_ns = any(0, 400) * kMs;
      r.max_per_minute = chance(0.5) ? 0 : static_cast<std::uint32_t>(any(1, 20));
      r.max_per_session = chance(0.5) ? 0 : static_cast<std::uint32_t>(any(5, 60));
      if (chance(0.5)) r.min_evidence_nats_per_spike = 0.2F;
      r.dwell_ns = any(0, 1000) * kMs;
      r.delay_ns = any(0, 300) * kMs;
      r.sources = static_cast<std::uint32_t>(any(1, 3));
      s.rules.push_back(r);
    }
    return s;
  }

  void send(const InputEvent& event) {
    compare(reference_.input(event), [&] { rig_.input(event); });
  }
  void see(const OutputEvent& told) {
    InputEvent spike = rig_.event(InputKind::kSpike);
    spike.source = 0;
    send(spike);
    compare(reference_.observe(told, spike), [&] {
      rig_.out.clear();
      rig_.trigger.observe(told, spike, rig_.out);
      rig_.said.insert(rig_.said.end(), rig_.out.events().begin(), rig_.out.events().end());
    });
  }

  template <class Act>
  void compare(const std::vector<Said>& expected, Act&& act) {
    rig_.said.clear();
    act();
    std::vector<Said> got;
    for (const OutputEvent& e : rig_.said) note(e, got);
    std::sort(got.begin(), got.end());
    if (got != expected) {
      INFO("step " << step_ << ": " << text(got) << " instead of " << text(expected));
      REQUIRE(got == expected);
    }
  }
  void note(const OutputEvent& e, std::vector<Said>& got) {
    if (e.kind == OutputKind::kTrigger) {
      got.emplace_back(Word::kTrigger, e.payload.trigger.rule, static_cast<int>(e.payload.trigger.arm));
      waiting_.push_back(e.payload.trigger);
      arms.insert(static_cast<int>(e.payload.trigger.arm));
      ++triggers;
    } else if (e.kind == OutputKind::kVeto) {
      got.emplace_back(Word::kVeto, e.payload.veto.rule, static_cast<int>(e.payload.veto.reason));
      reasons.insert(static_cast<int>(e.payload.veto.reason));
    } else if (e.kind == OutputKind::kPulseStop) {
      got.emplace_back(Word::kStop, e.payload.pulse_stop.output, static_cast<int>(e.payload.pulse_stop.reason));
    } else if (e.kind == OutputKind::kSession) {
      const SessionOutput& s = e.payload.session;
      if (s.change == SessionChange::kDisarmed) got.emplace_back(Word::kDisarmed, static_cast<int>(s.reason), 0);
      if (s.change == SessionChange::kArmed) got.emplace_back(Word::kArmed, 0, 0);
      if (s.change == SessionChange::kArmRefused) got.emplace_back(Word::kArmRefused, 0, 0);
    }
  }
  static std::string text(const std::vector<Said>& said) {
    std::string all = "{";
    for (const auto& [word, a, b] : said) {
      all += " (" + std::to_string(static_cast<int>(word)) + " " + std::to_string(a) + " " + std::to_string(b) + ")";
    }
    return all + " }";
  }

  void begin() {
    recorder(RecorderState::kRecording);
    for (SourceIndex i = 0; i < 3; ++i) source(i, SourceChange::kClock, 0);
  }
  void recorder(RecorderState state) {
    InputEvent e = rig_.event(InputKind::kRecorder);
    e.payload.recorder = {state, 0};
    send(e);
  }
  void source(SourceIndex index, SourceChange change, std::int64_t value_ns) {
    InputEvent e = rig_.event(InputKind::kSource);
    e.source = index;
    e.payload.source = {};
    e.payload.source.change = change;
    e.payload.source.value_ns = value_ns;
    send(e);
  }
  void command(CommandKind kind, std::int64_t value_ns) {
    InputEvent e = rig_.event(InputKind::kCommand);
    e.payload.command = {};
    e.payload.command.command = kind;
    e.payload.command.value_ns = value_ns;
    send(e);
  }

  void time_goes_on() {
    const std::int64_t step_ns = any(1, 30) * kMs;
    rig_.mono_ns += step_ns;
    if (stalled_ > 0) {
      --stalled_;
    } else {
      rig_.session_ns += step_ns;
    }
    rig_.age_ns = chance(0.03) ? any(0, 60) * kMs : kMs / 10;
    for (SourceIndex i = 0; i < 3; ++i) {
      if (i == 0 && stalled_ > 0) continue;
      if (i == quiet_source_ && quiet_ > 0) continue;
      InputEvent e = rig_.event(InputKind::kLfp);
      e.source = i;
      send(e);
    }
    if (quiet_ > 0) --quiet_;
    send(rig_.event(InputKind::kTick));
  }
  void sleep() {
    if (chance(0.04)) state_ = static_cast<SleepState>(any(0, 3));
    if (chance(0.5) && state_ != SleepState::kRem) state_ = SleepState::kRem;
    OutputEvent told = rig_.output(OutputKind::kSleep);
    told.payload.sleep = {};
    told.payload.sleep.state = state_;
    told.payload.sleep.moving = chance(0.03) ? 1 : 0;
    told.payload.sleep.motion_unmeasured = chance(0.03) ? 1 : 0;
    const float p = chance(0.03) ? 0.5F : 0.95F;
    told.payload.sleep.p_rem = state_ == SleepState::kRem ? p : 0.0F;
    told.payload.sleep.p_wake = state_ == SleepState::kWake ? p : 0.0F;
    see(told);
  }
  void event() {
    OutputEvent told = rig_.output(chance(0.6) ? OutputKind::kTurn : OutputKind::kPopulation);
    const auto way = static_cast<Direction>(any(1, 2));
    if (chance(0.01)) told.session_time_ns += any(-5000, 5000) * kMs;
    if (told.kind == OutputKind::kTurn) {
      told.payload.turn = {};
      told.payload.turn.direction = way;
      told.payload.turn.phase = chance(0.9) ? TurnPhase::kOnset : TurnPhase::kEnd;
    } else {
      told.payload.population = {};
      told.payload.population.side = way;
    }
    see(told);
  }
  void answers() {
    while (!waiting_.empty() && chance(0.95)) {
      InputEvent e = rig_.event(InputKind::kOutputResult);
      const TriggerOutput& t = waiting_.front();
      const double dice = std::uniform_real_distribution<>(0.0, 1.0)(random_);
      const OutputResult result = dice < 0.9    ? (t.arm == Arm::kSham ? OutputResult::kSham : OutputResult::kFired)
                                  : dice < 0.95 ? OutputResult::kRefused
                                  : dice < 0.98 ? OutputResult::kStopped
                                                : OutputResult::kFailed;
      e.payload.output = {result, t.output, t.rule, t.trigger_id, rig_.mono_ns};
      const bool lost = chance(0.005);
      waiting_.erase(waiting_.begin());
      if (!lost) send(e);
    }
  }
  void mishap() {
    switch (any(0, 9)) {
      case 0:
        return source(static_cast<SourceIndex>(any(0, 2)), SourceChange::kGap, 0);
      case 1:
        return source(static_cast<SourceIndex>(any(0, 2)), SourceChange::kClock, any(0, 9) * kMs);
      case 2:
        return recorder(chance(0.7) ? RecorderState::kRecording : RecorderState::kIncomplete);
      case 3:
        return source(static_cast<SourceIndex>(any(0, 2)), SourceChange::kEpoch, 0);
      case 4:
        stalled_ = static_cast<int>(any(5, 90));
        return;
      case 5:
        quiet_source_ = static_cast<SourceIndex>(any(1, 2));
        quiet_ = static_cast<int>(any(5, 90));
        return;
      case 6:
        return command(CommandKind::kDisarm, 0);
      case 7:
        return command(CommandKind::kSelfTest, chance(0.5) ? 1 : 0);
      case 8:
        return source(static_cast<SourceIndex>(any(0, 2)), chance(0.3) ? SourceChange::kDown : SourceChange::kOverflow,
                      0);
      case 9:
        if (chance(0.3)) rig_.session_ns += chance(0.5) ? any(1, 3 * 3600) * kNsPerS : -any(500, 1500) * kMs;
        return;
    }
  }
  void one_step() {
    time_goes_on();
    if (step_ % 5 == 0 && !chance(0.01)) sleep();
    if (step_ % 3 == 0) {
      OutputEvent told = rig_.output(OutputKind::kHeading);
      told.payload.heading = {};
      told.payload.heading.evidence_nats_per_spike = chance(0.05) ? 0.1F : 0.4F;
      see(told);
    }
    if (chance(0.35)) event();
    answers();
    if (chance(0.012)) mishap();
    if (chance(0.1)) {
      recorder(RecorderState::kRecording);
      for (SourceIndex i = 0; i < 3; ++i) source(i, SourceChange::kClock, any(0, 4) * kMs);
    }
    if (!rig_.trigger.armed() && chance(0.1)) {
      command(CommandKind::kSelfTest, 1);
      command(CommandKind::kArm, any(-1, 60) * kNsPerS);
    }
  }

  std::mt19937 random_;
  TriggerSettings settings_;
  Rig rig_;
  Reference reference_;
  std::vector<TriggerOutput> waiting_;
  SleepState state_ = SleepState::kRem;
  int step_ = 0;
  int stalled_ = 0;
  int quiet_ = 0;
  SourceIndex quiet_source_ = 1;
};

}  // namespace

TEST_CASE("decision by decision like an independent reference, over random nights") {
  std::set<int> reasons;
  std::set<int> arms;
  int triggers = 0;
  for (unsigned seed = 1; seed <= 40; ++seed) {
    INFO("night " << seed);
    Night night(seed);
    night.run(1000);
    reasons.insert(night.reasons.begin(), night.reasons.end());
    arms.insert(night.arms.begin(), night.arms.end());
    triggers += night.triggers;
  }
  CHECK(arms.size() == 3);
  CHECK(triggers > 1000);
  for (const VetoReason reason : {VetoReason::kWrongState,      VetoReason::kLowStateProbability,
                                  VetoReason::kRefractory,      VetoReason::kMaxPerMinute,
                                  VetoReason::kMaxPerSession,   VetoReason::kDuty,
                                  VetoReason::kPulseRunning,    VetoReason::kGap,
                                  VetoReason::kMovement,        VetoReason::kLowEvidence,
                                  VetoReason::kLateDecision,    VetoReason::kClockUncertain,
                                  VetoReason::kNotRecorded,     VetoReason::kSourceSilent,
                                  VetoReason::kStateUnknown,    VetoReason::kArmingLapsed,
                                  VetoReason::kNewEpoch,        VetoReason::kLimitReached,
                                  VetoReason::kTooManyInhibits, VetoReason::kSelfTestFailed,
                                  VetoReason::kOperator,        VetoReason::kOutputFailed,
                                  VetoReason::kDaemonStart}) {
    INFO("reason " << static_cast<int>(reason));
    CHECK(reasons.count(static_cast<int>(reason)) == 1);
  }
}
