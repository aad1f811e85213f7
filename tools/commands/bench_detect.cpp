#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <vector>

#include "tools/benches/detection.hpp"
#include "tools/benches/evidence_gate.hpp"
#include "tools/benches/misassigned.hpp"
#include "tools/commands/registry.hpp"
#include "tools/lib/interrupt.hpp"
#include "tools/lib/json_out.hpp"
#include "tools/lib/progress.hpp"

// `vturn bench detect`: how soon, how surely and how falsely virtual turns are found in simulated REM sleep, beside the
// information-theoretic bound, a near-ideal observer, CUSUM and what laboratories do offline. The same everywhere.

namespace vturn::tools {
namespace {

using namespace benches;

struct Options {
  std::vector<std::size_t> cells{20, 40, 80};
  std::vector<std::string> parts{"detection", "misassigned", "gate"};
  DetectionSettings detection;
  MisassignedSettings misassigned;
  GateSettings gate;
  bool quick = false;
  bool json = false;

  [[nodiscard]] bool has(const char* part) const { return std::find(parts.begin(), parts.end(), part) != parts.end(); }
};

/// What the work on an item is worth, for the progress line.
constexpr std::uint64_t kItem = 1000;

Json json_of(const Spread& spread, double unit) {
  return {{"mean", json_number(unit * spread.mean)},
          {"sd", json_number(unit * spread.sd)},
          {"min", json_number(unit * spread.min)},
          {"max", json_number(unit * spread.max)}};
}

Json json_of(const CountedRate& rate) {
  const calibrate::RateInterval interval = rate.interval();
  return {{"count", rate.count},
          {"minutes", rate.minutes},
          {"per_minute", rate.per_minute()},
          {"low", interval.low},
          {"high", interval.high}};
}

Json json_of(const SpeedThird& third) {
  return {{"from_deg_s", third.from_deg_s},
          {"to_deg_s", third.to_deg_s},
          {"turns", third.turns},
          {"median_ms", json_number(1e3 * third.median_s)},
          {"detected_share", third.detected_share},
          {"bound_ratio", json_number(third.bound_ratio)}};
}

Json json_of(const DetectorFigures& figures, double asked_per_minute) {
  const calibrate::RateInterval interval = figures.false_at_rest.interval();
  Json result{{"name", figures.name}};
  if (!figures.settings.empty()) result["best_settings"] = figures.settings;
  result["populations"] = figures.populations;
  result["turns"] = figures.turns;
  result["threshold"] = figures.threshold;
  result["median_ms"] = json_number(1e3 * figures.median_s);
  result["p90_of_detected_ms"] = json_number(1e3 * figures.p90_s);
  result["bound_median_ms"] = json_number(1e3 * figures.bound_median_s);
  result["bound_ratio"] = json_number(figures.bound_ratio);
  result["detected_share"] = figures.detected_share;
  result["wrong_direction_share"] = figures.wrong_share;
  result["wrong_direction_share_high"] = figures.wrong_share_high;
  result["false_at_rest"] = json_of(figures.false_at_rest);
  result["false_at_rest_to_asked"] = {{"ratio", figures.false_at_rest.per_minute() / asked_per_minute},
                                      {"low", interval.low / asked_per_minute},
                                      {"high", interval.high / asked_per_minute}};
  result["false_between_turns"] = json_of(figures.false_between_turns);
  for (const SpeedThird& third : figures.thirds) result["by_peak_speed"].push_back(json_of(third));
  result["over_populations"] = {{"median_ms", json_of(figures.median_over_populations_s, 1e3)},
                                {"bound_ratio", json_of(figures.ratio_over_populations, 1.0)},
                                {"detected_share", json_of(figures.detected_over_populations, 1.0)}};
  return result;
}

Json json_of(const ThresholdMechanism& mechanism, double asked_per_minute) {
  const CountedRate rate{mechanism.false_alarms, mechanism.minutes};
  return {{"name", mechanism.name},
          {"log_odds", mechanism.log_odds},
          {"false_at_rest", json_of(rate)},
          {"to_asked", rate.per_minute() / asked_per_minute},
          {"to_asked_low", rate.interval().low / asked_per_minute},
          {"to_asked_high", rate.interval().high / asked_per_minute},
          {"populations_lowest_per_minute", mechanism.lowest},
          {"populations_highest_per_minute", mechanism.highest},
          {"told_low_per_minute", mechanism.told_low},
          {"told_high_per_minute", mechanism.told_high},
          {"populations_inside_told", mechanism.inside}};
}

Json mean_and_min(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double value : values) sum += value;
  return {{"mean", sum / static_cast<double>(values.size())}, {"min", *std::min_element(values.begin(), values.end())}};
}

class Bench {
 public:
  explicit Bench(const Options& options) : options_(options), progress_("detecting simulated turns", kItem * items()) {}

