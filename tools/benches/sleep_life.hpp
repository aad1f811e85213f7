#pragma once

#include <functional>
#include <vector>

#include "daemon/sleep/calibration.hpp"
#include "tools/simulation/hypnogram.hpp"
#include "tools/simulation/settings.hpp"

namespace vturn::benches {

/// What the daemon's front end saw of a simulated night, and what a scorer and the body say of it.
struct SleepLife {
  std::vector<FeatureFrame> frames;      ///< 10 Hz
  std::vector<TruthEpoch> truth;         ///< 4 s; UNKNOWN where the expert marked an artefact
  std::vector<double> rem_awakenings_s;  ///< when the body woke out of REM
};

inline constexpr double kTruthEpochS = 4.0;

/// The mouse's LFP, EMG and accelerometer at `rate_hz`, decimated and taken to features as live. `progress` is told
/// the seconds done.
SleepLife sleep_life(const simulation::MouseSettings& mouse, const simulation::Hypnogram& night,
                     const std::function<void(double)>& progress);

/// One row a second with the stage its data lie in, as `vturn simulate --write-calibration` and a scored recording give
/// them.
std::vector<LabelledEpoch> calibration_rows(const SleepLife& life);

}  // namespace vturn::benches
