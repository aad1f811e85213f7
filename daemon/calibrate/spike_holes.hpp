#pragma once

#include <span>
#include <vector>

#include "daemon/calibrate/tracked_path.hpp"
#include "daemon/decode/heading_model.hpp"
#include "daemon/decode/samples.hpp"

namespace vturn::calibrate {

/// Stretches of the tracking, beyond the first and the last spike too, over which no unit of the model fired for more
/// than a second although its rates along the tracked path make that implausible: no spikes were recorded there. Both
/// ascending in time.
std::vector<TimeSpan> spike_holes(const HeadingModel& model, std::span<const SpikeSample> spikes,
                                  std::span<const HeadingSample> heading);

/// What is left of the stretches outside the holes. Both ascending in time.
std::vector<TimeSpan> outside(std::span<const TimeSpan> stretches, std::span<const TimeSpan> holes);

}  // namespace vturn::calibrate
