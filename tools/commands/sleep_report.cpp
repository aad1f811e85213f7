#include "tools/commands/sleep_report.hpp"

#include <algorithm>
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

std::vector<ScoredBaseline> score_baselines(const std::vector<SleepBaseline>& baselines,
                                            std::span<const LabelledEpoch> epochs) {
  std::vector<ScoredBaseline> result;
  result.reserve(baselines.size());
  const auto truth = truth_of(epochs);
  for (const SleepBaseline& one : baselines)
    result.push_back({one.name, one.offline, score_sleep(truth, epoch_length_s(epochs), one.decisions)});
  return result;
}

Json baselines_json(const std::vector<ScoredBaseline>& baselines) {
  Json result = Json::object();
  for (const ScoredBaseline& one : baselines) {
    Json entry = sleep_score_json(one.score);
    entry["offline"] = one.offline;
    result[std::string(one.name)] = std::move(entry);
  }
  return result;
}

void print_baselines(const std::vector<ScoredBaseline>& baselines, double kappa) {
  std::printf("on the same epochs       kappa  REM F1  onset median/p90  false alarms\n");
  double best_offline = -1.0;
  for (const ScoredBaseline& one : baselines) {
    std::printf("%-24s %.3f  %.3f   %5.1f/%.1f s         %.2f/h%s\n", std::string(one.name).c_str(), one.score.kappa,
                one.score.rem_f1, one.score.onset_latency_median_s, one.score.onset_latency_p90_s,
                one.score.false_alarms_per_hour, one.offline ? "  (offline: looks ahead)" : "");
    if (one.offline) best_offline = std::max(best_offline, one.score.kappa);
  }
  if (best_offline >= 0.0) std::printf("kappa against the better offline scorer: %+.3f\n", kappa - best_offline);
}

}  // namespace vturn::tools
