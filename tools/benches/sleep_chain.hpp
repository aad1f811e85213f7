#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "daemon/sleep/calibration.hpp"

namespace vturn::benches {

struct SleepChainSettings {
  std::uint64_t seed = 1;
  std::vector<std::size_t> calibration_nights{1}, test_nights{0, 3};  ///< shipped hypnograms; no night may be in both
  double rate_hz = 3000.0;
  SleepModel defaults;  ///< its hyper-parameters; what calibration learns is not taken from here
};

/// Movement out of REM and twitches within it, as the trigger would answer to them.
struct MovementFigures {
  std::size_t arousals = 0;  ///< the body woke out of REM while stimulation was possible
  double within_1_s = 0.0, within_2_s = 0.0, slowest_s = 0.0;  ///< shares NaN without an arousal
  double inhibits_per_rem_minute = 0.0;  ///< movement told of within scored REM, its last 4 s left out
};

/// The chain with some of the signals.
struct SleepChainFigures {
  std::string signals;
  std::string refused;  ///< why calibration gave no model; the rest is empty then
  std::vector<std::string> features, warnings;
  double expected_kappa = 0.0;
  double rules_kappa = std::numeric_limits<double>::quiet_NaN();  ///< where delta, theta and EMG are there
  SleepScore score;
  MovementFigures movement;
};

struct SleepChainRun {
  double calibration_hours = 0.0, test_hours = 0.0;
  std::vector<SleepChainFigures> figures;
};

/// Calibrates on some nights of the digital mouse and scores others from raw signals through FeatureExtractor and
/// SleepFilter, with all signals, without some (then calibrated without them too), and with one that fails after
/// calibration. `progress` is told the share done.
SleepChainRun sleep_chain_run(const SleepChainSettings& settings, const std::function<void(double)>& progress);

}  // namespace vturn::benches
