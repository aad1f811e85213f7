// vturn evaluate sleep: a sleep model on a scored features table, or a session's decisions against a hypnogram.
#include <cstdio>
#include <memory>

#include "daemon/models/sleep_model_json.hpp"
#include "tools/commands/registry.hpp"
#include "tools/commands/sleep_csv.hpp"
#include "tools/commands/sleep_report.hpp"
#include "tools/lib/atomic_file.hpp"
#include "tools/lib/interrupt.hpp"

namespace vturn::tools {
namespace {

struct Options {
  std::string features;
  std::string model;
  std::string decoded;
  std::string truth;
  bool artefact_marks = false;
  bool json = false;
};

struct Evaluation {
  SleepScore score;
  double rules_kappa = 0.0;
  bool with_rules = false;
};

Evaluation evaluate_features(const Options& options) {
  if (options.model.empty()) throw UsageError("--features needs --model: the sleep model to evaluate");
  const auto model = sleep_model_from_json(read_file(options.model, kMaxSleepModelBytes), options.model);
  if (!model) throw UsageError(model.error());
  const SleepTable table = read_sleep_features(options.features, true);
  const auto decisions = decide_epochs(*model, table.epochs, options.artefact_marks);
  const double epoch_s = epoch_length_s(table.epochs);
  return {score_sleep(truth_of(table.epochs), epoch_s, decisions), rules_kappa(model->rules, table.epochs), true};
}

Evaluation evaluate_decoded(const Options& options) {
  if (options.truth.empty()) throw UsageError("--decoded needs --truth: a hypnogram CSV with t_s,stage");
  const Hypnogram truth = read_hypnogram(options.truth);
  return {score_sleep(truth.epochs, truth.epoch_s, read_decoded_sleep(options.decoded)), 0.0, false};
}

int evaluate(const Options& options) {
  const InterruptScope interrupt;
  if (options.features.empty() == options.decoded.empty()) {
    throw UsageError("give either --features F.csv --model M.json, or --decoded sleep.csv --truth hypnogram.csv");
  }
  const Evaluation evaluation = options.decoded.empty() ? evaluate_features(options) : evaluate_decoded(options);
  if (evaluation.score.epochs == 0)
    throw UsageError("no scored epoch has a decision: do the times of the two belong together?");
  if (options.json) {
    Json result = sleep_score_json(evaluation.score);
    if (evaluation.with_rules) result["three_threshold_kappa"] = json_number(evaluation.rules_kappa);
    print_json(result);
  } else {
    print_sleep_score(evaluation.score);
    if (evaluation.with_rules)
      std::printf("three thresholds       kappa %.3f on the same epochs\n", evaluation.rules_kappa);
  }
  return 0;
}

const Registration registration{
    {"evaluate", "sleep", "score sleep states against a human's: agreement, REM latency, false alarms",
     [](CLI::App& app) -> Run {
       auto options = std::make_shared<Options>();
       app.add_option("--features", options->features, "features CSV with a stage column (W/N/R/U)");
       app.add_option("--model", options->model, "sleep model, for --features");
       app.add_option("--decoded", options->decoded,
                      "sleep.csv exported from a session (t_s,state,p_wake,p_nrem,p_rem)");
       app.add_option("--truth", options->truth, "hypnogram CSV t_s,stage, for --decoded");
       app.add_flag("--artefact-marks", options->artefact_marks, "skip epochs that the table marks as artefact");
       app.add_flag("--json", options->json, "figures as JSON on stdout");
       return [options] { return evaluate(*options); };
     }}};

}  // namespace
}  // namespace vturn::tools
