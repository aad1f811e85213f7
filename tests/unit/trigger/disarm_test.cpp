// Arming and disarming of DESIGN §3: what arming asks for, what disarms, that it stays so until armed again, and that
// it ends running pulses.
#include <catch2/catch.hpp>

#include "tests/unit/trigger/rig.hpp"

using namespace vturn;
using namespace vturn::trigger;
using vturn::trigger::test::kMs;
using vturn::trigger::test::one_rule;
using vturn::trigger::test::Rig;

namespace {

VetoReason refusal(Rig& rig) {
  const auto refused = rig.changes(SessionChange::kArmRefused);
  REQUIRE(refused.size() == 1);
  CHECK_FALSE(rig.trigger.armed());
  CHECK(refused[0].request == rig.requests);
  return refused[0].reason;
}

/// Disarmed for this reason, said once, and still so after everything has been well for a long time.
void check_latched(Rig& rig, VetoReason reason) {
  CHECK_FALSE(rig.trigger.armed());
  CHECK(rig.trigger.disarm_reason() == reason);
  REQUIRE(rig.changes(SessionChange::kDisarmed).size() == 1);
  CHECK(rig.changes(SessionChange::kDisarmed)[0].reason == reason);
  rig.sleep(SleepState::kRem);
  rig.live(10 * kNsPerS);
  CHECK(rig.refused() == reason);
  rig.command(CommandKind::kSelfTest, 1);
  rig.command(CommandKind::kArm, kNsPerS);
  CHECK(rig.trigger.armed());
  rig.fires();
}

}  // namespace

TEST_CASE("the daemon starts disarmed and says so to each rule that would fire") {
  Rig rig(one_rule());
  rig.recorder(RecorderState::kRecording);
  rig.live(kNsPerS);
  rig.sleep(SleepState::kRem);
  CHECK(rig.refused() == VetoReason::kDaemonStart);
}

TEST_CASE("another heading model disarms until armed again") {
  Rig rig(one_rule());
  rig.ready();
  rig.said.clear();
  rig.command(CommandKind::kLoadModel, 77);
  CHECK(rig.changes(SessionChange::kDisarmed)[0].request == rig.requests);
  check_latched(rig, VetoReason::kModelChanged);
}

TEST_CASE("a motion channel that the sleep model cannot tell movement by is none") {
  TriggerSettings settings = one_rule();
  settings.movement_told = false;
  Rig rig(settings);
  rig.live(kNsPerS);
  rig.command(CommandKind::kSelfTest, 1);
  rig.command(CommandKind::kArm, kNsPerS);
  CHECK(refusal(rig) == VetoReason::kNoMotionSignal);
  rig.command(CommandKind::kAcknowledgeNoMotion);
  rig.command(CommandKind::kArm, kNsPerS);
  CHECK(rig.trigger.armed());
}

TEST_CASE(
    "arming needs a duration, a passed self-test, living sources and a motion signal or its acknowledged absence") {
  TriggerSettings settings = one_rule();
  settings.sources[0].carries_motion = false;
  settings.sources.push_back({false, false, false, kNsPerS});
  settings.rules[0].sources = 3;
  Rig rig(settings);
  rig.command(CommandKind::kSelfTest, 1);
  rig.command(CommandKind::kArm, kNsPerS);
  CHECK(refusal(rig) == VetoReason::kMasterLost);

  rig.said.clear();
  rig.data(0);
  rig.command(CommandKind::kArm, kNsPerS);
  CHECK(refusal(rig) == VetoReason::kSourceSilent);
  CHECK(rig.changes(SessionChange::kArmRefused)[0].source == 1);

  rig.said.clear();
  rig.data(1);
  rig.command(CommandKind::kArm, kNsPerS);
  CHECK(refusal(rig) == VetoReason::kNoMotionSignal);

  rig.said.clear();
  rig.command(CommandKind::kAcknowledgeNoMotion);
  for (const std::int64_t duration_ns : {std::int64_t{0}, -kNsPerS, 86401 * kNsPerS}) {
    rig.said.clear();
    rig.command(CommandKind::kArm, duration_ns);
    CHECK(refusal(rig) == VetoReason::kNotArmed);
  }
  rig.command(CommandKind::kSelfTest, 0);
  rig.said.clear();
  rig.command(CommandKind::kArm, kNsPerS);
  CHECK(refusal(rig) == VetoReason::kSelfTestFailed);

  rig.command(CommandKind::kSelfTest, 1);
  rig.command(CommandKind::kArm, kNsPerS);
  REQUIRE(rig.changes(SessionChange::kArmed).size() == 1);
  CHECK(rig.changes(SessionChange::kArmed)[0].value_ns == rig.session_ns + kNsPerS);
  CHECK(rig.trigger.armed());
}

