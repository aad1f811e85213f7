#include "tools/commands/sleep_report.hpp"

#include <cstdio>

namespace vturn::tools {

Json sleep_score_json(const SleepScore& score) {
  Json result;
  result["epochs"] = score.epochs;
  result["kappa"] = json_number(score.kappa);
  result["accuracy"] = json_number(score.accuracy);
  result["rem_precision"] = json_number(score.rem_precision);
  result["rem_recall"] = json_number(score.rem_recall);
  result["rem_f1"] = json_number(score.rem_f1);
  result["rem_bouts"] = score.rem_bouts;
  result["onset_latency_s"] = {{"median", json_number(score.onset_latency_median_s)},
                               {"p75", json_number(score.onset_latency_p75_s)},
                               {"p90", json_number(score.onset_latency_p90_s)}};
  result["missed_fraction"] = json_number(score.missed_fraction);
  result["false_alarms_per_hour"] = json_number(score.false_alarms_per_hour);
  result["false_rem_fraction"] = json_number(score.false_rem_fraction);
  result["offset_latency_s"] = json_number(score.offset_latency_s);
  result["rem_time_covered"] = json_number(score.rem_time_covered);
  result["brier"] = json_number(score.brier);
  return result;
}

void print_sleep_score(const SleepScore& score) {
  std::printf("epochs scored          %zu\n", score.epochs);
  std::printf("kappa                  %.3f   accuracy %.3f   Brier %.3f\n", score.kappa, score.accuracy, score.brier);
  std::printf("REM                    precision %.3f   recall %.3f   F1 %.3f\n", score.rem_precision, score.rem_recall,
              score.rem_f1);
  std::printf("REM onset latency      median %.1f s   p75 %.1f s   p90 %.1f s   missed %.1f %% of %zu bouts\n",
              score.onset_latency_median_s, score.onset_latency_p75_s, score.onset_latency_p90_s,
              100.0 * score.missed_fraction, score.rem_bouts);
  std::printf(
      "REM alarms             %.2f false an hour   %.1f %% of alarm time outside REM   end %.1f s after REM's\n",
      score.false_alarms_per_hour, 100.0 * score.false_rem_fraction, score.offset_latency_s);
  std::printf("REM time covered       %.1f %%\n", 100.0 * score.rem_time_covered);
}

}  // namespace vturn::tools
