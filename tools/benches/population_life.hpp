#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "daemon/turns/population_detector.hpp"
#include "daemon/turns/proportion.hpp"
#include "tools/simulation/settings.hpp"

namespace vturn::benches {

/// Hours of a digital mouse whose sleep is known: cycles of 90 s of NREM, 60 s of REM, 30 s of wake.
struct PopulationLifeSettings {
  simulation::MouseSettings mouse;
  double rem_minutes = 20.0;
  turns::PopulationSettings detector;  ///< its cells are the mouse's
};

struct PopulationEvent {
  double time_s;
  Direction side;
  SleepState state;
};

/// Hits and trials, by side (0 clockwise, 1 counter-clockwise).
struct Tally {
  double hits = 0.0, trials = 0.0;
};
using BySide = std::array<Tally, 2>;

/// An interval as an event's message told it.
struct Interval {
  double probability = 0.0, low = 0.0, high = 1.0;
  [[nodiscard]] bool covers(double truth) const noexcept { return low <= truth && truth <= high; }
};

/// What happened in a life, and what the daemon's heading stage made of it.
struct PopulationLife {
  std::vector<PopulationEvent> bursts;    ///< by their centres
  std::vector<PopulationEvent> detected;  ///< by decision
  std::array<double, 4> scored_s{};       ///< by sleep state, once it was learnt
  std::array<double, 2> sd_to_poisson{};  ///< of the summed rate in REM, by side (Gaussian kernel, SD 50 ms)
  std::array<bool, 2> detectable{};
  std::array<Interval, 2> coupling, shuffled;  ///< in REM, told with the side's last event
  BySide true_coupling, true_shuffled;         ///< the true heading around bursts, and at random times of REM
};

PopulationLife live(const PopulationLifeSettings& settings);

/// Detected events against bursts of the same side, one to one, at most 250 ms apart.
struct PopulationScore {
  std::size_t bursts = 0, found = 0, false_events = 0;
  double minutes = 0.0;
  std::vector<double> latencies_s;  ///< from a burst's centre to the decision
};
PopulationScore score_population(const PopulationLife& life, SleepState state);

}  // namespace vturn::benches
