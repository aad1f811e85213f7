#pragma once

#include <string>
#include <vector>

#include "daemon/settings/settings.hpp"
#include "daemon/sleep/sleep_model.hpp"

namespace vturn {

/// Whether some signal of the rig (accelerometer or EMG) is one that the model can tell movement by.
bool tells_movement(const settings::Rig& rig, const SleepModel& model);

/// Manual thresholds of a signal that the rig does not have can never score: the error, or "".
std::string rules_without_signal(const settings::Rig& rig, const SleepModel& model);

/// One line each: what the models were made for and this rig does not give, what its rules ask beyond what was
/// calibrated. `model`: of sleep, or nullptr.
std::vector<std::string> rig_warnings(const settings::Rig& rig, const SleepModel* model);

}  // namespace vturn
