// Rules: which events they match, their limits at the edges, and what an output's answer does to them.
#include <catch2/catch.hpp>

#include "tests/unit/trigger/rig.hpp"

using namespace vturn;
using namespace vturn::trigger;
using vturn::trigger::test::kMs;
using vturn::trigger::test::one_rule;
using vturn::trigger::test::Rig;

namespace {

/// Fires, is to be stopped by movement, and is not.
Rig with_unstoppable_pulse(std::int64_t pulse_ns) {
  TriggerSettings settings = one_rule();
  settings.outputs[0].pulse_ns = pulse_ns;
  settings.hold.movement_ns = 0;
  Rig rig(settings);
  rig.ready();
  const TriggerOutput trigger = rig.fires();
  rig.sleep(SleepState::kRem, 0.99F, true);
  rig.said.clear();
  rig.result(OutputResult::kNotStopped, trigger);
  return rig;
}

}  // namespace

TEST_CASE("only a rule whose event and direction match fires or is vetoed") {
  TriggerSettings settings = one_rule();
  settings.rules[0].direction = Direction::kClockwise;
  settings.rules.push_back(settings.rules[0]);
  settings.rules[1].when = CauseKind::kPopulation;
  settings.rules[1].direction = Direction::kCounterclockwise;
  Rig rig(settings);
  rig.turn(Direction::kCounterclockwise);
  rig.turn(Direction::kClockwise, TurnPhase::kEnd);
  rig.population(Direction::kClockwise);
  CHECK(rig.vetoes().empty());
  rig.turn(Direction::kClockwise);
  rig.population(Direction::kCounterclockwise);
  REQUIRE(rig.vetoes().size() == 2);
  CHECK(rig.vetoes()[0].rule == 0);
  CHECK(rig.vetoes()[0].cause.kind == CauseKind::kTurn);
  CHECK(rig.vetoes()[1].rule == 1);
  CHECK(rig.vetoes()[1].cause.kind == CauseKind::kPopulation);

  rig.ready();
  rig.population(Direction::kCounterclockwise);
  REQUIRE(rig.triggers().size() == 1);
  CHECK(rig.triggers()[0].rule == 1);
  CHECK(rig.triggers()[0].cause.value.population.side == Direction::kCounterclockwise);
}

TEST_CASE("a sleep rule fires once an entry, when the dwell time is over") {
  TriggerSettings settings = one_rule();
  settings.rules[0].when = CauseKind::kSleep;
  settings.rules[0].dwell_ns = 3 * kNsPerS;
  Rig rig(settings);
  rig.ready();
  rig.sleep(SleepState::kNrem);
  for (int entry = 0; entry < 3; ++entry) {
    rig.sleep(SleepState::kRem);
    rig.live(2990 * kMs);
    CHECK(rig.triggers().empty());
    rig.live(200 * kMs);
    REQUIRE(rig.triggers().size() == 1);
    rig.result(OutputResult::kFired, rig.triggers()[0]);
    rig.live(20 * kNsPerS);
    CHECK(rig.triggers().size() == 1);
    rig.sleep(SleepState::kNrem);
    rig.live(kNsPerS);
    rig.said.clear();
  }
}

TEST_CASE("refractory time, to the nanosecond") {
  TriggerSettings settings = one_rule();
  settings.rules[0].refractory_ns = 500 * kMs;
  Rig rig(settings);
  rig.ready();
  rig.fires();
  const SessionNs fired_ns = rig.session_ns;
  rig.live(490 * kMs);
  rig.session_ns = fired_ns + 500 * kMs - 1;
  CHECK(rig.refused() == VetoReason::kRefractory);
  CHECK(rig.vetoes()[0].required == 500.0);
  rig.session_ns += 1;
  rig.fires();
}

