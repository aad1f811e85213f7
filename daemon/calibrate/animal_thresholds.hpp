#pragma once

#include <functional>
#include <span>
#include <vector>

#include "daemon/calibrate/misassigned_share.hpp"
#include "daemon/decode/heading_model.hpp"
#include "daemon/decode/samples.hpp"

namespace vturn::calibrate {

/// What a rig file's false-alarm rate means for this animal.
struct AnimalThresholds {
  std::vector<HeadingTurnThreshold> rows;        ///< rates from 20 a minute to 0.1, as far as they can be reached
  std::vector<HeadingTurnThreshold> cusum_rows;  ///< the same for the CUSUM detector
  MisassignedShare misassigned;
  double still_minutes = 0.0;      ///< of tracked stillness in wake; 0: the thresholds stand as simulated
  std::uint64_t still_onsets = 0;  ///< false onsets there at the threshold of 1 a minute before the correction
  double expected_onsets = 0.0;    ///< by the model, along the same path
};

/// Thresholds of both turn detectors by simulating rest with this model's tuning and the share of misassigned spikes
/// that these recordings show, then corrected by what each does while the tracked head rests. No evidence gate (the rig
/// file's can only lower the rate). Empty rows when `progress` asked to stop.
AnimalThresholds animal_thresholds(const HeadingModel& model, std::span<const SpikeSample> spikes,
                                   std::span<const HeadingSample> heading, const std::function<bool(double)>& progress);

}  // namespace vturn::calibrate
