#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>

#include "tools/benches/sleep_chain.hpp"
#include "tools/benches/sleep_cost.hpp"
#include "tools/commands/registry.hpp"
#include "tools/commands/sleep_report.hpp"
#include "tools/lib/interrupt.hpp"
#include "tools/lib/json_out.hpp"
#include "tools/lib/progress.hpp"
#include "tools/simulation/hypnogram.hpp"

// `vturn bench sleep`: sleep scoring from raw signals of the digital mouse, on nights that calibration never saw, with
// all signals and without some. Simulated throughout; the same on every machine.

namespace vturn::tools {
namespace {

using namespace benches;

struct Options {
  SleepChainSettings chain;
  bool cost_only = false;
  bool json = false;
};

constexpr std::size_t kCostChannels = 16;
constexpr double kCostSessionS = 600.0;

Json json_of(const SleepCost& cost) {
  return {{"channels", cost.channels},
          {"session_s", cost.session_s},
          {"features_and_model_share_of_a_core", json_number(cost.features_share)},
          {"over_the_filters_alone", json_number(cost.features_share / cost.floor_share)},
          {"decimation_from_30_khz_share_of_a_core", json_number(cost.decimation_share)}};
}

void print(const SleepCost& cost) {
  std::printf(
      "cost: %zu LFP channels at 1 kHz, features and model %.2f %% of a core, %.2f x the band filters alone; "
      "decimation from 30 kHz %.2f %%\n",
      cost.channels, 100.0 * cost.features_share, cost.features_share / cost.floor_share,
      100.0 * cost.decimation_share);
}

Json json_of(const SleepChainFigures& figures) {
  Json result{{"signals", figures.signals}};
  if (!figures.refused.empty()) {
    result["refused"] = figures.refused;
    return result;
  }
  result["features"] = figures.features;
  result["warnings"] = figures.warnings;
  result["expected_kappa"] = json_number(figures.expected_kappa);
  result["three_threshold_kappa"] = json_number(figures.rules_kappa);
  result["score"] = sleep_score_json(figures.score);
  const MovementFigures& movement = figures.movement;
  result["movement"] = {{"arousals_out_of_rem", movement.arousals},
                        {"inhibited_within_1_s", json_number(movement.within_1_s)},
                        {"inhibited_within_2_s", json_number(movement.within_2_s)},
                        {"slowest_s", json_number(movement.slowest_s)},
                        {"inhibits_per_rem_minute", json_number(movement.inhibits_per_rem_minute)}};
  return result;
}

Json json_of(const SleepChainRun& run, const Options& options) {
  Json result{{"simulated", true},
              {"seed", options.chain.seed},
              {"rate_hz", options.chain.rate_hz},
              {"calibration_nights", options.chain.calibration_nights},
              {"test_nights", options.chain.test_nights},
              {"calibration_hours", run.calibration_hours},
              {"test_hours", run.test_hours}};
  for (const SleepChainFigures& figures : run.figures) result["chains"].push_back(json_of(figures));
  return result;
}

void print_score(const SleepChainFigures& figures) {
  const SleepScore& score = figures.score;
  std::printf("  kappa %.3f (expected %.3f", score.kappa, figures.expected_kappa);
  if (!std::isnan(figures.rules_kappa)) std::printf(", three thresholds %.3f", figures.rules_kappa);
  std::printf("); REM precision %.3f, recall %.3f, F1 %.3f\n", score.rem_precision, score.rem_recall, score.rem_f1);
  if (score.missed_fraction == 1.0) {
    std::printf("  REM never told: nothing is stimulated\n");
    return;
  }
  std::printf(
      "  REM onset median %.1f, p75 %.1f, p90 %.1f s, missed %.1f %% of %zu; %.2f false alarms/h, %.1f %% of alarm "
      "time "
      "outside REM; end %+.1f s\n",
      score.onset_latency_median_s, score.onset_latency_p75_s, score.onset_latency_p90_s, 100.0 * score.missed_fraction,
      score.rem_bouts, score.false_alarms_per_hour, 100.0 * score.false_rem_fraction, score.offset_latency_s);
}

void print(const SleepChainFigures& figures) {
  std::printf("\n%s\n", figures.signals.c_str());
  if (!figures.refused.empty()) {
    std::printf("  calibration refuses: %s\n", figures.refused.c_str());
    return;
  }
  print_score(figures);
  const MovementFigures& movement = figures.movement;
  if (movement.arousals > 0) {
    std::printf(
        "  movement out of REM: %zu arousals, inhibited within 1 s %.1f %%, 2 s %.1f %%, slowest %.1f s; %.2f inhibits "
        "a "
        "REM minute\n",
        movement.arousals, 100.0 * movement.within_1_s, 100.0 * movement.within_2_s, movement.slowest_s,
        movement.inhibits_per_rem_minute);
  }
  for (const std::string& warning : figures.warnings) std::printf("  warning: %s\n", warning.c_str());
}

int bench(const Options& options) {
  const InterruptScope scope;
  const SleepCost cost = sleep_cost(kCostChannels, kCostSessionS);
  if (options.cost_only) {
    if (options.json) {
      print_json(json_of(cost));
    } else {
      print(cost);
    }
    return 0;
  }
  for (const std::size_t night : options.chain.test_nights) {
    const auto& seen = options.chain.calibration_nights;
    if (std::find(seen.begin(), seen.end(), night) != seen.end()) {
      throw UsageError("--test and --calibrate both name night " + std::to_string(night) +
                       ": a model is not tested on the night it was calibrated on");
    }
  }
  Progress progress("scoring simulated sleep", 1000);
  const SleepChainRun run = sleep_chain_run(options.chain, [&](double share) {
    progress.update(static_cast<std::uint64_t>(1000.0 * share));
    throw_if_interrupted();
  });
  progress.finish();
  if (options.json) {
    Json result = json_of(run, options);
    result["cost"] = json_of(cost);
    print_json(result);
    return 0;
  }
  std::printf("simulated: calibrated on %.1f h, tested on %.1f h of other nights\n", run.calibration_hours,
              run.test_hours);
  for (const SleepChainFigures& figures : run.figures) print(figures);
  std::printf("\n");
  print(cost);
  return 0;
}

Run configure(CLI::App& app) {
  auto options = std::make_shared<Options>();
  SleepChainSettings& chain = options->chain;
  const CLI::Range nights(std::size_t{0}, simulation::Hypnogram::shipped_count() - 1);
  app.add_option("--calibrate", chain.calibration_nights, "built-in hypnograms to calibrate on")
      ->check(nights)
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--test", chain.test_nights, "built-in hypnograms to test on")
      ->check(nights)
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--seed", chain.seed, "the animal")->capture_default_str();
  app.add_option("--rate", chain.rate_hz, "samples a second of the raw signals")
      ->check(CLI::Range(1000.0, 30000.0))
      ->capture_default_str();
  SleepModel& model = chain.defaults;
  app.add_option("--evidence-s", model.evidence_constant_s, "evidence constant of the filter")
      ->check(CLI::Range(0.1, 60.0))
      ->group("Filter")
      ->capture_default_str();
  app.add_option("--rem-on", model.rem_on, "P(REM) at which REM begins")
      ->check(CLI::Range(0.0, 1.0))
      ->group("Filter")
      ->capture_default_str();
  app.add_option("--rem-off", model.rem_off, "P(REM) below which it ends")
      ->check(CLI::Range(0.0, 1.0))
      ->group("Filter")
      ->capture_default_str();
  app.add_option("--confirm-s", model.confirm_s, "for how long before a state is entered")
      ->check(CLI::Range(0.0, 60.0))
      ->group("Filter")
      ->capture_default_str();
  app.add_option("--adaptation-s", model.adaptation_s, "time constant of the offsets, 0 = frozen")
      ->check(CLI::Range(0.0, 86400.0))
      ->group("Filter")
      ->capture_default_str();
  app.add_flag("--cost-only", options->cost_only, "measure only what it costs");
  app.add_flag("--json", options->json, "print the figures as JSON");
  return [options] { return bench(*options); };
}

const Registration kRegistration{
    {"bench", "sleep", "sleep scoring from raw simulated signals, with all of them and without some", configure}};

}  // namespace
}  // namespace vturn::tools