TEST_CASE("without a self-test, or with the rig file's word on motion") {
  TriggerSettings settings = one_rule();
  settings.sources[0].carries_motion = false;
  settings.motion_acknowledged_absent = true;
  Rig rig(settings);
  rig.live(kNsPerS);
  rig.command(CommandKind::kArm, kNsPerS);
  CHECK(refusal(rig) == VetoReason::kSelfTestFailed);
  rig.command(CommandKind::kSelfTest, 1);
  rig.command(CommandKind::kArm, kNsPerS);
  CHECK(rig.trigger.armed());
}

TEST_CASE("arming lapses after its duration of session time") {
  Rig rig(one_rule());
  rig.ready(10 * kNsPerS);
  const SessionNs until_ns = rig.session_ns + 10 * kNsPerS;
  rig.live(10 * kNsPerS - 10 * kMs);
  rig.session_ns = until_ns - 1;
  rig.fires();
  rig.session_ns = until_ns;
  CHECK(rig.refused() == VetoReason::kArmingLapsed);
  rig.said.clear();
  rig.command(CommandKind::kArm, kNsPerS);
  rig.live(20 * kMs);
  rig.fires();
}

TEST_CASE("arming lapses after 1 s without the clock master, whatever the ticks say") {
  TriggerSettings settings = one_rule();
  settings.sources.push_back({false, true, false, kNsPerS});
  settings.rules[0].sources = 2;
  Rig rig(settings);
  rig.age_ns = 0;
  rig.ready();
  const auto without_master = [&](std::int64_t duration_ns) {
    for (std::int64_t i = 0; i < duration_ns / (10 * kMs); ++i) {
      rig.mono_ns += 10 * kMs;
      rig.data(1);
      rig.tick();
    }
  };
  without_master(kNsPerS);
  CHECK(rig.trigger.armed());
  without_master(10 * kMs);
  CHECK((rig.trigger.inhibits() >> static_cast<unsigned>(VetoReason::kMasterLost) & 1U) == 1U);
  REQUIRE(rig.changes(SessionChange::kDisarmed).size() == 1);
  CHECK(rig.changes(SessionChange::kDisarmed)[0].reason == VetoReason::kArmingLapsed);
  rig.live(10 * kNsPerS);
  CHECK(rig.refused() == VetoReason::kArmingLapsed);
}

TEST_CASE("liveness counts from the arrival of the data, not from its handling") {
  Rig rig(one_rule());
  rig.ready();
  rig.mono_ns += 1500 * kMs;
  rig.age_ns = 1400 * kMs;  // a backlog: this arrived long ago
  rig.data(0);
  rig.tick();
  CHECK_FALSE(rig.trigger.armed());
}

TEST_CASE("a new epoch of a source with spikes or motion disarms; another source's does not") {
  TriggerSettings settings = one_rule();
  settings.sources[0].carries_motion = false;
  settings.sources[0].carries_spikes = false;
  settings.sources.push_back({false, false, false, kNsPerS});
  settings.motion_acknowledged_absent = true;
  {
    Rig rig(settings);
    rig.ready();
    rig.source(1, SourceChange::kEpoch);
    CHECK(rig.trigger.armed());
    rig.fires();
    rig.source(0, SourceChange::kEpoch, 0, true);  // the event itself says that it carries spikes
    check_latched(rig, VetoReason::kNewEpoch);
  }
  settings.sources[1].carries_motion = true;
  Rig rig(settings);
  rig.ready();
  rig.source(1, SourceChange::kEpoch);
  CHECK((rig.trigger.inhibits() >> static_cast<unsigned>(VetoReason::kStateUnknown) & 1U) == 1U);
  check_latched(rig, VetoReason::kNewEpoch);
}

TEST_CASE("the operator, a failed self-test, a failed output and one that does not answer disarm") {
  {
    Rig rig(one_rule());
    rig.ready();
    rig.command(CommandKind::kDisarm);
    CHECK(rig.changes(SessionChange::kDisarmed)[0].request == rig.requests);
    check_latched(rig, VetoReason::kOperator);
  }
  {
    Rig rig(one_rule());
    rig.ready();
    rig.command(CommandKind::kShutdown);
    check_latched(rig, VetoReason::kOperator);
  }
  {
    Rig rig(one_rule());
    rig.ready();
    rig.command(CommandKind::kSelfTest, 0);
    check_latched(rig, VetoReason::kSelfTestFailed);
  }
  {
    Rig rig(one_rule());
    rig.ready();
    rig.fires(OutputResult::kFailed);
    check_latched(rig, VetoReason::kOutputFailed);
  }
  Rig rig(one_rule());
  rig.ready();
  rig.turn();
  REQUIRE(rig.triggers().size() == 1);
  rig.live(kNsPerS);
  CHECK(rig.trigger.armed());
  rig.live(10 * kMs);
  check_latched(rig, VetoReason::kOutputFailed);
}

TEST_CASE("an operator's disarm is answered even when nothing was armed") {
  Rig rig(one_rule());
  rig.live(kNsPerS);
  rig.command(CommandKind::kDisarm);
  REQUIRE(rig.changes(SessionChange::kDisarmed).size() == 1);
  CHECK(rig.changes(SessionChange::kDisarmed)[0].request == rig.requests);
}

