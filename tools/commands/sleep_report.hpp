#pragma once

#include "daemon/sleep/scoring.hpp"
#include "tools/lib/json_out.hpp"

namespace vturn::tools {

/// The figures of a score under the names that scripts rely on; what has no denominator is null.
Json sleep_score_json(const SleepScore& score);
void print_sleep_score(const SleepScore& score);

}  // namespace vturn::tools
