#pragma once

#include <string>

#include "daemon/decode/heading_model.hpp"
#include "daemon/decode/validation.hpp"

namespace vturn::tools {

/// A calibration as a picture (SVG, no scripts, no fonts beside the viewer's): every unit's tuning curve, a stretch of
/// held-out heading decoded against tracked, how errors are distributed, error by number of cells.
std::string heading_picture(const HeadingModel& model, const HeadingValidation& validation, const std::string& title);

}  // namespace vturn::tools