TEST_CASE("session totals disarm when the next pulse would exceed them, and arming is refused from then on") {
  TriggerSettings settings = one_rule();
  const bool by_time = GENERATE(false, true);
  if (by_time) {
    settings.limits.max_on_time_ns = 30 * kMs;
  } else {
    settings.limits.max_pulses_per_session = 3;
  }
  Rig rig(settings);
  rig.ready();
  for (int i = 0; i < 3; ++i) {
    rig.fires();
    rig.live(20 * kMs);
  }
  CHECK(rig.trigger.armed());
  rig.said.clear();
  rig.turn();
  REQUIRE(rig.vetoes().size() == 1);
  CHECK(rig.vetoes()[0].reason == VetoReason::kLimitReached);
  REQUIRE(rig.changes(SessionChange::kDisarmed).size() == 1);
  rig.said.clear();
  rig.command(CommandKind::kArm, kNsPerS);
  CHECK(refusal(rig) == VetoReason::kLimitReached);
}

TEST_CASE("more than K faults within an hour disarm; movement and sleep states are no faults") {
  TriggerSettings settings = one_rule();
  settings.limits.max_inhibits_per_hour = 3;
  Rig rig(settings);
  rig.ready();
  for (int i = 0; i < 10; ++i) {
    rig.sleep(SleepState::kWake, 0.99F, true);
    rig.live(100 * kMs);
    rig.sleep(SleepState::kRem);
    rig.live(3 * kNsPerS);
  }
  CHECK(rig.trigger.armed());
  for (int i = 0; i < 3; ++i) {
    rig.source(0, SourceChange::kGap);
    rig.live(2 * kNsPerS);
  }
  CHECK(rig.trigger.armed());
  rig.source(0, SourceChange::kGap);
  check_latched(rig, VetoReason::kTooManyInhibits);  // armed again, the count starts anew
  rig.source(0, SourceChange::kGap);
  CHECK(rig.trigger.armed());
}

TEST_CASE("faults older than an hour of session time are forgotten") {
  TriggerSettings settings = one_rule();
  settings.limits.max_inhibits_per_hour = 1;
  settings.sleep_stale_after_ns = 3600 * kNsPerS;
  Rig rig(settings);
  rig.ready();
  rig.source(0, SourceChange::kGap);
  for (int i = 0; i < 1800; ++i) {  // an hour in steps of 2 s
    rig.session_ns += 2 * kNsPerS;
    rig.mono_ns += 10 * kMs;
    rig.data(0);
    rig.tick();
  }
  rig.source(0, SourceChange::kGap);
  CHECK(rig.trigger.armed());
  rig.live(2 * kNsPerS);
  rig.source(0, SourceChange::kGap);
  CHECK_FALSE(rig.trigger.armed());
}

TEST_CASE("a disarm ends a running pulse and one still on its way to the output") {
  TriggerSettings settings = one_rule();
  settings.outputs[0].pulse_ns = 200 * kMs;
  const bool answered = GENERATE(true, false);
  Rig rig(settings);
  rig.ready();
  rig.turn();
  const TriggerOutput fired = rig.triggers().at(0);
  if (answered) rig.result(OutputResult::kFired, fired);
  rig.live(50 * kMs);
  rig.said.clear();
  rig.command(CommandKind::kDisarm);
  REQUIRE(rig.stops().size() == 1);
  CHECK(rig.stops()[0].trigger_id == fired.trigger_id);
  CHECK(rig.stops()[0].reason == VetoReason::kOperator);
  rig.result(answered ? OutputResult::kStopped : OutputResult::kFired, fired);
  CHECK(rig.trigger.consumed(0) == 1);
  CHECK(rig.stops().size() == 1);
}

TEST_CASE("time that jumps back or ahead fires nothing and disarms") {
  const std::int64_t jump_ns = GENERATE(-3600 * kNsPerS, -1001 * kMs, 6 * kNsPerS, 5 * 3600 * kNsPerS);
  Rig rig(one_rule());
  rig.ready();
  rig.fires();
  rig.live(20 * kMs);
  rig.said.clear();
  rig.session_ns += jump_ns;
  rig.turn();
  CHECK(rig.triggers().empty());
  REQUIRE(rig.vetoes().size() == 1);
  CHECK(rig.vetoes()[0].reason == VetoReason::kNewEpoch);
  CHECK_FALSE(rig.trigger.armed());
}

TEST_CASE("an event that lies an hour from the master's time never fires, and disarms nothing") {
  Rig rig(one_rule());
  rig.ready();
  rig.offset_ns = 3600 * kNsPerS;
  CHECK(rig.refused() == VetoReason::kClockUncertain);
  rig.offset_ns = -3600 * kNsPerS;
  CHECK(rig.refused() == VetoReason::kLateDecision);
  rig.offset_ns = -26 * kMs;  // the order stage's longest reordering is of the present
  rig.fires();
}