  Json run() {
    Json result{{"generator", generator()}};
    if (options_.has("gate")) result["gate"] = gate();
    if (options_.has("misassigned")) result["misassigned"] = misassigned();
    if (!options_.has("detection")) return result;
    for (const std::size_t cells : options_.cells) result["detection"].push_back(detection(cells));
    return result;
  }

 private:
  [[nodiscard]] Json generator() const {
    const DetectionSettings& settings = options_.detection;
    return {{"populations", settings.populations},
            {"populations_of_peers", std::min(settings.populations, settings.peer_populations)},
            {"turns_each", settings.turns},
            {"rest_minutes_each", settings.rest_minutes},
            {"seed", settings.seed},
            {"rest", "Ornstein-Uhlenbeck velocity of 20 deg/s and 0.5 s, diffusion of 10 deg in a root second"},
            {"turns", "raised-cosine velocity of 100-600 deg/s and 0.2-0.8 s on top, one in 3.3 s"},
            {"tuning", "von Mises, kappa 2.5-5, peak 10-40 Hz, base 0.2-1 Hz, Poisson spikes"},
            {"scored", "latency from the true begin; missed and wrong-way turns are infinite in the medians"}};
  }

  Json detection(std::size_t cells) {
    DetectionSettings settings = options_.detection;
    settings.cells = cells;
    const DetectionRun run = detection_run(settings, [this](double share) { done(share); });
    ++done_items_;
    Json result{{"cells", cells},
                {"spikes_per_s", run.spikes_per_s},
                {"information_per_rad2_s", run.information_rate},
                {"false_alarms_per_minute_asked", settings.false_alarms_per_minute}};
    for (const DetectorFigures& figures : run.detectors) {
      result["detectors"].push_back(json_of(figures, settings.false_alarms_per_minute));
    }
    return result;
  }

  Json misassigned() {
    MisassignedSettings settings = options_.misassigned;
    settings.populations = options_.detection.populations;
    settings.seed = options_.detection.seed;
    settings.false_alarms_per_minute = options_.detection.false_alarms_per_minute;
    settings.rest_minutes = options_.detection.rest_minutes;
    const MisassignedRun run = misassigned_run(settings, [this](double share) { done(share); });
    ++done_items_;
    Json result{{"cells", settings.cells},
                {"populations", settings.populations},
                {"share", settings.share},
                {"share_fitted_mean", run.fitted_share},
                {"share_fitted_sd", run.fitted_share_sd},
                {"wake_minutes_each", settings.wake_minutes},
                {"still_minutes_each", run.still_minutes},
                {"false_alarms_per_minute_asked", settings.false_alarms_per_minute}};
    for (const ThresholdMechanism& mechanism : run.mechanisms) {
      result["thresholds_by"].push_back(json_of(mechanism, settings.false_alarms_per_minute));
    }
    return result;
  }

  Json gate() {
    GateSettings settings = options_.gate;
    settings.seed = options_.detection.seed;
    const GateRun run = gate_run(settings, [this](double share) { done(share); });
    ++done_items_;
    return {{"cells", settings.cells},
            {"permutations", settings.permutations},
            {"auc_memory_of_250_ms", mean_and_min(run.auc_output)},
            {"auc_window_of_250_ms", mean_and_min(run.auc_window)}};
  }

  [[nodiscard]] std::uint64_t items() const {
    return (options_.has("gate") ? 1U : 0U) + (options_.has("misassigned") ? 1U : 0U) +
           (options_.has("detection") ? options_.cells.size() : 0U);
  }

  void done(double share) {
    progress_.update(kItem * done_items_ + static_cast<std::uint64_t>(share * static_cast<double>(kItem)));
    throw_if_interrupted();
  }

