#pragma once

#include <span>
#include <string>

#include "daemon/sleep/calibration.hpp"

namespace vturn::tools {

/// A sleep calibration as a picture (SVG): scored and decided hypnogram, features and P(REM) of the whole table and of
/// its hour with the most REM. Decisions are those of blocks left out.
std::string sleep_picture(const SleepCalibration& calibration, std::span<const LabelledEpoch> epochs,
                          const std::string& title);

}  // namespace vturn::tools
