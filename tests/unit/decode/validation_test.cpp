// Nested cross-validation: what is left out takes part in no choice. Shown by spoiling it.
#include "daemon/decode/validation.hpp"

#include <catch2/catch.hpp>
#include <tuple>

#include "tests/unit/decode/ring.hpp"

using namespace vturn;
using namespace vturn::test;

namespace {

/// Simulated wake with a tracker at 40 Hz.
Walk wake(double duration_s) {
  Walk walk = walk_of(random_cells(10, 81), 120 * kDeg, 0.2, duration_s, 82);
  std::erase_if(walk.heading, [](const HeadingSample& row) { return row.time_ns % (25 * kNsPerMs) != 0; });
  return walk;
}

/// Heading runs the other way round and units swap their spikes, in this block only.
Walk spoiled(Walk walk, std::span<const HeadingSample> block) {
  const SessionNs from_ns = block.front().time_ns, to_ns = block.back().time_ns;
  const auto inside = [&](SessionNs time_ns) { return time_ns >= from_ns && time_ns <= to_ns; };
  for (HeadingSample& row : walk.heading) {
    if (inside(row.time_ns)) row.angle_rad = static_cast<float>(wrap_angle(-3.0 * static_cast<double>(row.angle_rad)));
  }
  for (SpikeSample& spike : walk.spikes) {
    if (inside(spike.time_ns)) spike.unit = (7 * spike.unit + 3) % 10;
  }
  return walk;
}

auto values_of(const CalibrationChoice& choice) {
  return std::tuple(choice.movement_sd_deg_s, choice.movement_tau_s, choice.temper, choice.lag_s, choice.frame_sd_rad,
                    choice.smoothing_deg);
}

const KeepGoing kGoOn = [](double) { return true; };

HeadingValidation validated(const Walk& walk) {
  constexpr ValidationSettings kFolds{.folds = 3, .by_cells = false};
  CalibrationProgress progress(kGoOn, validation_passes(kFolds));
  return validate_heading(walk.spikes, walk.heading, {}, kFolds, progress);
}

}  // namespace

TEST_CASE("a block that is left out takes no part in what is chosen for it") {
  const Walk walk = wake(90.0);
  const HeadingValidation clean = validated(walk);
  REQUIRE(clean.block_choice.size() == 3);
  for (const std::size_t block : {0U, 1U, 2U}) {
    const HeadingValidation bad = validated(spoiled(walk, part_of(walk.heading, block, 3)));
    INFO("block " << block);
    CHECK(values_of(bad.block_choice[block]) == values_of(clean.block_choice[block]));
    CHECK(bad.block_median_deg[block] > 3.0 * clean.block_median_deg[block]);
    // The others are chosen for with it, and do notice.
    const std::size_t other = (block + 1) % 3;
    CHECK(values_of(bad.block_choice[other]) != values_of(clean.block_choice[other]));
  }
}

TEST_CASE("trained on the first part: the rest takes no part in what is chosen") {
  const Walk walk = wake(120.0);
  const auto on_rest = [&](const Walk& data) {
    CalibrationProgress progress(kGoOn, kSearchPasses);
    return validate_on_rest(data.spikes, data.heading, 0.5, {}, progress);
  };
  const HeadingValidation clean = on_rest(walk);
  const HeadingValidation bad = on_rest(spoiled(walk, part_of(walk.heading, 1, 2)));
  REQUIRE(clean.block_choice.size() == 1);
  REQUIRE(bad.block_choice.size() == 1);
  CHECK(clean.pooled.median_abs_error_deg < 12.0);
  CHECK(values_of(bad.block_choice[0]) == values_of(clean.block_choice[0]));
  CHECK(bad.pooled.median_abs_error_deg > 3.0 * clean.pooled.median_abs_error_deg);
}
