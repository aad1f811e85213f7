// Inhibits of DESIGN §3: each refuses stimulation, clears by itself once its cause has been gone for its hold time, and
// ends a running pulse.
#include <catch2/catch.hpp>

#include "tests/unit/trigger/rig.hpp"

using namespace vturn;
using namespace vturn::trigger;
using vturn::trigger::test::kMs;
using vturn::trigger::test::one_rule;
using vturn::trigger::test::Rig;

TEST_CASE("with everything on, a turn fires") {
  Rig rig(one_rule());
  rig.ready();
  const TriggerOutput fired = rig.fires();
  CHECK(fired.arm == Arm::kStim);
  CHECK(fired.pulse_ms == 10.0F);
  CHECK(fired.p_state == 0.99F);
  CHECK(fired.valid_until_ns == rig.session_ns + 100 * kMs);
  CHECK(fired.decided_arrival_mono_ns == rig.mono_ns - rig.age_ns);
  CHECK(fired.cause.kind == CauseKind::kTurn);
  CHECK(rig.vetoes().empty());
}

TEST_CASE("an inhibit holds until its cause has been gone for the hold time, to the nanosecond") {
  Rig rig(one_rule());
  rig.ready();
  const auto check_hold = [&](VetoReason reason, std::int64_t hold_ns, auto&& keep_alive) {
    CHECK(rig.refused() == reason);
    const SessionNs gone_ns = rig.session_ns;
    keep_alive(hold_ns - 10 * kMs);
    rig.session_ns = gone_ns + hold_ns - 1;
    CHECK(rig.refused() == reason);
    rig.session_ns += 1;
    rig.fires();
    rig.live(20 * kMs);
  };
  const auto live = [&](std::int64_t ns) { rig.live(ns); };

  rig.source(0, SourceChange::kGap);
  check_hold(VetoReason::kGap, kNsPerS, live);
  rig.source(0, SourceChange::kOverflow);
  check_hold(VetoReason::kGap, kNsPerS, live);

  rig.sleep(SleepState::kRem, 0.99F, true);
  rig.live(5 * kNsPerS);
  CHECK(rig.refused() == VetoReason::kMovement);
  rig.sleep(SleepState::kRem);
  check_hold(VetoReason::kMovement, 2 * kNsPerS, live);

  rig.source(0, SourceChange::kClock, 5 * kMs + 1);
  rig.live(5 * kNsPerS);
  CHECK(rig.refused() == VetoReason::kClockUncertain);
  rig.source(0, SourceChange::kClock, 5 * kMs);
  check_hold(VetoReason::kClockUncertain, kNsPerS, live);

  for (const RecorderState state : {RecorderState::kIncomplete, RecorderState::kOff}) {
    rig.recorder(state);
    rig.live(5 * kNsPerS);
    CHECK(rig.refused() == VetoReason::kNotRecorded);
    rig.recorder(RecorderState::kRecording);
    check_hold(VetoReason::kNotRecorded, kNsPerS, live);
  }
}

TEST_CASE("low evidence inhibits the rules that ask for evidence, others not") {
  TriggerSettings settings = one_rule();
  settings.rules[0].min_evidence_nats_per_spike = 0.2F;
  Rig rig(settings);
  rig.ready();
  rig.fires();
  rig.live(20 * kMs);
  rig.evidence(0.19F);
  CHECK(rig.refused() == VetoReason::kLowEvidence);
  CHECK(rig.vetoes()[0].detail == Approx(0.19));
  CHECK(rig.vetoes()[0].required == Approx(0.2));
  rig.evidence(std::numeric_limits<float>::quiet_NaN());
  CHECK(rig.refused() == VetoReason::kLowEvidence);
  rig.evidence(0.2F);
  rig.live(240 * kMs);
  CHECK(rig.refused() == VetoReason::kLowEvidence);
  rig.live(10 * kMs);
  rig.fires();

  Rig blind(one_rule());
  blind.ready();
  blind.evidence(-5.0F);
  blind.fires();
}

