// vturn evaluate sleep: a sleep model on a scored features table, or a session's decisions against a hypnogram.
#include <cstdio>
#include <memory>
#include <optional>

#include "daemon/models/sleep_model_json.hpp"
#include "tools/commands/registry.hpp"
#include "tools/commands/scoring_file.hpp"
#include "tools/commands/session_sleep.hpp"
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
  std::string session;
  std::string truth;
  double truth_at_s = 0.0;
  std::optional<double> label_epoch_s;
  std::vector<std::string> gain;
  bool artefact_marks = false;
  bool json = false;
};

struct Gain {
  double eeg = 1.0;
  double emg = 1.0;
};

Gain parse_gain(const std::vector<std::string>& texts) {
  Gain gain;
  for (const std::string& text : texts) {
    const bool eeg = text.starts_with("eeg=");
    char* end = nullptr;
    const double value = eeg || text.starts_with("emg=") ? std::strtod(text.c_str() + 4, &end) : 0.0;
    if (!(value > 1e-6 && value < 1e6) || *end != '\0')
      throw UsageError("--gain: '" + text + "' is no gain; write eeg=0.6,emg=1.5 (factors of power)");
    (eeg ? gain.eeg : gain.emg) = value;
  }
  return gain;
}

SleepScore score(const SleepModel& model, std::span<const LabelledEpoch> epochs, const Options& options) {
  return score_sleep(truth_of(epochs), epoch_length_s(epochs), decide_epochs(model, epochs, options.artefact_marks));
}

Hypnogram read_truth(const Options& options) {
  return read_scoring(options.truth, options.label_epoch_s, options.truth_at_s);
}

void refuse_empty(const SleepScore& score) {
  if (score.epochs == 0) throw UsageError("no scored epoch has a decision: do the times of the two belong together?");
}

/// The same table with its own gains, and the model with its offsets frozen: what the gains cost without adaptation.
struct GainEffect {
  SleepScore adapted_before, frozen_before, frozen;
};

GainEffect gain_effect(SleepModel model, std::span<const LabelledEpoch> plain, std::span<const LabelledEpoch> changed,
                       const Options& options) {
  GainEffect effect;
  effect.adapted_before = score(model, plain, options);
  model.adaptation_s = model.gain_fit_s = 0.0;
  effect.frozen_before = score(model, plain, options);
  effect.frozen = score(model, changed, options);
  return effect;
}

Json gain_json(const Gain& gain, const GainEffect& effect, const SleepScore& adapted) {
  return {{"eeg", gain.eeg},
          {"emg", gain.emg},
          {"kappa_without", json_number(effect.adapted_before.kappa)},
          {"kappa_fall", json_number(effect.adapted_before.kappa - adapted.kappa)},
          {"frozen_kappa_without", json_number(effect.frozen_before.kappa)},
          {"frozen_kappa_fall", json_number(effect.frozen_before.kappa - effect.frozen.kappa)},
          {"frozen", sleep_score_json(effect.frozen)}};
}

void print_gain(const Gain& gain, const GainEffect& effect, const SleepScore& adapted) {
  std::printf("powers of EEG x %.3g, of EMG x %.3g: kappa %.3f -> %.3f with adaptation, %.3f -> %.3f frozen\n",
              gain.eeg, gain.emg, effect.adapted_before.kappa, adapted.kappa, effect.frozen_before.kappa,
              effect.frozen.kappa);
}

int evaluate_features(const Options& options) {
  if (options.model.empty()) throw UsageError("--features needs --model: the sleep model to evaluate");
  const auto model = sleep_model_from_json(read_file(options.model, kMaxSleepModelBytes), options.model);
  if (!model) throw UsageError(model.error());
  SleepTable table = read_sleep_features(options.features, options.truth.empty());
  if (!options.truth.empty()) label(table.epochs, read_truth(options));
  const Gain gain = parse_gain(options.gain);
  const bool changed = !options.gain.empty();
  const auto epochs = changed ? with_gain(table.epochs, gain.eeg, gain.emg) : table.epochs;
  const SleepScore adapted = score(*model, epochs, options);
  refuse_empty(adapted);
  const auto baselines = score_baselines(sleep_baselines(*model, epochs), epochs);
  GainEffect effect;
  if (changed) effect = gain_effect(*model, table.epochs, epochs, options);
  if (options.json) {
    Json result = sleep_score_json(adapted);
    if (changed) result["gain"] = gain_json(gain, effect, adapted);
    result["baselines"] = baselines_json(baselines);
    print_json(result);
    return 0;
  }
  print_sleep_score(adapted);
  if (changed) print_gain(gain, effect, adapted);
  print_baselines(baselines, adapted.kappa);
  return 0;
}

int evaluate_decisions(const Options& options) {
  if (options.truth.empty()) throw UsageError("--decoded and --session need --truth: the scoring of that time");
  const auto decisions =
      options.session.empty() ? read_decoded_sleep(options.decoded) : read_session_sleep(options.session);
  const Hypnogram truth = read_truth(options);
  const SleepScore result = score_sleep(truth.epochs, truth.epoch_s, decisions);
  refuse_empty(result);
  if (options.json) {
    print_json(sleep_score_json(result));
  } else {
    print_sleep_score(result);
  }
  return 0;
}

int evaluate(const Options& options) {
  const InterruptScope interrupt;
  const int inputs = static_cast<int>(!options.features.empty()) + static_cast<int>(!options.decoded.empty()) +
                     static_cast<int>(!options.session.empty());
  if (inputs != 1) {
    throw UsageError(
        "give one of: --features F.csv --model M.json; --session S.mcap --truth hypnogram.csv; --decoded sleep.csv "
        "--truth hypnogram.csv");
  }
  return options.features.empty() ? evaluate_decisions(options) : evaluate_features(options);
}

const Registration registration{
    {"evaluate", "sleep", "score sleep states against a human's: agreement, REM latency, false alarms",
     [](CLI::App& app) -> Run {
       auto options = std::make_shared<Options>();
       app.add_option("--features", options->features, "features CSV with a stage column (W/N/R/U), or --truth");
       app.add_option("--model", options->model, "sleep model, for --features");
       app.add_option("--gain", options->gain,
                      "change the table's powers first, as another amplifier would: eeg=0.6,emg=1.5")
           ->delimiter(',');
       app.add_option("--session", options->session, "session log (.mcap): the states that vturnd published");
       app.add_option("--decoded", options->decoded,
                      "sleep.csv exported from a session (t_s,state,p_wake,p_nrem,p_rem)");
       app.add_option(
           "--truth", options->truth,
           "scoring: CSV t_s,stage; buzcode SleepState.states.mat; AccuSleep labels (.mat, or CSV brain_state)");
       app.add_option("--truth-at", options->truth_at_s, "time (s) of the scoring's time 0")->capture_default_str();
       app.add_option("--label-epoch-s", options->label_epoch_s, "length of an epoch of AccuSleep labels")
           ->check(CLI::Range(0.1, 60.0));
       app.add_flag("--artefact-marks", options->artefact_marks, "skip epochs that the table marks as artefact");
       app.add_flag("--json", options->json, "figures as JSON on stdout");
       return [options] { return evaluate(*options); };
     }}};

}  // namespace
}  // namespace vturn::tools
