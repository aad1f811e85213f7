#pragma once

#include <span>
#include <vector>

#include "daemon/sleep/scoring.hpp"
#include "tools/lib/json_out.hpp"
#include "tools/lib/sleep_baselines.hpp"

namespace vturn::tools {

/// The figures of a score under the names that scripts rely on; what has no denominator is null.
Json sleep_score_json(const SleepScore& score);
void print_sleep_score(const SleepScore& score);

/// A baseline's score against the same truth.
struct ScoredBaseline {
  std::string_view name;
  bool offline = false;
  SleepScore score;
};
std::vector<ScoredBaseline> score_baselines(const std::vector<SleepBaseline>& baselines,
                                            std::span<const LabelledEpoch> epochs);
Json baselines_json(const std::vector<ScoredBaseline>& baselines);
/// Beside the kappa of the filter on the same epochs.
void print_baselines(const std::vector<ScoredBaseline>& baselines, double kappa);

}  // namespace vturn::tools
