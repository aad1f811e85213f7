#pragma once

#include <string>

#include "daemon/engine/engine_settings.hpp"

namespace vturn {

/// Decodes spikes drawn from the heading model's own tuning at headings around the circle: a model that cannot find
/// itself must not arm. "" when the median error is at most 30 degrees (or there is no heading model), else one line.
std::string heading_self_check(const EngineSettings& settings);

}  // namespace vturn
