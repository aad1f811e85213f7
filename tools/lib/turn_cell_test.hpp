#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "daemon/core/expected.hpp"
#include "tools/lib/head_turns.hpp"

namespace vturn::tools {

struct TurnCellSettings {
  double before_s = 0.2;  ///< the window around each turn's onset in which spikes are counted
  double after_s = 0.2;
  std::size_t min_turns = 20;        ///< of each direction
  std::uint64_t min_spikes = 20;     ///< within the windows; a unit with fewer is not tested
  std::size_t block_turns = 25;      ///< directions are shifted within blocks of about so many turns
  std::size_t arrangements = 20000;  ///< of directions, at least; the smallest p is 2 / (arrangements + 1)
  double alpha = 0.05;               ///< chance that any unit is chosen by luck
  std::uint64_t seed = 1;
};

struct TurnCell {
  UnitId unit = kNoUnit;
  std::uint64_t spikes = 0;   ///< within the windows
  double baseline_hz = 0.0;   ///< while tracked, away from turns
  double clockwise_hz = 0.0;  ///< around clockwise turns
  double counterclockwise_hz = 0.0;
  bool tested = false;       ///< enough spikes
  double p = 1.0;            ///< two-sided, of what heading tuning leaves of the difference
  double corrected_p = 1.0;  ///< Holm, over the units tested
  Direction side = Direction::kNone;
};

struct TurnCellTest {
  std::vector<TurnCell> cells;  ///< every unit asked for that has spikes, ascending
  std::uint64_t clockwise_turns = 0;
  std::uint64_t counterclockwise_turns = 0;
  double tracked_s = 0.0;
};

/// Which units fire more around turns to one side than to the other. Tested is what a unit's tuning to heading leaves
/// unexplained: its spikes within the window less those that its tuning curve expects of the headings there, or cells
/// of the compass would pass for turn cells where an animal turns one way at one place. The null distribution keeps
/// these remainders as they are and shifts the directions of the turns cyclically within blocks of consecutive turns,
/// each block by its own random offset: both keep their autocorrelation (a unit that drifts or bursts, an animal that
/// turns the same way several times running), and what drifts over more than a block cannot pass for an effect. Holm's
/// correction over the units tested. A cell has a side when its corrected p is at most alpha and it fires more around
/// turns to that side than away from turns by two standard errors (a unit that merely falls silent the other way makes
/// no population events). `turns` are of this heading. `units` empty: all. `progress` gets the share done and returns
/// false to stop. Refuses what cannot be tested, with the reason. Spikes and heading ascending in time.
Expected<TurnCellTest> test_turn_cells(std::span<const SpikeSample> spikes, std::span<const HeadingSample> heading,
                                       const HeadTurns& turns, std::span<const UnitId> units,
                                       const TurnCellSettings& settings,
                                       const std::function<bool(double)>& progress = {});

}  // namespace vturn::tools
