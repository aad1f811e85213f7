#pragma once

#include <string>
#include <vector>

#include "daemon/sleep/scoring.hpp"

namespace vturn::tools {

/// The sleep states that a session published, on session time. What is damaged is passed over and told on stderr.
/// Throws UsageError.
std::vector<SleepDecision> read_session_sleep(const std::string& file);

}  // namespace vturn::tools