  const Options& options_;
  Progress progress_;
  std::uint64_t done_items_ = 0;
};

double number(const Json& object, const char* key) {
  const Json& value = object.at(key);
  return value.is_null() ? INFINITY : value.get<double>();
}

void print_detection(const Json& run) {
  std::printf("%zu cells, %.0f spikes/s, %.2g false alarms/min asked; bound (4 nats): median %.0f ms\n",
              run.at("cells").get<std::size_t>(), number(run, "spikes_per_s"),
              number(run, "false_alarms_per_minute_asked"), number(run.at("detectors").at(0), "bound_median_ms"));
  for (const Json& detector : run.at("detectors")) {
    std::printf("  %-34s %s\n", detector.at("name").get<std::string>().c_str(),
                detector.value("best_settings", std::string()).c_str());
    const Json& rate = detector.at("false_at_rest");
    const Json& between = detector.at("false_between_turns");
    const Json& median = detector.at("over_populations").at("median_ms");
    std::printf(
        "    median %4.0f ms (%.3f x bound; populations %.0f-%.0f), 90 %% of the detected within %.0f ms, detected "
        "%.1f %%, "
        "wrong way %.2f %% (at most %.2f)\n",
        number(detector, "median_ms"), number(detector, "bound_ratio"), number(median, "min"), number(median, "max"),
        number(detector, "p90_of_detected_ms"), 100.0 * number(detector, "detected_share"),
        100.0 * number(detector, "wrong_direction_share"), 100.0 * number(detector, "wrong_direction_share_high"));
    std::printf("    false alarms/min: %.2f (%.2f-%.2f) at rest, %.2f (%.2f-%.2f) between turns; median by speed:",
                number(rate, "per_minute"), number(rate, "low"), number(rate, "high"), number(between, "per_minute"),
                number(between, "low"), number(between, "high"));
    for (const Json& third : detector.at("by_peak_speed")) std::printf(" %.0f", number(third, "median_ms"));
    std::printf(" ms; %zu turns\n", detector.at("turns").get<std::size_t>());
  }
}

void print_misassigned(const Json& run) {
  std::printf("%zu cells, %.0f %% of spikes misassigned (fitted: %.1f %%), %.0f min of stillness in wake\n",
              run.at("cells").get<std::size_t>(), 100.0 * number(run, "share"),
              100.0 * number(run, "share_fitted_mean"), number(run, "still_minutes_each"));
  for (const Json& by : run.at("thresholds_by")) {
    std::printf("  %-44s %.2f x the false alarms asked (%.2f-%.2f; populations %.2f-%.2f/min), told %.2f-%.2f/min\n",
                by.at("name").get<std::string>().c_str(), number(by, "to_asked"), number(by, "to_asked_low"),
                number(by, "to_asked_high"), number(by, "populations_lowest_per_minute"),
                number(by, "populations_highest_per_minute"), number(by, "told_low_per_minute"),
                number(by, "told_high_per_minute"));
  }
}

void print_gate(const Json& gate) {
  const Json& memory = gate.at("auc_memory_of_250_ms");
  const Json& window = gate.at("auc_window_of_250_ms");
  std::printf(
      "evidence of the ring against permuted cells, %zu cells, %zu permutations: AUC %.4f (least %.4f) with a memory "
      "of "
      "250 ms, %.4f (%.4f) in windows of 250 ms\n",
      gate.at("cells").get<std::size_t>(), gate.at("permutations").get<std::size_t>(), number(memory, "mean"),
      number(memory, "min"), number(window, "mean"), number(window, "min"));
}

void print_text(const Json& result) {
  if (result.contains("gate")) print_gate(result.at("gate"));
  if (result.contains("misassigned")) print_misassigned(result.at("misassigned"));
  if (!result.contains("detection")) return;
  for (const Json& run : result.at("detection")) print_detection(run);
}

int bench(Options options) {
  const InterruptScope scope;
  if (options.quick) {
    options.detection.populations = 2;
    options.detection.peer_populations = 1;
    options.detection.turns = 100;
    options.detection.rest_minutes = 5.0;
    options.misassigned.wake_minutes = 10.0;
    options.gate.permutations = 4;
  }
  const Json result = Bench(options).run();
  if (options.json) {
    print_json(result);
  } else {
    print_text(result);
  }
  return 0;
}

Run configure(CLI::App& app) {
  auto options = std::make_shared<Options>();
  DetectionSettings& detection = options->detection;
  app.add_option("--cells", options->cells, "cells of a population, several to try")
      ->check(CLI::Range(5, 1000))
      ->capture_default_str();
  app.add_option("--parts", options->parts, "what to measure: detection, misassigned, gate")
      ->check(CLI::IsMember({"detection", "misassigned", "gate"}))
      ->capture_default_str();
  app.add_option("--populations", detection.populations, "random populations")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--peer-populations", detection.peer_populations,
                 "how many of them the slow peers see: near-ideal observer, speed of decoded angles")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  app.add_option("--turns", detection.turns, "of each population")
      ->check(CLI::Range(10, 100000))
      ->capture_default_str();
  app.add_option("--rest-minutes", detection.rest_minutes,
                 "without a turn, of each population: once for the peers' thresholds, once to count false alarms")
      ->check(CLI::Range(1.0, 1000.0))
      ->capture_default_str();
  app.add_option("--rate-per-min", detection.false_alarms_per_minute, "false alarms asked for")
      ->check(CLI::Range(0.1, 20.0))
      ->capture_default_str();
  app.add_option("--seed", detection.seed, "of all random numbers")->capture_default_str();
  app.add_flag("--quick", options->quick, "a minute's look: 2 populations, 100 turns, 5 min of rest");
  app.add_flag("--json", options->json, "print the figures as JSON");
  return [options] { return bench(*options); };
}

const Registration kRegistration{
    {"bench", "detect", "turn detection against its bound, a near-ideal observer and what is done offline", configure}};

}  // namespace
}  // namespace vturn::tools
