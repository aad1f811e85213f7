// vturn calibrate sleep: a sleep model from a scored features table.
#include <cstdio>
#include <memory>

#include "daemon/models/sleep_model_json.hpp"
#include "tools/commands/registry.hpp"
#include "tools/commands/sleep_csv.hpp"
#include "tools/commands/sleep_report.hpp"
#include "tools/lib/atomic_file.hpp"
#include "tools/lib/interrupt.hpp"
#include "tools/lib/progress.hpp"

namespace vturn::tools {
namespace {

struct Options {
  std::string features;
  std::string out;
  std::vector<std::string> use;
  bool json = false;
};

std::vector<SleepFeature> chosen_features(const std::vector<std::string>& names) {
  std::vector<SleepFeature> result;
  for (const std::string& name : names) {
    const auto feature = sleep_feature_from_name(name);
    if (!feature) {
      throw UsageError("--use: '" + name +
                       "' is no feature; allowed: delta, theta, sigma, beta, gamma, emg, motion, alpha");
    }
    result.push_back(*feature);
  }
  return result;
}

Json report(const SleepCalibration& calibration, const Options& options) {
  Json result;
  result["model"] = options.out;
  for (SleepFeature feature : calibration.model.features) {
    result["features"].push_back(kSleepFeatureNames[static_cast<std::size_t>(feature)]);
  }
  result["epoch_s"] = calibration.model.epoch_s;
  result["shrinkage"] = calibration.shrinkage;
  result["epochs_wake"] = calibration.model.epochs[0];
  result["epochs_nrem"] = calibration.model.epochs[1];
  result["epochs_rem"] = calibration.model.epochs[2];
  result["expected_kappa"] = json_number(calibration.cross_validated.kappa);
  result["expected_rem_onset_latency_s"] = json_number(calibration.cross_validated.onset_latency_median_s);
  result["three_threshold_kappa"] = json_number(calibration.rules_kappa);
  result["cross_validated"] = sleep_score_json(calibration.cross_validated);
  result["warnings"] = calibration.warnings;
  return result;
}

void print_report(const SleepCalibration& calibration, const Options& options) {
  std::printf("%s: sleep model on", options.out.c_str());
  for (SleepFeature feature : calibration.model.features) {
    std::printf(" %s", std::string(kSleepFeatureNames[static_cast<std::size_t>(feature)]).c_str());
  }
  std::printf("\nwhat to expect, from cross-validation inside this table:\n");
  print_sleep_score(calibration.cross_validated);
  std::printf("three thresholds       kappa %.3f on the same blocks\n", calibration.rules_kappa);
  for (const std::string& warning : calibration.warnings) std::printf("warning: %s\n", warning.c_str());
}

int calibrate(const Options& options) {
  const InterruptScope interrupt;
  const SleepTable table = read_sleep_features(options.features, true);
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
  if (!calibration) throw UsageError(options.features + ": no model: " + calibration.error());
  calibration->model.data_hash = table.hash;
  write_file_atomically(options.out, sleep_model_to_json(calibration->model));
  if (options.json) {
    print_json(report(*calibration, options));
  } else {
    print_report(*calibration, options);
  }
  return 0;
}

const Registration registration{
    {"calibrate", "sleep", "fit a sleep model to scored features: CSV t_s,delta,theta,...,emg,stage",
     [](CLI::App& app) -> Run {
       auto options = std::make_shared<Options>();
       app.add_option("--features", options->features, "features CSV, linear power, stage W/N/R/U")->required();
       app.add_option("--out", options->out, "model file to write")->required();
       app.add_option("--use", options->use, "features to use (default: chosen by cross-validation)")->delimiter(',');
       app.add_flag("--json", options->json, "figures as JSON on stdout");
       return [options] { return calibrate(*options); };
     }}};

}  // namespace
}  // namespace vturn::tools
