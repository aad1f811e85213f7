#include <cmath>
#include <cstdio>
#include <limits>
#include <memory>
#include <optional>

#include "daemon/calibrate/animal_thresholds.hpp"
#include "daemon/core/angle.hpp"
#include "daemon/decode/tracker_check.hpp"
#include "daemon/decode/validation.hpp"
#include "daemon/models/heading_model_json.hpp"
#include "tools/commands/registry.hpp"
#include "tools/commands/wake_input.hpp"
#include "tools/lib/atomic_file.hpp"
#include "tools/lib/decoding_bounds.hpp"
#include "tools/lib/heading_csv.hpp"
#include "tools/lib/heading_picture.hpp"
#include "tools/lib/interrupt.hpp"
#include "tools/lib/json_out.hpp"
#include "tools/lib/progress.hpp"
#include "tools/lib/validation_json.hpp"

namespace vturn::tools {
namespace {

struct Options {
  WakeInput input;
  std::string out, picture;
  bool json = false;
  bool handedness_confirmed = false;
  std::vector<UnitId> units;
  CalibrationSettings settings;
};

struct Calibration {
  HeadingModel model;
  HeadingValidation validation;
  calibrate::AnimalThresholds thresholds;
  std::optional<HandednessCheck> gyroscope;
  std::vector<ExampleTurn> examples;
};

Calibration fitted(const Options& options, const WakeData& data) {
  Calibration result;
  result.gyroscope = options.input.check_gyroscope(data);
  result.examples = example_turns(data.heading, 3);
  Progress progress("calibrating", 1000);
  auto model = calibrate_heading(
      data.spikes, data.heading, options.settings,
      [&](double share) {
        progress.update(static_cast<std::uint64_t>(share * 1000.0));
        return !interrupted();
      },
      &result.validation);
  throw_if_interrupted();
  if (!model) throw UsageError(options.input.spikes + " with " + options.input.heading + ": " + model.error());
  result.model = std::move(*model);
  const bool confirmed = options.handedness_confirmed || (result.gyroscope && result.gyroscope->confirms());
  result.model.handedness = confirmed ? Handedness::kConfirmed : Handedness::kUnconfirmed;
  result.model.hash = model_hash(result.model);
  return result;
}

void add_turn_thresholds(const WakeData& data, Calibration& result) {
  Progress progress("simulating rest for turn thresholds", 1000);
  result.thresholds = calibrate::animal_thresholds(result.model, data.spikes, data.heading, [&](double share) {
    progress.update(static_cast<std::uint64_t>(share * 1000.0));
    return !interrupted();
  });
  throw_if_interrupted();
  result.model.turn_thresholds = result.thresholds.rows;
  result.model.cusum_thresholds = result.thresholds.cusum_rows;
}

Json thresholds_of(const std::vector<HeadingTurnThreshold>& rows, const char* nats) {
  Json list = Json::array();
  for (const HeadingTurnThreshold& row : rows) {
    list.push_back({{"false_alarms_per_minute", row.false_alarms_per_minute},
                    {nats, row.threshold_nats},
                    {"low_per_minute", row.low_per_minute},
                    {"high_per_minute", row.high_per_minute}});
  }
  return list;
}

/// Turns of 400 deg/s and half a second, as virtual turns are in the middle: what no detector can be faster than.
double turn_latency_bound_ms(const HeadingModel& model) {
  constexpr TurnShape kTurn{400.0 * kPi / 180.0, 0.5};
  constexpr Wander kRest{20.0 * kPi / 180.0, 0.5, 10.0 * kPi / 180.0};
  constexpr double kNats = 4.0;  // one false alarm a minute
  const double information = information_rate(model);
  const auto bound_s =
      turn_latency_bound_s(kTurn, information, posterior_variance_bound(information, kRest), kNats, 0.2);
  return bound_s ? 1e3 * *bound_s : std::numeric_limits<double>::quiet_NaN();
}

Json handedness_json(const Calibration& result) {
  Json examples = Json::array();
  for (const ExampleTurn& turn : result.examples) {
    examples.push_back(
        {{"t_s", turn.at_s}, {"duration_s", turn.duration_s}, {"angle_deg", turn.angle_rad * 180.0 / kPi}});
  }
  Json json{{"turns_to_look_up", examples}};
  if (result.gyroscope) {
    json["gyroscope_correlation"] = json_number(result.gyroscope->correlation);
    json["gyroscope_windows"] = result.gyroscope->windows;
  }
  return json;
}

Json summary(const Calibration& result, const Options& options) {
  const HeadingModel& model = result.model;
  const HeadingFigures& figures = model.cross_validated;
  char hash[17];
  std::snprintf(hash, sizeof hash, "%016llx", static_cast<unsigned long long>(model.hash));
  Json units = Json::array();
  for (const HeadingUnit& unit : model.units) units.push_back(unit.unit);
  return {{"model", options.out},
          {"picture", options.picture},
          {"model_hash", hash},
          {"n_units", model.units.size()},
          {"units", units},
          {"duration_s", json_number(figures.duration_s)},
          {"wake_dynamics", model.dynamics[static_cast<std::size_t>(Dynamics::kWake)].name},
          {"temper", model.temper},
          {"lag_s", model.lag_s},
          {"smoothing_deg", result.validation.choice.smoothing_deg},
          {"frame_sd_rad", model.frame_sd_rad},
          {"frame_drift_rms_rad", result.validation.drift_rms_rad},
          {"handedness", model.handedness == Handedness::kConfirmed ? "confirmed" : "unconfirmed"},
          {"handedness_evidence", handedness_json(result)},
          {"median_abs_error_deg", json_number(figures.median_abs_error_deg)},
          {"mean_abs_error_deg", json_number(figures.mean_abs_error_deg)},
          {"p90_abs_error_deg", json_number(figures.p90_abs_error_deg)},
          {"coverage_95", json_number(figures.coverage_95)},
          {"memoryless_200ms_median_abs_error_deg", json_number(figures.memoryless_200ms_median_abs_error_deg)},
          {"n_steps", figures.steps},
          {"blocks_left_out", validation_json(result.validation)},
          {"information_per_rad2_s", information_rate(model)},
          {"turn_latency_bound_ms", json_number(turn_latency_bound_ms(model))},
          {"misassigned_share", result.thresholds.misassigned.share},
          {"still_minutes", result.thresholds.still_minutes},
          {"thresholds_corrected", result.thresholds.still_minutes > 0.0},
          {"still_false_onsets", result.thresholds.still_onsets},
          {"still_expected_onsets", result.thresholds.expected_onsets},
          {"turn_thresholds", thresholds_of(model.turn_thresholds, "log_odds")},
          {"cusum_thresholds", thresholds_of(model.cusum_thresholds, "nats")}};
}

void print_stillness(const calibrate::AnimalThresholds& thresholds) {
  if (thresholds.still_minutes > 0.0) {
    std::printf("turn thresholds are corrected by %.1f still minutes: %llu false onsets, the model expects %.1f",
                thresholds.still_minutes, static_cast<unsigned long long>(thresholds.still_onsets),
                thresholds.expected_onsets);
  } else {
    std::printf("turn thresholds stand as simulated: 0 still minutes, nothing corrects them");
  }
  for (const HeadingTurnThreshold& row : thresholds.rows) {
    if (std::fabs(row.false_alarms_per_minute - 1.0) > 1e-6) continue;
    std::printf("; 1 false alarm a minute is between %.2f and %.2f (95 %%)", row.low_per_minute, row.high_per_minute);
  }
  std::printf("\n");
}

void print_text(const Calibration& result, const Options& options) {
  const HeadingModel& model = result.model;
  std::printf(
      "%s: %zu units, blocks left out decode with a median error of %.1f degrees (memoryless, best window: %.1f)\n",
      options.out.c_str(), model.units.size(), model.cross_validated.median_abs_error_deg,
      result.validation.best_window().median_deg);
  std::printf("a turn of 400 deg/s and half a second cannot be told before %.0f ms with these cells; picture: %s\n",
              turn_latency_bound_ms(model), options.picture.c_str());
  print_stillness(result.thresholds);
  if (model.handedness == Handedness::kConfirmed) return;
  std::printf(
      "left and right are not confirmed. Look these turns up on the video, then calibrate again with "
      "--handedness-confirmed (or give --gyroscope):\n");
  for (const ExampleTurn& turn : result.examples) {
    std::printf("  %.1f s: %.0f degrees to the animal's %s in %.1f s\n", turn.at_s,
                std::fabs(turn.angle_rad) * 180.0 / kPi, turn.angle_rad > 0.0 ? "left" : "right", turn.duration_s);
  }
}

int calibrate_model(Options& options) {
  const InterruptScope scope;
  WakeData data = options.input.read();
  keep_units(data.spikes, options.units);
  Calibration result = fitted(options, data);
  add_turn_thresholds(data, result);
  if (options.picture.empty()) options.picture = options.out + ".svg";
  write_file_atomically(options.out, heading_model_to_json(result.model));
  write_file_atomically(options.picture, heading_picture(result.model, result.validation, options.out));
  if (options.json) {
    print_json(summary(result, options));
  } else {
    print_text(result, options);
  }
  return 0;
}

Run configure(CLI::App& app) {
  auto options = std::make_shared<Options>();
  options->input.add_to(app);
  app.add_option("--out", options->out, "model file to write (JSON)")->required();
  app.add_option("--picture", options->picture, "picture to write (SVG); without it the model file's name and .svg");
  app.add_flag("--json", options->json, "result as one JSON object on stdout");
  app.add_flag("--handedness-confirmed", options->handedness_confirmed,
               "the operator has seen on a clip, or with a gyroscope, that left is left");
  app.add_option("--units", options->units, "use these units only: 0,1,2")->delimiter(',');
  app.add_option("--min-units", options->settings.min_units, "units that must carry heading")->capture_default_str();
  app.add_option("--max-error-deg", options->settings.max_median_error_deg, "largest median error on blocks left out")
      ->capture_default_str();
  app.add_option("--smoothing-deg", options->settings.smoothing_deg,
                 "kernel over the tuning curves (else chosen by blocks left out)")
      ->check(CLI::Range(0.0, 60.0));
  return [options] { return calibrate_model(*options); };
}

const Registration registration({"calibrate", "heading", "fit the heading model to spikes and tracked heading of wake",
                                 configure});

}  // namespace
}  // namespace vturn::tools
