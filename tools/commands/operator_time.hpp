#pragma once

#include <ctime>
#include <string>

namespace vturn::tools {

/// Seconds of "90s", "30m", "1h30m", "2h". Throws UsageError.
double parse_duration_s(const std::string& text);

/// Unix seconds of "23:00" (its next occurrence after `now`) or "2026-11-24T23:00", local time. Throws UsageError.
double parse_wall_time_unix_s(const std::string& text, std::time_t now);

std::string local_time(double unix_s);

}  // namespace vturn::tools
