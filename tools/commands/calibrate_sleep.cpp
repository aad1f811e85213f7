// vturn calibrate sleep: a sleep model from a scored features table, or from a recording and its scoring.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>

#include "daemon/models/sleep_model_json.hpp"
#include "tools/commands/recording_input.hpp"
#include "tools/commands/registry.hpp"
#include "tools/commands/scoring_file.hpp"
#include "tools/commands/session_features.hpp"
#include "tools/commands/sleep_csv.hpp"
#include "tools/commands/sleep_report.hpp"
#include "tools/commands/unlabelled_sleep.hpp"
#include "tools/lib/atomic_file.hpp"
#include "tools/lib/interrupt.hpp"
#include "tools/lib/progress.hpp"
#include "tools/lib/sleep_picture.hpp"

namespace vturn::tools {
namespace {

struct Options {
  std::string features;
  std::string recording, stages, write_features;
  double stages_at_s = 0.0;
  std::optional<double> label_epoch_s;
  recordings::FeatureChannels channels;
  RecordingOptions input;
  std::string out, picture;
  std::vector<std::string> use;
  bool unsupervised = false;
  std::string saved;
  std::vector<std::string> thresholds;
  bool json = false;
};

std::vector<SleepFeature> chosen_features(const std::vector<std::string>& names) {
  std::vector<SleepFeature> result;
  for (const std::string& name : names) {
    const auto feature = sleep_feature_from_name(name);
    if (!feature) {
      throw UsageError("--use: '" + name + "' is no feature; allowed: " + sleep_feature_names());
    }
    result.push_back(*feature);
  }
  return result;
}

Json report(const SleepCalibration& calibration, const std::vector<ScoredBaseline>& baselines, const Options& options) {
  Json result = sleep_score_json(calibration.cross_validated);
  result["model"] = options.out;
  result["picture"] = options.picture;
  for (SleepFeature feature : calibration.model.features) {
    result["features"].push_back(kSleepFeatureNames[static_cast<std::size_t>(feature)]);
  }
  result["epoch_s"] = calibration.model.epoch_s;
  result["shrinkage"] = calibration.recipe.shrinkage;
  result["adaptation_s"] = calibration.recipe.adaptation_s;
  result["epochs_wake"] = calibration.model.epochs[0];
  result["epochs_nrem"] = calibration.model.epochs[1];
  result["epochs_rem"] = calibration.model.epochs[2];
  result["warnings"] = calibration.warnings;
  result["baselines"] = baselines_json(baselines);
  return result;
}

void print_report(const SleepCalibration& calibration, const std::vector<ScoredBaseline>& baselines,
                  const Options& options) {
  std::printf("%s: sleep model on", options.out.c_str());
  for (SleepFeature feature : calibration.model.features) {
    std::printf(" %s", std::string(kSleepFeatureNames[static_cast<std::size_t>(feature)]).c_str());
  }
  std::printf("\nwhat to expect, from blocks of this table that neither choice nor fit had seen:\n");
  print_sleep_score(calibration.cross_validated);
  print_baselines(baselines, calibration.cross_validated.kappa);
  std::printf("picture: %s\n", options.picture.c_str());
  for (const std::string& warning : calibration.warnings) std::printf("warning: %s\n", warning.c_str());
}

std::vector<LabelledEpoch> recorded_epochs(const Options& options, const std::function<void(double)>& progress) {
  if (options.recording.ends_with(".mcap")) return read_session_features(options.recording, progress);
  const auto recording = recordings::open_recording(options.recording, options.input.open);
  for (const std::string& warning : recording->info().warnings) std::fprintf(stderr, "warning: %s\n", warning.c_str());
  return recordings::read_features(*recording, feature_channels(options.channels, options.input), progress);
}

void label_by_stages(std::vector<LabelledEpoch>& epochs, const Options& options) {
  label(epochs, read_scoring(options.stages, options.label_epoch_s, options.stages_at_s));
  const auto scored = [](const LabelledEpoch& epoch) { return epoch.stage != SleepState::kUnknown; };
  if (std::none_of(epochs.begin(), epochs.end(), scored))
    throw UsageError(options.stages + ": scores no time of these features; say with --stages-at when its time 0 is");
}

SleepTable read_recording(const Options& options) {
  Progress progress("reading signals", 1000);
  SleepTable table;
  table.epochs =
      recorded_epochs(options, [&](double done) { progress.update(static_cast<std::uint64_t>(1000.0 * done)); });
  progress.finish();
  if (table.epochs.size() < 2) throw UsageError(options.recording + ": too short for features of sleep");
  if (!options.stages.empty()) label_by_stages(table.epochs, options);
  table.hash = sleep_features_hash(table.epochs);
  if (!options.write_features.empty()) {
    AtomicFile file(options.write_features);
    write_sleep_features(file.stream(), table.epochs);
    file.commit();
  }
  return table;
}

SleepTable read_table(const Options& options) {
  const bool needs_stages = !options.unsupervised && options.saved.empty() && options.stages.empty();
  SleepTable table = read_sleep_features(options.features, needs_stages);
  if (options.stages.empty()) return table;
  label_by_stages(table.epochs, options);
  table.hash = sleep_features_hash(table.epochs);
  return table;
}

int calibrate(Options options) {
  const InterruptScope interrupt;
  if (options.picture.empty()) options.picture = options.out + ".svg";
  if (!options.thresholds.empty()) return write_manual_model(options.thresholds, options.out, options.json);
  if (options.features.empty() == options.recording.empty()) {
    throw UsageError("give --features or --recording, one of them");
  }
  const std::string& input = options.features.empty() ? options.recording : options.features;
  const SleepTable table = options.features.empty() ? read_recording(options) : read_table(options);
  if (options.unsupervised || !options.saved.empty()) {
    if (!options.use.empty()) throw UsageError("--use goes with labels only");
    const UnlabelledInput unlabelled{table, input, options.out, options.json};
    return options.unsupervised ? calibrate_unlabelled(unlabelled) : calibrate_from_template(options.saved, unlabelled);
  }
  SleepCalibrationSettings settings;
  settings.features = chosen_features(options.use);
  Progress progress("calibrating", 100);
  settings.progress = [&](double done) {
    progress.update(static_cast<std::uint64_t>(100.0 * done));
    return !interrupted();
  };
  auto calibration = calibrate_sleep(table.epochs, settings);
  progress.finish();
  throw_if_interrupted();
  if (!calibration) throw UsageError(input + ": no model: " + calibration.error());
  calibration->model.data_hash = table.hash;
  write_file_atomically(options.out, sleep_model_to_json(calibration->model));
  write_file_atomically(options.picture, sleep_picture(*calibration, table.epochs, options.out));
  const auto baselines = score_baselines(sleep_baselines(*calibration, table.epochs), table.epochs);
  if (options.json) {
    print_json(report(*calibration, baselines, options));
  } else {
    print_report(*calibration, baselines, options);
  }
  return 0;
}

const Registration registration{
    {"calibrate", "sleep", "fit a sleep model to scored features (CSV t_s,delta,theta,...,emg,stage) or a recording",
     [](CLI::App& app) -> Run {
       auto options = std::make_shared<Options>();
       app.add_option("--features", options->features, "features CSV, linear power, stage W/N/R/U");
       auto* recording = app.add_option(
           "--recording", options->recording,
           "Intan .rhd, .rhs or folder, Open Ephys Binary, or a session log (.mcap): features are computed as live");
       auto* stages =
           app.add_option("--stages", options->stages,
                          "scoring: CSV t_s,stage; buzcode SleepState.states.mat; AccuSleep labels (.mat, or "
                          "CSV brain_state)");
       app.add_option("--stages-at", options->stages_at_s,
                      "time (s) of the scoring's time 0: in a table its t_s, in a recording from its begin, in a "
                      "session log session time")
           ->needs(stages)
           ->capture_default_str();
       app.add_option("--label-epoch-s", options->label_epoch_s, "length of an epoch of AccuSleep labels")
           ->check(CLI::Range(0.1, 60.0));
       auto* unsupervised = app.add_flag("--unsupervised", options->unsupervised,
                                         "no labels: 3 to 4 h of the light phase with wake, NREM and REM in them");
       auto* saved = app.add_option("--template", options->saved,
                                    "no labels: a saved model of this kind of recording, moved to the gains of 10 min "
                                    "of features or more");
       auto* thresholds =
           app.add_option("--thresholds", options->thresholds,
                          "no data: thresholds set by hand, in the features' powers: "
                          "emg=9000,delta=60,ratio=1.2,margin=1.1 (theta/delta; a factor to either side)")
               ->delimiter(',');
       saved->excludes(unsupervised);
       for (auto* other : {saved, unsupervised}) thresholds->excludes(other);
       app.add_option("--theta", options->channels.theta, "channel of a recording: hippocampal LFP");
       app.add_option("--slow", options->channels.slow, "channel: cortical LFP or EEG");
       app.add_option("--emg", options->channels.emg, "channel: EMG");
       app.add_option("--motion", options->channels.motion, "channels: accelerometer axes, up to three")
           ->delimiter(',');
       app.add_option("--emg-lfp", options->channels.emg_lfp,
                      "channels far apart, two to six: muscle tone from their common 300-600 Hz")
           ->delimiter(',');
       app.add_option("--write-features", options->write_features, "also write the recording's features as CSV");
       options->input.add_to(app);
       app.add_option("--out", options->out, "model file to write")->required();
       app.add_option("--picture", options->picture,
                      "picture to write (SVG); without it the model file's name and .svg");
       app.add_option("--use", options->use, "features to use (default: chosen by cross-validation)")->delimiter(',');
       app.add_flag("--json", options->json, "figures as JSON on stdout");
       return [options, recording, stages, unsupervised, saved] {
         if (recording->count() > 0 && stages->count() + unsupervised->count() + saved->count() == 0)
           throw UsageError("--recording needs --stages, --unsupervised or --template");
         return calibrate(*options);
       };
     }}};

}  // namespace
}  // namespace vturn::tools
