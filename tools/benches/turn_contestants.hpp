#pragma once

#include <span>
#include <string>
#include <vector>

#include "tools/benches/detection_session.hpp"
#include "tools/benches/onset_scoring.hpp"

namespace vturn::benches {

/// The sessions of one population. Detectors other than vturn's own get their thresholds on `training`, a rest without
/// a turn, and are tested on the other two.
struct DetectionTrial {
  HeadingModel cells;
  DetectionSession training, rest, turns;
  double false_alarms_per_minute = 1.0;
};

/// One detector on the trial's sessions, with the threshold for the trial's false-alarm rate.
struct Attempt {
  std::string name;
  std::string settings;  ///< of a family of detectors: which one
  double threshold = 0.0;
  std::vector<Onset> at_rest, with_turns;
};

/// vturn's switching filter and its two detectors, log-odds and CUSUM, with the thresholds that calibration gives:
/// simulated rest of an hour.
std::vector<Attempt> switching_attempts(const DetectionTrial& trial, std::uint64_t seed);
/// Speed of the memoryless decoder's angle above a threshold: several windows and lags.
std::vector<Attempt> memoryless_speed_attempts(const DetectionTrial& trial);
/// Speed of the random-walk filter's angle above a threshold: several diffusions and lags.
std::vector<Attempt> random_walk_speed_attempts(const DetectionTrial& trial);
/// Log-odds of the near-ideal observer.
Attempt observer_attempt(const DetectionTrial& trial);

}  // namespace vturn::benches
