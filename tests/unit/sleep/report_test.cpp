// The keys that scripts read.
#include <catch2/catch.hpp>
#include <limits>

#include "tools/commands/sleep_report.hpp"

using namespace vturn;

TEST_CASE("figures of sleep have their names; what has no denominator is null") {
  SleepScore score;
  score.kappa = 0.9;
  score.rem_f1 = std::numeric_limits<double>::quiet_NaN();
  const auto json = tools::sleep_score_json(score);
  for (const char* key :
       {"kappa", "accuracy", "rem_precision", "rem_recall", "rem_f1", "onset_latency_s", "missed_fraction",
        "false_alarms_per_hour", "false_rem_fraction", "offset_latency_s", "rem_time_covered", "brier"}) {
    CHECK(json.contains(key));
  }
  for (const char* key : {"median", "p75", "p90"}) CHECK(json["onset_latency_s"].contains(key));
  CHECK(json["kappa"] == 0.9);
  CHECK(json["rem_f1"].is_null());
  const auto peers = tools::baselines_json({{"viterbi_frozen", true, score}, {"ypnos_like", false, score}});
  CHECK(peers["viterbi_frozen"]["offline"] == true);
  CHECK(peers["ypnos_like"]["kappa"] == 0.9);
}
