#include <cstdio>
#include <memory>

#include "tools/benches/population.hpp"
#include "tools/commands/registry.hpp"
#include "tools/lib/interrupt.hpp"
#include "tools/lib/json_out.hpp"
#include "tools/lib/progress.hpp"

// `vturn bench population`: collicular population events of digital mice through the daemon's own heading stage, their
// sleep state known: how many are found, how many false, how late; whether the intervals of the coupling hold.

namespace vturn::tools {
namespace {

using benches::IntervalFigures;
using benches::PopulationFigures;
using benches::PopulationStateFigures;
using benches::Spread;

struct Options {
  benches::PopulationBenchSettings bench;
  double kernel_ms = 50.0, refractory_ms = 300.0;
  bool json = false;
};

const char* name_of(SleepState state) {
  if (state == SleepState::kRem) return "REM";
  return state == SleepState::kNrem ? "NREM" : "WAKE";
}

Json json_of(const Spread& spread) {
  return {{"mean", spread.mean}, {"sd", spread.sd}, {"lowest", spread.min}, {"highest", spread.max}};
}

Json json_of(const PopulationStateFigures& figures) {
  return {{"state", name_of(figures.state)},
          {"found_share", json_of(figures.found_share)},
          {"false_per_minute_both_sides", json_of(figures.false_per_minute)},
          {"latency_from_centre_median_ms", figures.latency_median_s * 1e3},
          {"latency_from_centre_p90_ms", figures.latency_p90_s * 1e3}};
}

Json json_of(const IntervalFigures& figures) {
  return {{"truth", figures.truth},
          {"estimate", json_of(figures.estimate)},
          {"width", json_of(figures.width)},
          {"intervals", figures.intervals},
          {"covered", figures.covered},
          {"coverage", static_cast<double>(figures.covered) / static_cast<double>(figures.intervals)}};
}

Json json_of(const benches::LopsidedFigures& figures) {
  return {{"cells", "15:2"},
          {"clockwise_detectable", figures.clockwise_detectable},
          {"counterclockwise_detectable", figures.counterclockwise_detectable},
          {"clockwise_events", figures.clockwise_events},
          {"counterclockwise_events", figures.counterclockwise_events}};
}

Json json_of(const PopulationFigures& figures, const Options& options) {
  Json result{{"seeds", options.bench.seeds},
              {"rem_minutes_each", options.bench.rem_minutes},
              {"cells_a_side", "9-23"},
              {"false_events_per_minute", options.bench.detector.false_per_minute},
              {"threshold_sd", options.bench.detector.threshold_sd}};
  result["sd_to_poisson"] = json_of(figures.sd_to_poisson);
  for (const auto& state : figures.states) result["states"].push_back(json_of(state));
  result["coupling"] = json_of(figures.coupling);
  result["shuffled"] = json_of(figures.shuffled);
  return result;
}

void print(const PopulationFigures& figures, const benches::LopsidedFigures& lopsided) {
  std::printf("%-5s %22s %24s %20s\n", "", "found", "false/min, both sides", "decision - centre");
  for (const auto& f : figures.states) {
    std::printf("%-5s %9.1f %% (%5.1f-%5.1f) %12.2f (%.2f-%.2f) %9.0f, p90 %.0f ms\n", name_of(f.state),
                100.0 * f.found_share.mean, 100.0 * f.found_share.min, 100.0 * f.found_share.max,
                f.false_per_minute.mean, f.false_per_minute.min, f.false_per_minute.max, 1e3 * f.latency_median_s,
                1e3 * f.latency_p90_s);
  }
  std::printf("SD of the summed rate in REM: %.2f (%.2f-%.2f) times Poisson\n", figures.sd_to_poisson.mean,
              figures.sd_to_poisson.min, figures.sd_to_poisson.max);
  for (const auto& [name, f] : {std::pair{"coupling", &figures.coupling}, std::pair{"shuffled", &figures.shuffled}}) {
    std::printf("%s in REM: truth %.3f, told %.3f +- %.3f, interval covers in %zu of %zu\n", name, f->truth,
                f->estimate.mean, f->estimate.sd, f->covered, f->intervals);
  }
  std::printf("15:2 cells: %zu clockwise events; counter-clockwise %s, %zu events\n", lopsided.clockwise_events,
              lopsided.counterclockwise_detectable ? "detectable" : "undetectable", lopsided.counterclockwise_events);
}

int bench(const Options& options) {
  const InterruptScope scope;
  Progress progress("mice", 1000);
  const auto figures = benches::bench_population(options.bench, [&](double share) {
    progress.update(static_cast<std::uint64_t>(share * 1000.0));
    return !interrupted();
  });
  throw_if_interrupted();
  const auto lopsided = benches::bench_lopsided(options.bench.detector);
  progress.finish();
  if (!options.json) {
    print(figures, lopsided);
    return 0;
  }
  Json result = json_of(figures, options);
  result["lopsided"] = json_of(lopsided);
  print_json(result);
  return 0;
}

Run configure(CLI::App& app) {
  auto options = std::make_shared<Options>();
  auto& detector = options->bench.detector;
  app.add_option("--seeds", options->bench.seeds, "mice, of 9-23 turn cells a side")
      ->check(CLI::Range(2, 10000))
      ->capture_default_str();
  app.add_option("--rem-minutes", options->bench.rem_minutes, "of each; twice as long is spent in NREM and wake")
      ->check(CLI::Range(1.0, 600.0))
      ->capture_default_str();
  app.add_option("--false-per-minute", detector.false_per_minute, "of each side, as the rig file names it")
      ->check(CLI::Range(0.001, 60.0))
      ->capture_default_str();
  app.add_option("--threshold-sd", detector.threshold_sd, "above 0: mean + so many SD instead")
      ->check(CLI::Range(0.0, 20.0))
      ->capture_default_str();
  app.add_option("--kernel-ms", options->kernel_ms, "of the summed rate")->check(CLI::Range(5.0, 500.0));
  app.add_option("--refractory-ms", options->refractory_ms, "of a side")->check(CLI::Range(0.0, 10000.0));
  app.add_flag("--json", options->json, "print the figures as JSON");
  return [options] {
    options->bench.detector.kernel_s = options->kernel_ms * 1e-3;
    options->bench.detector.refractory_s = options->refractory_ms * 1e-3;
    return bench(*options);
  };
}

const Registration kRegistration{
    {"bench", "population", "collicular population events of digital mice: found, false, coupling", configure}};

}  // namespace
}  // namespace vturn::tools
