#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tools/benches/simulated_ring.hpp"

namespace vturn::benches {

struct MisassignedSettings {
  std::size_t cells = 40;
  std::size_t populations = 20;
  double share = 0.2;          ///< of spikes, awake and asleep, given to any unit alike; the model knows nothing of it
  double wake_minutes = 30.0;  ///< tracked; a third of it still
  double rest_minutes = 20.0;  ///< to count the false alarms that come of it
  double false_alarms_per_minute = 1.0;
  std::uint64_t seed = 1;
};

/// One way to a threshold: false alarms over those asked for, summed over populations.
struct ThresholdMechanism {
  std::string name;
  std::size_t false_alarms = 0;
  double minutes = 0.0;
  double log_odds = 0.0;                   ///< mean over populations
  double told_low = 0.0, told_high = 0.0;  ///< the interval that goes with the threshold, mean over populations
  std::size_t inside = 0;              ///< populations whose own rate on the test (with its Poisson interval) meets it
  double lowest = 0.0, highest = 0.0;  ///< rates of single populations
};

struct MisassignedRun {
  double still_minutes = 0.0, fitted_share = 0.0, fitted_share_sd = 0.0;  ///< mean, and SD over populations
  std::vector<ThresholdMechanism> mechanisms;
};

/// Thresholds from simulation on the model as it is, on the model with the share fitted to tracked wake, and both
/// corrected by onsets in tracked stillness; tested on REM-like rest of the same population.
MisassignedRun misassigned_run(const MisassignedSettings& settings, const std::function<void(double)>& progress);

}  // namespace vturn::benches