TEST_CASE("the rate limit holds over every minute of session time, not minute by minute") {
  TriggerSettings settings = one_rule();
  settings.rules[0].max_per_minute = 3;
  Rig rig(settings);
  rig.ready();
  const SessionNs first_ns = rig.session_ns;
  for (int i = 0; i < 3; ++i) {
    rig.fires();
    rig.live(18 * kNsPerS);
  }
  CHECK(rig.refused() == VetoReason::kMaxPerMinute);
  rig.live(5990 * kMs);
  rig.session_ns = first_ns + 60 * kNsPerS - 1;
  CHECK(rig.refused() == VetoReason::kMaxPerMinute);
  rig.session_ns += 1;
  rig.fires();
  rig.live(17 * kNsPerS);  // the second pulse is 59 s old
  CHECK(rig.refused() == VetoReason::kMaxPerMinute);
  rig.live(kNsPerS);
  rig.fires();
}

TEST_CASE("a rule's session total") {
  TriggerSettings settings = one_rule();
  settings.rules[0].max_per_session = 2;
  Rig rig(settings);
  rig.ready();
  for (int i = 0; i < 2; ++i) {
    rig.fires();
    rig.live(20 * kMs);
  }
  CHECK(rig.refused() == VetoReason::kMaxPerSession);
  rig.live(300 * kNsPerS);
  CHECK(rig.refused() == VetoReason::kMaxPerSession);
  CHECK(rig.trigger.armed());
}

TEST_CASE("the duty cycle holds for an output over all its rules") {
  TriggerSettings settings = one_rule();
  settings.limits.duty_max = 0.1;
  settings.limits.duty_window_ns = 10 * kNsPerS;
  settings.outputs[0].pulse_ns = 300 * kMs;  // 3 pulses are 9 %, 4 would be 12 %
  settings.rules.push_back(settings.rules[0]);
  settings.rules[0].direction = Direction::kClockwise;
  settings.rules[1].direction = Direction::kCounterclockwise;
  Rig rig(settings);
  rig.ready();
  const SessionNs first_ns = rig.session_ns;
  for (int i = 0; i < 3; ++i) {
    rig.said.clear();
    rig.turn(i == 1 ? Direction::kCounterclockwise : Direction::kClockwise);
    REQUIRE(rig.triggers().size() == 1);
    rig.result(OutputResult::kFired, rig.triggers()[0]);
    rig.live(kNsPerS);
  }
  CHECK(rig.refused() == VetoReason::kDuty);
  CHECK(rig.vetoes()[0].detail == Approx(0.12));
  CHECK(rig.vetoes()[0].required == Approx(0.1));
  rig.live(6990 * kMs);
  rig.session_ns = first_ns + 10 * kNsPerS - 1;
  CHECK(rig.refused() == VetoReason::kDuty);
  rig.session_ns += 1;
  rig.fires();
}

TEST_CASE("an output takes one pulse at a time, from the decision to the pulse's end") {
  TriggerSettings settings = one_rule();
  settings.outputs[0].pulse_ns = 100 * kMs;
  Rig rig(settings);
  rig.ready();
  rig.turn();
  const TriggerOutput fired = rig.triggers().at(0);
  CHECK(rig.refused() == VetoReason::kPulseRunning);
  rig.live(200 * kMs);
  CHECK(rig.refused() == VetoReason::kPulseRunning);  // no answer yet
  rig.result(OutputResult::kFired, fired);
  rig.fires();
  const SessionNs decided_ns = rig.session_ns;
  rig.live(90 * kMs);
  rig.session_ns = decided_ns + 100 * kMs - 1;
  CHECK(rig.refused() == VetoReason::kPulseRunning);
  rig.session_ns += 1;
  rig.fires();
}

TEST_CASE("a long pulse that could not be stopped disarms and keeps its output busy until its end") {
  Rig rig = with_unstoppable_pulse(5 * kNsPerS);
  REQUIRE(rig.changes(SessionChange::kDisarmed).size() == 1);
  CHECK(rig.changes(SessionChange::kDisarmed)[0].reason == VetoReason::kOutputFailed);
  rig.sleep(SleepState::kRem);
  rig.live(kNsPerS);
  rig.command(CommandKind::kArm, 3600 * kNsPerS);
  CHECK(rig.refused() == VetoReason::kPulseRunning);
  rig.live(4 * kNsPerS);
  rig.fires();
}

