#include <cstdio>
#include <memory>

#include "daemon/calibrate/turn_threshold.hpp"
#include "daemon/decode/calibration.hpp"
#include "daemon/models/heading_model_json.hpp"
#include "tools/commands/recording_input.hpp"
#include "tools/commands/registry.hpp"
#include "tools/lib/atomic_file.hpp"
#include "tools/lib/heading_csv.hpp"
#include "tools/lib/interrupt.hpp"
#include "tools/lib/json_out.hpp"
#include "tools/lib/progress.hpp"

namespace vturn::tools {
namespace {

struct Options {
  std::string spikes, heading, out;
  std::string image_y = "up";
  bool json = false;
  std::string heading_pulses;
  int pulse_line = -1;
  bool handedness_confirmed = false;
  RecordingOptions recording;
  CalibrationSettings settings;
};

struct Data {
  std::vector<SpikeSample> spikes;
  std::vector<HeadingSample> heading;
};

Data read_data(const Options& options) {
  Data data;
  data.heading = read_heading_csv(options.heading, options.image_y == "down");
  if (!recordings::is_recording(options.spikes)) {
    if (!options.heading_pulses.empty()) throw UsageError("--heading-pulses needs a recording as --spikes");
    data.spikes = read_spikes_csv(options.spikes);
    return data;
  }
  const auto recording = recordings::open_recording(options.spikes, options.recording.open);
  data.spikes = spikes_of(*recording, options.recording);
  if (!options.heading_pulses.empty()) {
    align_heading(data.heading, options.heading_pulses, options.pulse_line, *recording);
  }
  return data;
}

HeadingModel fitted(const Options& options) {
  const auto [spikes, heading] = read_data(options);
  Progress progress("calibrating", 1000);
  auto model = calibrate_heading(spikes, heading, options.settings, [&](double share) {
    progress.update(static_cast<std::uint64_t>(share * 1000.0));
    return !interrupted();
  });
  throw_if_interrupted();
  if (!model) throw UsageError(options.spikes + " with " + options.heading + ": " + model.error());
  model->handedness = options.handedness_confirmed ? Handedness::kConfirmed : Handedness::kUnconfirmed;
  model->hash = model_hash(*model);
  return std::move(*model);
}

void add_turn_thresholds(HeadingModel& model) {
  Progress progress("simulating rest for turn thresholds", 1000);
  model.turn_thresholds = calibrate::simulate_turn_thresholds(model, [&](double share) {
    progress.update(static_cast<std::uint64_t>(share * 1000.0));
    return !interrupted();
  });
  throw_if_interrupted();
}

Json thresholds_of(const HeadingModel& model) {
  Json list = Json::array();
  for (const HeadingTurnThreshold& row : model.turn_thresholds) {
    list.push_back({{"false_alarms_per_minute", row.false_alarms_per_minute},
                    {"log_odds", row.log_odds},
                    {"low_per_minute", row.low_per_minute},
                    {"high_per_minute", row.high_per_minute}});
  }
  return list;
}

Json summary(const HeadingModel& model, const Options& options) {
  const HeadingFigures& figures = model.cross_validated;
  char hash[17];
  std::snprintf(hash, sizeof hash, "%016llx", static_cast<unsigned long long>(model.hash));
  Json units = Json::array();
  for (const HeadingUnit& unit : model.units) units.push_back(unit.unit);
  return {{"model", options.out},
          {"model_hash", hash},
          {"n_units", model.units.size()},
          {"units", units},
          {"duration_s", json_number(figures.duration_s)},
          {"wake_dynamics", model.dynamics[static_cast<std::size_t>(Dynamics::kWake)].name},
          {"temper", model.temper},
          {"lag_s", model.lag_s},
          {"frame_sd_rad", model.frame_sd_rad},
          {"handedness", model.handedness == Handedness::kConfirmed ? "confirmed" : "unconfirmed"},
          {"median_abs_error_deg", json_number(figures.median_abs_error_deg)},
          {"mean_abs_error_deg", json_number(figures.mean_abs_error_deg)},
          {"p90_abs_error_deg", json_number(figures.p90_abs_error_deg)},
          {"coverage_95", json_number(figures.coverage_95)},
          {"memoryless_200ms_median_abs_error_deg", json_number(figures.memoryless_200ms_median_abs_error_deg)},
          {"n_steps", figures.steps},
          {"turn_thresholds", thresholds_of(model)}};
}

int calibrate(const Options& options) {
  const InterruptScope scope;
  HeadingModel model = fitted(options);
  add_turn_thresholds(model);
  write_file_atomically(options.out, heading_model_to_json(model));
  const Json result = summary(model, options);
  if (options.json) {
    print_json(result);
  } else {
    std::printf("%s: %zu units, blocks left out decode with a median error of %.1f degrees (memoryless 200 ms: %.1f)\n",
                options.out.c_str(), model.units.size(), model.cross_validated.median_abs_error_deg,
                model.cross_validated.memoryless_200ms_median_abs_error_deg);
  }
  return 0;
}

Run configure(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("--spikes", options->spikes,
                 "CSV with unit,t_s; or a recording with spikes (Intan folder, Open Ephys Binary)")
      ->required();
  app.add_option("--heading", options->heading, "CSV of tracked heading with t_s and hd_rad (or heading_deg, ...)")
      ->required();
  auto* pulses = app.add_option("--heading-pulses", options->heading_pulses,
                                "CSV with t_s: rising edges of shared pulses on the heading's clock; without it the "
                                "heading's time 0 is the recording's first sample");
  auto* line = app.add_option("--pulse-line", options->pulse_line, "line of the recording that saw them, from 0")
                   ->check(CLI::Range(0, 255));
  pulses->needs(line);
  line->needs(pulses);
  options->recording.add_to(app);
  options->recording.add_units_to(app);
  app.add_option("--out", options->out, "model file to write (JSON)")->required();
  app.add_flag("--json", options->json, "result as one JSON object on stdout");
  app.add_option("--image-y", options->image_y, "direction of the tracker's y axis: down mirrors the angles")
      ->check(CLI::IsMember({"up", "down"}))
      ->capture_default_str();
  app.add_flag("--handedness-confirmed", options->handedness_confirmed,
               "the operator has seen on a clip, or with a gyroscope, that left is left");
  app.add_option("--min-units", options->settings.min_units, "units that must carry heading")->capture_default_str();
  app.add_option("--max-error-deg", options->settings.max_median_error_deg, "largest median error on blocks left out")
      ->capture_default_str();
  app.add_option("--smoothing-deg", options->settings.smoothing_deg,
                 "kernel over the tuning curves (else chosen by blocks left out)")
      ->check(CLI::Range(0.0, 60.0));
  return [options] { return calibrate(*options); };
}

const Registration registration({"calibrate", "heading", "fit the heading model to spikes and tracked heading of wake",
                                 configure});

}  // namespace
}  // namespace vturn::tools