TEST_CASE("a wrong state inhibits, and the right one must have lasted for the dwell time") {
  TriggerSettings settings = one_rule();
  settings.rules[0].dwell_ns = 2 * kNsPerS;
  Rig rig(settings);
  rig.ready();
  rig.fires();
  for (const SleepState state : {SleepState::kWake, SleepState::kNrem}) {
    rig.sleep(state);
    CHECK(rig.refused() == VetoReason::kWrongState);
    rig.live(5 * kNsPerS);
    CHECK(rig.refused() == VetoReason::kWrongState);
    rig.sleep(SleepState::kRem);
    rig.live(2 * kNsPerS - 10 * kMs);
    CHECK(rig.refused() == VetoReason::kWrongState);
    rig.live(10 * kMs);
    rig.fires();
  }
  rig.sleep(SleepState::kUnknown);
  CHECK(rig.refused() == VetoReason::kStateUnknown);
  rig.sleep(SleepState::kRem, 0.5F);
  rig.live(2 * kNsPerS);
  CHECK(rig.refused() == VetoReason::kLowStateProbability);
  rig.sleep(SleepState::kRem, 0.9F);
  rig.fires();
}

TEST_CASE("without a fresh sleep estimate the state is unknown") {
  Rig rig(one_rule());
  rig.ready();
  for (int i = 0; i < 150; ++i) {  // the electrodes go on, the sleep estimate does not
    rig.session_ns += 10 * kMs;
    rig.mono_ns += 10 * kMs;
    rig.data(0);
    rig.tick();
  }
  CHECK(rig.refused() == VetoReason::kStateUnknown);
  rig.sleep(SleepState::kRem);
  rig.fires();
}

TEST_CASE("a decision older than the rule allows is refused, and the next ones for the hold time") {
  Rig rig(one_rule());
  rig.ready();
  rig.age_ns = 20 * kMs;
  rig.fires();
  rig.live(20 * kMs);
  rig.age_ns = 20 * kMs + 1;
  CHECK(rig.refused() == VetoReason::kLateDecision);
  CHECK(rig.vetoes()[0].detail > 20.0);
  CHECK(rig.vetoes()[0].required == 20.0);
  rig.age_ns = kMs;
  rig.live(90 * kMs);
  CHECK(rig.refused() == VetoReason::kLateDecision);
  rig.live(10 * kMs);
  rig.fires();
}

TEST_CASE("a source that a rule rests on inhibits it when silent, another source does not") {
  TriggerSettings settings = one_rule();
  settings.sources.push_back({false, false, false, 500 * kMs});
  settings.rules.push_back(settings.rules[0]);
  settings.rules[0].sources = 1;
  settings.rules[1].sources = 3;
  settings.outputs.push_back(settings.outputs[0]);
  settings.rules[1].output = 1;
  Rig rig(settings);
  rig.ready();
  for (int i = 0; i < 50; ++i) {
    rig.session_ns += 10 * kMs;
    rig.mono_ns += 10 * kMs;
    rig.data(0);
    rig.tick();
  }
  rig.mono_ns += kMs;  // 501 ms of silence at the second source
  rig.sleep(SleepState::kRem);
  rig.said.clear();
  rig.turn();
  REQUIRE(rig.triggers().size() == 1);
  CHECK(rig.triggers()[0].rule == 0);
  REQUIRE(rig.vetoes().size() == 1);
  CHECK(rig.vetoes()[0].rule == 1);
  CHECK(rig.vetoes()[0].reason == VetoReason::kSourceSilent);
  rig.result(OutputResult::kFired, rig.triggers()[0]);
  CHECK(rig.trigger.armed());

  rig.live(2 * kNsPerS);
  rig.source(1, SourceChange::kClock, 6 * kMs);
  rig.source(1, SourceChange::kGap);
  rig.said.clear();
  rig.turn();
  REQUIRE(rig.vetoes().size() == 1);
  CHECK(rig.vetoes()[0].rule == 1);
  CHECK(rig.vetoes()[0].reason == VetoReason::kGap);
  CHECK(rig.triggers().size() == 1);
}

TEST_CASE("a mapped source whose clock uncertainty nobody has told inhibits") {
  TriggerSettings settings = one_rule();
  settings.sources.push_back({false, true, false, kNsPerS});
  settings.rules[0].sources = 2;
  Rig rig(settings);
  CHECK((rig.trigger.inhibits() >> static_cast<unsigned>(VetoReason::kClockUncertain) & 1U) == 1U);
  rig.ready();
  rig.fires();
}

TEST_CASE("a motion signal lost while armed inhibits, unless its absence is acknowledged") {
  Rig rig(one_rule());
  rig.ready();
  rig.asleep.motion_unmeasured = 1;
  rig.live(200 * kMs);
  CHECK(rig.refused() == VetoReason::kNoMotionSignal);
  CHECK(rig.trigger.armed());
  rig.command(CommandKind::kAcknowledgeNoMotion);
  rig.live(3 * kNsPerS);
  rig.fires();
}

