#pragma once

#include <span>
#include <vector>

#include "daemon/sleep/emission.hpp"
#include "daemon/sleep/labelled_epochs.hpp"

namespace vturn {

/// P(state | the whole table) of every epoch, forward and backward: for calibration only, it looks ahead. Offsets are
/// not adapted.
std::vector<StateVector> smooth_states(const SleepModel& model, std::span<const LabelledEpoch> epochs);

}  // namespace vturn
