#include <algorithm>
#include <cstdio>
#include <limits>
#include <memory>
#include <optional>

#include "daemon/decode/scoring.hpp"
#include "daemon/decode/validation.hpp"
#include "daemon/models/heading_model_json.hpp"
#include "tools/commands/registry.hpp"
#include "tools/lib/atomic_file.hpp"
#include "tools/lib/heading_csv.hpp"
#include "tools/lib/interrupt.hpp"
#include "tools/lib/json_out.hpp"
#include "tools/lib/progress.hpp"
#include "tools/lib/validation_json.hpp"

namespace vturn::tools {
namespace {

constexpr SessionNs kMemorylessWindowNs = 200 * kNsPerMs;
constexpr std::size_t kBlocks = 5;

struct Options {
  std::string model, spikes, heading, decoded;
  std::string image_y = "up";
  std::vector<UnitId> units;
  std::size_t cross_validate = 0;
  double train_first = 0.0;
  bool json = false;
};

struct Evaluation {
  HeadingScore score;
  std::optional<std::size_t> units;
  std::optional<HeadingScore> memoryless;
  std::vector<double> block_medians_deg, memoryless_block_medians_deg;
};

/// Medians of contiguous fifths: one figure hides a stretch where the decoder was lost.
std::vector<double> block_medians_deg(const HeadingTally& tally) {
  const auto& errors = tally.abs_errors_rad();
  std::vector<double> medians;
  for (std::size_t block = 0; block < kBlocks; ++block) {
    HeadingTally part;
    for (std::size_t i = errors.size() * block / kBlocks; i < errors.size() * (block + 1) / kBlocks; ++i) {
      part.add(static_cast<double>(errors[i]), false);
    }
    medians.push_back(part.score().median_abs_error_deg);
  }
  return medians;
}

HeadingModel read_model(const std::string& file) {
  auto model = heading_model_from_json(read_file(file, kMaxHeadingModelBytes), file);
  if (!model) throw UsageError(model.error());
  return std::move(*model);
}

/// The truth rows during which there are spikes; an empty overlap is an error.
std::vector<HeadingSample> overlapping(const std::vector<HeadingSample>& truth, const std::vector<SpikeSample>& spikes,
                                       const Options& options) {
  std::vector<HeadingSample> rows;
  if (!spikes.empty()) {
    const SessionNs until_ns = spikes.back().time_ns + kMemorylessWindowNs;
    std::copy_if(truth.begin(), truth.end(), std::back_inserter(rows), [&](const HeadingSample& row) {
      return row.time_ns >= spikes.front().time_ns && row.time_ns <= until_ns;
    });
  }
  if (rows.empty()) {
    throw UsageError(options.spikes + " and " + options.heading +
                     ": do not overlap in time; give both on one clock (t_s, seconds)");
  }
  return rows;
}

void evaluate_model(const Options& options, const std::vector<HeadingSample>& heading, Evaluation& result) {
  const HeadingModel model = read_model(options.model);
  const auto spikes = read_spikes_csv(options.spikes);
  const auto truth = overlapping(heading, spikes, options);
  Progress progress("evaluating", 2000);
  std::uint64_t done = 0;
  const KeepGoing keep_going = [&](double share) {
    progress.update(done + static_cast<std::uint64_t>(share * 1000.0));
    return !interrupted();
  };
  MemorylessDecoder memoryless;
  memoryless.prepare(model, kMemorylessWindowNs);
  HeadingTally memoryless_tally;
  score_memoryless(memoryless, spikes, truth, {}, memoryless_tally, keep_going);
  throw_if_interrupted();
  result.memoryless = memoryless_tally.score();
  result.memoryless_block_medians_deg = block_medians_deg(memoryless_tally);
  result.units = model.units.size();
  if (!options.decoded.empty()) return;
  done = 1000;
  HeadingFilter filter;
  filter.prepare(model);
  HeadingTally tally;
  score_filter(filter, spikes, truth, {}, tally, keep_going);
  throw_if_interrupted();
  if (filter.spikes() == 0) throw UsageError(options.spikes + ": none of its units is in " + options.model);
  result.score = tally.score();
  result.block_medians_deg = block_medians_deg(tally);
}

Evaluation evaluation(const Options& options) {
  const bool decodes = options.decoded.empty();
  const bool has_pair = !options.model.empty() && !options.spikes.empty();
  if (decodes && !has_pair) throw UsageError("give --model and --spikes, or --decoded");
  const auto heading = read_heading_csv(options.heading, options.image_y == "down");
  if (heading.empty()) throw UsageError(options.heading + ": holds no row with a heading");
  Evaluation result;
  if (has_pair) evaluate_model(options, heading, result);
  if (!decodes) {
    result.score = score_estimates(read_heading_csv(options.decoded, false), heading);
    if (result.score.steps == 0) {
      throw UsageError(options.decoded + " and " + options.heading +
                       ": do not overlap in time; give both on one clock (t_s, seconds)");
    }
  }
  return result;
}

Json json_of(const Evaluation& evaluation) {
  const HeadingScore& score = evaluation.score;
  Json result = {{"median_abs_error_deg", json_number(score.median_abs_error_deg)},
                 {"mean_abs_error_deg", json_number(score.mean_abs_error_deg)},
                 {"p90_abs_error_deg", json_number(score.p90_abs_error_deg)},
                 {"coverage_95", json_number(score.coverage_95)},
                 {"n_steps", score.steps},
                 {"n_units", evaluation.units ? Json(*evaluation.units) : Json(nullptr)},
                 {"memoryless_200ms_median_abs_error_deg", nullptr},
                 {"memoryless_200ms_coverage_95", nullptr}};
  if (evaluation.memoryless) {
    result["memoryless_200ms_median_abs_error_deg"] = json_number(evaluation.memoryless->median_abs_error_deg);
    result["memoryless_200ms_coverage_95"] = json_number(evaluation.memoryless->coverage_95);
  }
  result["block_median_abs_error_deg"] = evaluation.block_medians_deg;
  result["memoryless_200ms_block_median_abs_error_deg"] = evaluation.memoryless_block_medians_deg;
  return result;
}

void print_text(const Evaluation& evaluation) {
  const HeadingScore& score = evaluation.score;
  std::printf("absolute error of heading: median %.2f, mean %.2f, 90 %% below %.2f degrees (%llu steps)\n",
              score.median_abs_error_deg, score.mean_abs_error_deg, score.p90_abs_error_deg,
              static_cast<unsigned long long>(score.steps));
  if (score.coverage_95 == score.coverage_95)
    std::printf("95 %% sets hold the truth in %.1f %%\n", 100.0 * score.coverage_95);
  if (evaluation.memoryless) {
    std::printf("memoryless 200 ms on the same spikes: median %.2f degrees\n",
                evaluation.memoryless->median_abs_error_deg);
  }
}

/// Without a model: calibration itself is tried, on parts of the recording that it has not seen.
HeadingValidation validated(const Options& options) {
  if (options.spikes.empty()) throw UsageError("give --spikes: calibration is tried on a recording");
  if (!options.model.empty() || !options.decoded.empty())
    throw UsageError("--cross-validate and --train-first fit models themselves: leave --model and --decoded out");
  auto spikes = read_spikes_csv(options.spikes);
  keep_units(spikes, options.units);
  const auto heading = overlapping(read_heading_csv(options.heading, options.image_y == "down"), spikes, options);
  Progress line("fitting and decoding parts left out", 1000);
  const KeepGoing keep_going = [&line](double share) {
    line.update(static_cast<std::uint64_t>(share * 1000.0));
    return !interrupted();
  };
  const ValidationSettings folds{.folds = options.cross_validate, .by_cells = false};
  try {
    if (options.cross_validate > 0) {
      CalibrationProgress progress(keep_going, validation_passes(folds));
      return validate_heading(spikes, heading, {}, folds, progress);
    }
    CalibrationProgress progress(keep_going, kSearchPasses);
    return validate_on_rest(spikes, heading, options.train_first, {}, progress);
  } catch (const CalibrationStopped&) {
    throw_if_interrupted();
    throw;
  }
}

int validate(const Options& options) {
  const InterruptScope scope;
  const HeadingValidation result = validated(options);
  if (result.block_median_deg.empty()) throw UsageError(options.spikes + ": no unit carries heading");
  const double window_deg = result.best_window().median_deg;
  if (!options.json) {
    std::printf(
        "parts never seen: median %.2f, mean %.2f degrees, 95 %% sets hold %.1f %%; best memoryless window "
        "(%.0f ms) %.2f, ratio %.3f\n",
        result.pooled.median_abs_error_deg, result.pooled.mean_abs_error_deg, 100.0 * result.pooled.coverage_95,
        1e3 * result.best_window().window_s, window_deg, result.pooled.median_abs_error_deg / window_deg);
    return 0;
  }
  Json json{{"median_abs_error_deg", json_number(result.pooled.median_abs_error_deg)},
            {"mean_abs_error_deg", json_number(result.pooled.mean_abs_error_deg)},
            {"p90_abs_error_deg", json_number(result.pooled.p90_abs_error_deg)},
            {"coverage_95", json_number(result.pooled.coverage_95)},
            {"n_steps", result.pooled.steps},
            {"ratio_to_best_memoryless", json_number(result.pooled.median_abs_error_deg / window_deg)}};
  json.update(validation_json(result));
  print_json(json);
  return 0;
}

int evaluate(const Options& options) {
  if (options.cross_validate > 0 || options.train_first > 0.0) return validate(options);
  const InterruptScope scope;
  const Evaluation result = evaluation(options);
  if (options.json) {
    print_json(json_of(result));
  } else {
    print_text(result);
  }
  return 0;
}

Run configure(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("--model", options->model, "heading model (JSON)");
  app.add_option("--spikes", options->spikes, "CSV with unit,t_s");
  app.add_option("--heading", options->heading, "CSV of the true heading with t_s and hd_rad (or heading_deg, ...)")
      ->required();
  app.add_option("--decoded", options->decoded,
                 "score this heading.csv of a session (t_s,angle_rad) instead of decoding");
  app.add_option("--image-y", options->image_y, "direction of the true heading's y axis: down mirrors its angles")
      ->check(CLI::IsMember({"up", "down"}))
      ->capture_default_str();
  auto* folds =
      app.add_option("--cross-validate", options->cross_validate,
                     "without a model: calibrate on all but one of so many contiguous parts, decode that one, "
                     "for each")
          ->check(CLI::Range(2, 50));
  app.add_option("--train-first", options->train_first,
                 "without a model: calibrate on this first share, decode the rest")
      ->check(CLI::Range(0.05, 0.95))
      ->excludes(folds);
  app.add_option("--units", options->units, "with these two: use these units only: 0,1,2")->delimiter(',');
  app.add_flag("--json", options->json, "result as one JSON object on stdout");
  return [options] { return evaluate(*options); };
}

const Registration registration({"evaluate", "heading", "score decoded heading against tracked heading", configure});

}  // namespace
}  // namespace vturn::tools
