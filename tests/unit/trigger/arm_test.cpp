// Arms: frequencies and reproducibility of the draw, and that sham and delayed are treated as stim is.
#include <catch2/catch.hpp>

#include "daemon/trigger/arms.hpp"
#include "tests/unit/trigger/rig.hpp"

using namespace vturn;
using namespace vturn::trigger;
using vturn::trigger::test::kMs;
using vturn::trigger::test::one_rule;
using vturn::trigger::test::Rig;

TEST_CASE("the arms come in their frequencies, for every seed and rule, without serial correlation") {
  const ArmWeights weights{2.0, 1.0, 1.0};
  constexpr int kDraws = 20000;
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    for (std::uint64_t rule = 0; rule < 3; ++rule) {
      std::array<int, 4> counts{};
      int sham_after_sham = 0;
      Arm last = Arm::kStim;
      for (std::uint64_t i = 0; i < kDraws; ++i) {
        const Arm arm = draw_arm(seed, rule, i, weights);
        ++counts[static_cast<std::size_t>(arm)];
        if (arm == Arm::kSham && last == Arm::kSham) ++sham_after_sham;
        last = arm;
      }
      // Five standard deviations of a binomial count.
      CHECK(std::abs(counts[1] - kDraws / 2) < 5 * std::sqrt(kDraws * 0.25));
      CHECK(std::abs(counts[2] - kDraws / 4) < 5 * std::sqrt(kDraws * 0.1875));
      CHECK(std::abs(counts[3] - kDraws / 4) < 5 * std::sqrt(kDraws * 0.1875));
      CHECK(std::abs(sham_after_sham - kDraws / 16) < 5 * std::sqrt(kDraws / 16.0));
    }
  }
}

TEST_CASE("an arm of weight 0 is never drawn") {
  for (std::uint64_t i = 0; i < 10000; ++i) {
    CHECK(draw_arm(1, 0, i, {0.3, 0.7, 0.0}) != Arm::kDelayed);
    CHECK(draw_arm(1, 0, i, {0.0, 0.7, 0.1}) != Arm::kStim);
    CHECK(draw_arm(1, 0, i, {0.3, 0.0, 0.1}) != Arm::kSham);
  }
}

namespace {

std::vector<Arm> arms_of(const TriggerSettings& settings, const std::vector<OutputResult>& refusals) {
  Rig rig(settings);
  rig.ready();
  std::vector<Arm> arms;
  for (std::size_t i = 0; i < 200; ++i) {
    // Refused outputs and vetoed events in between must not shift the sequence.
    if (i < refusals.size()) rig.fires(refusals[i]);
    if (i % 7 == 0) {
      rig.age_ns = kNsPerS;
      CHECK(rig.refused() == VetoReason::kLateDecision);
      rig.age_ns = kMs;
      rig.live(200 * kMs);
    }
    const TriggerOutput fired = rig.fires();
    arms.push_back(fired.arm);
    rig.live(20 * kMs);
  }
  return arms;
}

}  // namespace

TEST_CASE("the same seed gives the same arms, whatever was refused in between; another seed others") {
  TriggerSettings settings = one_rule();
  settings.rules[0].arms = {0.5, 0.5, 0.0};
  const auto arms = arms_of(settings, {});
  CHECK(arms == arms_of(settings, std::vector<OutputResult>(50, OutputResult::kRefused)));
  for (std::size_t i = 0; i < arms.size(); ++i) CHECK(arms[i] == draw_arm(settings.seed, 0, i, settings.rules[0].arms));
  settings.seed = 8;
  CHECK(arms != arms_of(settings, {}));
}

TEST_CASE("sham charges every limit as stim does and ends like it") {
  TriggerSettings settings = one_rule();
  settings.rules[0].arms = {0.0, 1.0, 0.0};
  settings.rules[0].refractory_ns = 100 * kMs;
  settings.rules[0].max_per_minute = 3;
  settings.outputs[0].pulse_ns = 50 * kMs;
  Rig rig(settings);
  rig.ready();
  CHECK(rig.fires(OutputResult::kSham).arm == Arm::kSham);
  CHECK(rig.trigger.consumed(0) == 1);
  CHECK(rig.refused() == VetoReason::kPulseRunning);
  rig.live(60 * kMs);
  CHECK(rig.refused() == VetoReason::kRefractory);
  rig.live(40 * kMs);
  rig.fires(OutputResult::kSham);
  rig.live(100 * kMs);
  rig.fires(OutputResult::kSham);
  rig.said.clear();
  rig.source(0, SourceChange::kGap);
  CHECK(rig.stops().size() == 1);
  rig.live(kNsPerS);
  CHECK(rig.refused() == VetoReason::kMaxPerMinute);
}

TEST_CASE("the delayed arm fires after its delay, through the same gates again, and consumes only then") {
  TriggerSettings settings = one_rule();
  settings.rules[0].arms = {0.0, 0.0, 1.0};
  settings.rules[0].delay_ns = 200 * kMs;
  settings.rules[0].refractory_ns = 500 * kMs;
  Rig rig(settings);
  rig.ready();
  rig.turn(Direction::kCounterclockwise);
  CHECK(rig.triggers().empty());
  CHECK(rig.vetoes().empty());
  CHECK(rig.refused() == VetoReason::kRefractory);  // one delayed pulse at a time
  rig.said.clear();
  rig.live(190 * kMs);
  CHECK(rig.triggers().empty());
  rig.live(10 * kMs);
  REQUIRE(rig.triggers().size() == 1);
  CHECK(rig.triggers()[0].arm == Arm::kDelayed);
  CHECK(rig.triggers()[0].cause.value.turn.direction == Direction::kCounterclockwise);
  CHECK(rig.trigger.consumed(0) == 0);
  rig.result(OutputResult::kFired, rig.triggers()[0]);
  CHECK(rig.trigger.consumed(0) == 1);
  rig.live(490 * kMs);
  CHECK(rig.refused() == VetoReason::kRefractory);
  rig.live(10 * kMs);

  rig.said.clear();
  rig.turn();
  rig.sleep(SleepState::kWake);
  rig.live(300 * kMs);
  CHECK(rig.triggers().empty());
  REQUIRE(rig.vetoes().size() == 1);
  CHECK(rig.vetoes()[0].reason == VetoReason::kWrongState);
  CHECK(rig.trigger.consumed(0) == 1);
}

TEST_CASE("a disarm refuses what is delayed, and arming again does not revive it") {
  TriggerSettings settings = one_rule();
  settings.rules[0].arms = {0.0, 0.0, 1.0};
  Rig rig(settings);
  rig.ready();
  rig.turn();
  rig.said.clear();
  rig.command(CommandKind::kDisarm);
  REQUIRE(rig.vetoes().size() == 1);
  CHECK(rig.vetoes()[0].reason == VetoReason::kOperator);
  rig.command(CommandKind::kArm, kNsPerS);
  rig.live(500 * kMs);
  CHECK(rig.triggers().empty());
}
