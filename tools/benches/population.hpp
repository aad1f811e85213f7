#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tools/benches/population_life.hpp"
#include "tools/benches/spread.hpp"

namespace vturn::benches {

struct PopulationBenchSettings {
  std::size_t seeds = 20;
  double rem_minutes = 20.0;  ///< of each
  turns::PopulationSettings detector;
};

struct PopulationStateFigures {
  SleepState state = SleepState::kUnknown;
  Spread found_share;
  Spread false_per_minute;        ///< of both sides together
  double latency_median_s = 0.0;  ///< from a burst's centre, all seeds together
  double latency_p90_s = 0.0;
};

/// Intervals told by the last event of each seed and side, in REM.
struct IntervalFigures {
  double truth = 0.0;  ///< of all seeds; each interval is held against the others' alone
  Spread estimate, width;
  std::size_t covered = 0, intervals = 0;
};

struct PopulationFigures {
  std::vector<PopulationStateFigures> states;
  Spread sd_to_poisson;  ///< per side
  IntervalFigures coupling, shuffled;
};

/// Seeds 1.. of mice with 9 to 23 turn cells a side. `progress` gets the share done and returns false to stop (the
/// figures are then of the seeds done).
PopulationFigures bench_population(const PopulationBenchSettings& settings,
                                   const std::function<bool(double)>& progress);

/// 15 clockwise and 2 counter-clockwise cells: events by side, and which side is detectable.
struct LopsidedFigures {
  std::size_t clockwise_events = 0, counterclockwise_events = 0;
  bool clockwise_detectable = false, counterclockwise_detectable = false;
};
LopsidedFigures bench_lopsided(const turns::PopulationSettings& detector);

}  // namespace vturn::benches