TEST_CASE("a short pulse that could not be stopped keeps its output busy, and the session armed") {
  Rig rig = with_unstoppable_pulse(100 * kMs);
  rig.sleep(SleepState::kRem);
  rig.live(50 * kMs);
  CHECK(rig.refused() == VetoReason::kPulseRunning);
  rig.live(50 * kMs);
  rig.fires();
}

TEST_CASE("a refused pulse consumes no arm and charges no limit; one that failed is charged") {
  TriggerSettings settings = one_rule();
  settings.rules[0].max_per_session = 1;
  Rig rig(settings);
  rig.ready();
  for (int i = 0; i < 5; ++i) {
    const TriggerOutput trigger = rig.fires(OutputResult::kRefused);
    CHECK(rig.trigger.consumed(0) == 0);
    // A subscriber has seen a trigger: that nothing came of it must be told.
    REQUIRE_FALSE(rig.vetoes().empty());
    CHECK(rig.vetoes().back().reason == VetoReason::kOutputRefused);
    CHECK(rig.vetoes().back().detail == static_cast<double>(trigger.trigger_id));
    CHECK(rig.vetoes().back().cause.kind == CauseKind::kTurn);
  }
  rig.fires(OutputResult::kFailed);
  CHECK(rig.trigger.consumed(0) == 0);
  rig.command(CommandKind::kArm, kNsPerS);
  REQUIRE(rig.trigger.armed());
  CHECK(rig.refused() == VetoReason::kMaxPerSession);
}

TEST_CASE("a result that nobody waits for changes nothing but its counter") {
  Rig rig(one_rule());
  rig.ready();
  TriggerOutput nobody{};
  nobody.trigger_id = 999;
  rig.result(OutputResult::kFired, nobody);
  nobody.output = 200;
  rig.result(OutputResult::kSham, nobody);
  CHECK(rig.trigger.stray_results() == 2);
  CHECK(rig.trigger.consumed(0) == 0);
  rig.fires();
  CHECK(rig.trigger.consumed(0) == 1);
  rig.result(OutputResult::kFailed, nobody);  // but an output that fails is never ignored
  CHECK(rig.trigger.disarm_reason() == VetoReason::kOutputFailed);
}

TEST_CASE("settings that cannot be used are refused with one line that says where") {
  const auto problem = [](auto&& change) {
    TriggerSettings settings = one_rule();
    change(settings);
    const std::string text = problem_of(settings);
    if (!text.empty()) {
      Trigger trigger;
      CHECK_THROWS_AS(trigger.prepare(settings), std::invalid_argument);
    }
    return text;
  };
  CHECK(problem([](TriggerSettings&) {}).empty());
  CHECK(problem([](TriggerSettings& s) { s.rules[0].output = 1; }).find("rule 0") == 0);
  CHECK(problem([](TriggerSettings& s) { s.rules[0].arms = {0, 0, 0}; }).find("arms") != std::string::npos);
  CHECK(problem([](TriggerSettings& s) { s.rules[0].arms.sham = -1; }).find("arms") != std::string::npos);
  CHECK(problem([](TriggerSettings& s) { s.rules[0].sources = 2; }).find("sources") != std::string::npos);
  CHECK(problem([](TriggerSettings& s) { s.rules[0].min_state_probability = NAN; }).find("min_state") !=
        std::string::npos);
  CHECK(problem([](TriggerSettings& s) { s.sources[0].is_master = false; }).find("master") != std::string::npos);
  CHECK(problem([](TriggerSettings& s) { s.outputs[0].pulse_ns = 61 * kNsPerS; }).find("output 0") == 0);
  CHECK(problem([](TriggerSettings& s) { s.outputs[0].pulse_ns = 1; }).find("output 0") == 0);
  CHECK(problem([](TriggerSettings& s) { s.limits.duty_max = 0.0; }).find("duty_max") != std::string::npos);
  CHECK(problem([](TriggerSettings& s) { s.hold.gap_ns = -1; }).find("hold") != std::string::npos);
}