TEST_CASE("a master whose data make no events is alive by its clock") {
  Rig rig(one_rule());
  rig.ready();
  for (int i = 0; i < 300; ++i) {
    rig.session_ns += 10 * kMs;
    rig.mono_ns += 10 * kMs;
    rig.source(0, SourceChange::kClock, 0);
    rig.tick();
  }
  CHECK(rig.trigger.armed());
}

TEST_CASE("movement does not inhibit a rule that is meant for the moving animal") {
  TriggerSettings settings = one_rule();
  settings.rules[0].state = SleepState::kWake;
  settings.rules[0].movement_inhibits = false;
  Rig rig(settings);
  rig.ready();
  rig.sleep(SleepState::kWake, 0.99F, true);
  rig.fires();
}

TEST_CASE("inhibits are published on and off, with how long they held") {
  Rig rig(one_rule());
  rig.ready();
  rig.source(0, SourceChange::kGap);
  REQUIRE(rig.changes(SessionChange::kInhibitOn).size() == 1);
  CHECK(rig.changes(SessionChange::kInhibitOn)[0].reason == VetoReason::kGap);
  CHECK(rig.changes(SessionChange::kInhibitOn)[0].source == 0);
  CHECK(rig.trigger.inhibits() == 1U << static_cast<unsigned>(VetoReason::kGap));
  rig.live(500 * kMs);
  rig.source(0, SourceChange::kGap);
  rig.live(990 * kMs);
  CHECK(rig.changes(SessionChange::kInhibitOff).empty());
  rig.live(10 * kMs);
  REQUIRE(rig.changes(SessionChange::kInhibitOff).size() == 1);
  CHECK(rig.changes(SessionChange::kInhibitOff)[0].value_ns == 1500 * kMs);
  CHECK(rig.changes(SessionChange::kInhibitOn).size() == 1);
  CHECK(rig.trigger.inhibits() == 0);
  CHECK(rig.trigger.armed());
}

TEST_CASE("each inhibit ends a running pulse, once") {
  TriggerSettings settings = one_rule();
  settings.outputs[0].pulse_ns = 200 * kMs;
  settings.rules[0].min_evidence_nats_per_spike = 0.2F;
  const auto stopped_by = [&](auto&& cause) {
    Rig rig(settings);
    rig.ready();
    const TriggerOutput fired = rig.fires();
    rig.live(50 * kMs);
    rig.said.clear();
    cause(rig);
    REQUIRE(rig.stops().size() == 1);
    CHECK(rig.stops()[0].trigger_id == fired.trigger_id);
    CHECK(rig.stops()[0].output == 0);
    const VetoReason reason = rig.stops()[0].reason;
    cause(rig);
    CHECK(rig.stops().size() == 1);
    return reason;
  };
  CHECK(stopped_by([](Rig& rig) { rig.source(0, SourceChange::kGap); }) == VetoReason::kGap);
  CHECK(stopped_by([](Rig& rig) { rig.sleep(SleepState::kRem, 0.99F, true); }) == VetoReason::kMovement);
  CHECK(stopped_by([](Rig& rig) { rig.sleep(SleepState::kWake); }) == VetoReason::kWrongState);
  CHECK(stopped_by([](Rig& rig) { rig.evidence(0.0F); }) == VetoReason::kLowEvidence);
  CHECK(stopped_by([](Rig& rig) { rig.recorder(RecorderState::kOff); }) == VetoReason::kNotRecorded);
  CHECK(stopped_by([](Rig& rig) { rig.source(0, SourceChange::kClock, kNsPerS); }) == VetoReason::kClockUncertain);
  CHECK(stopped_by([](Rig& rig) { rig.source(0, SourceChange::kDown); }) == VetoReason::kSourceSilent);
  CHECK(stopped_by([](Rig& rig) {
          rig.age_ns = 30 * kMs;
          rig.turn();
        }) == VetoReason::kLateDecision);
}

TEST_CASE("a pulse that is over is not stopped") {
  Rig rig(one_rule());
  rig.ready();
  rig.fires();
  rig.live(10 * kMs);
  rig.said.clear();
  rig.source(0, SourceChange::kGap);
  CHECK(rig.stops().empty());
}
