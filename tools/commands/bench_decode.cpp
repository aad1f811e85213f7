#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <vector>

#include "tools/benches/accuracy.hpp"
#include "tools/benches/kernel_cost.hpp"
#include "tools/benches/spread.hpp"
#include "tools/commands/registry.hpp"
#include "tools/lib/interrupt.hpp"
#include "tools/lib/json_out.hpp"
#include "tools/lib/progress.hpp"

// `vturn bench decode`: how near the heading filter comes to the Cramér-Rao bound on simulated cells, beside the
// decoders of published figures, what it bears, and what a spike costs. Everything but the times is the same on every
// machine.

namespace vturn::tools {
namespace {

using namespace benches;

struct Options {
  std::vector<std::size_t> cells{30, 100};
  std::size_t populations = 5;
  double seconds = 300.0;
  std::uint64_t seed = 1;
  bool cost_only = false;
  bool json = false;
};

/// `of` each of `count` runs.
template <class Of>
Spread spread(std::size_t count, Of of) {
  std::vector<double> values;
  for (std::size_t i = 0; i < count; ++i) values.push_back(of(i));
  return spread_of(values);
}

Json json_of(const Spread& all) {
  return {{"mean", json_number(all.mean)}, {"low", json_number(all.min)}, {"high", json_number(all.max)}};
}

class Bench {
 public:
  explicit Bench(const Options& options)
      : options_(options), progress_("decoding simulated cells", options.populations * (options.cells.size() + 4)) {}

  Json run() {
    Json result;
    if (!options_.cost_only) {
      result["generator"] = generator();
      for (const std::size_t cells : options_.cells) result["accuracy"].push_back(accuracy(cells));
      result["robustness"] = robustness();
    }
    result["cost"] = cost();
    return result;
  }

 private:
  [[nodiscard]] Json generator() const {
    return {{"populations", options_.populations},
            {"seconds_each", options_.seconds},
            {"seed", options_.seed},
            {"heading", "Ornstein-Uhlenbeck velocity, 100 deg/s, 0.25 s"},
            {"tuning", "von Mises, kappa 2.5-5, peak 10-40 Hz, base 0.2-1 Hz, Poisson spikes"},
            {"scored", "last estimate, every millisecond"}};
  }

  void done() {
    progress_.update(++done_);
    throw_if_interrupted();
  }

  [[nodiscard]] std::uint64_t seed(std::size_t population) const { return options_.seed * 1000 + population; }

  Json accuracy(std::size_t cells) {
    std::vector<AccuracyRun> runs;
    for (std::size_t i = 0; i < options_.populations; ++i) {
      runs.push_back(accuracy_run(cells, options_.seconds, seed(i)));
      done();
    }
    const auto over = [&runs](auto of) {
      return json_of(spread(runs.size(), [&](std::size_t i) { return of(runs[i]); }));
    };
    Json result{{"cells", cells},
                {"spikes_per_s", over([](const AccuracyRun& run) { return run.spikes_per_s; })},
                {"information_per_rad2_s", over([](const AccuracyRun& run) { return run.information_rate; })},
                {"bound_median_deg", over([](const AccuracyRun& run) { return run.bound_median_deg; })}};
    for (std::size_t which = 0; which < runs.front().decoders.size(); ++which) {
      const auto of = [&](double DecoderFigures::*field) {
        return over([&](const AccuracyRun& run) { return run.decoders[which].*field; });
      };
      result["decoders"].push_back({{"name", runs.front().decoders[which].name},
                                    {"median_deg", of(&DecoderFigures::median_deg)},
                                    {"bound_ratio", of(&DecoderFigures::bound_ratio)},
                                    {"mean_deg", of(&DecoderFigures::mean_deg)},
                                    {"over_45_deg_share", of(&DecoderFigures::lost_share)},
                                    {"coverage_95", of(&DecoderFigures::coverage_95)}});
    }
    return result;
  }

  template <class Run, class Once>
  std::vector<Run> each(Once once) {
    std::vector<Run> runs;
    for (std::size_t i = 0; i < options_.populations; ++i) {
      runs.push_back(once(seed(i)));
      done();
    }
    return runs;
  }

  Json robustness() {
    constexpr std::size_t kCells = 30;
    const auto tuned = each<TuningCost>([&](std::uint64_t s) { return tuning_cost(kCells, options_.seconds, s); });
    const auto hours = each<HardHour>([](std::uint64_t s) { return hard_hour(kCells, s); });
    const auto as_is = each<NremRun>([&](std::uint64_t s) { return nrem_run(kCells, 10.0, options_.seconds / 3, s); });
    const auto faster = each<NremRun>([&](std::uint64_t s) { return nrem_run(kCells, 15.0, options_.seconds / 3, s); });
    const auto over = [&](const auto& runs, auto field) {
      return json_of(spread(runs.size(), [&](std::size_t i) { return static_cast<double>(runs[i].*field); }));
    };
    const auto nrem = [&](const std::vector<NremRun>& runs) {
      return Json{{"times_as_fast_as_wake", runs.front().factor},
                  {"median_deg", over(runs, &NremRun::model_deg)},
                  {"matched_to_this_speed_deg", over(runs, &NremRun::matched_deg)},
                  {"ratio", over(runs, &NremRun::ratio)},
                  {"with_wake_dynamics_deg", over(runs, &NremRun::wake_deg)}};
    };
    return {{"cells", kCells},
            {"tuning_of_10_min_to_exact", over(tuned, &TuningCost::ratio)},
            {"hour_of_half_rate_fifth_misassigned_minute_silent",
             {{"estimates_not_finite", over(hours, &HardHour::not_finite)},
              {"median_deg", over(hours, &HardHour::median_deg)},
              {"over_45_deg_share", over(hours, &HardHour::lost_share)},
              {"relock_s", over(hours, &HardHour::relock_s)},
              {"gain_at_end", over(hours, &HardHour::gain)}}},
            {"nrem", {nrem(as_is), nrem(faster)}}};
  }

  [[nodiscard]] Json cost() const {
    constexpr std::size_t kCells = 100, kBatches = 2000;
    Json result{{"cells", kCells},
                {"what", "the filter's update by a spike, warm, spikes 1.7 ms apart; the estimate after it apart"}};
    for (const KernelCost& one : kernel_costs(kCells, kBatches, options_.seed)) {
      result["kernels"].push_back({{"kernel", one.kernel},
                                   {"spike_ns_median", one.spike_ns_median},
                                   {"estimate_ns_median", one.estimate_ns_median},
                                   {"spike_ns_p10", one.spike_ns_p10},
                                   {"spike_ns_p99", one.spike_ns_p99},
                                   {"spikes_per_s", one.spikes_per_s},
                                   {"arithmetic_floor_ns", one.floor_ns},
                                   {"floor_ratio", one.floor_ratio},
                                   {"posterior_hash", std::to_string(one.posterior_hash)}});
    }
    return result;
  }

  const Options& options_;
  Progress progress_;
  std::uint64_t done_ = 0;
};

double mean_of(const Json& spread) { return spread.at("mean").get<double>(); }

void print_accuracy(const Json& accuracy) {
  std::printf("%zu cells, %.0f spikes/s: bound %.2f deg\n", accuracy.at("cells").get<std::size_t>(),
              mean_of(accuracy.at("spikes_per_s")), mean_of(accuracy.at("bound_median_deg")));
  for (const Json& decoder : accuracy.at("decoders")) {
    const Json& ratio = decoder.at("bound_ratio");
    std::printf("  %-28s median %6.2f deg = %.3f x bound (%.3f-%.3f), > 45 deg %5.2f %%, 95 %% sets hold %.1f %%\n",
                decoder.at("name").get<std::string>().c_str(), mean_of(decoder.at("median_deg")), mean_of(ratio),
                ratio.at("low").get<double>(), ratio.at("high").get<double>(),
                100.0 * mean_of(decoder.at("over_45_deg_share")), 100.0 * mean_of(decoder.at("coverage_95")));
  }
}

void print_text(const Json& result) {
  if (result.contains("accuracy")) {
    for (const Json& accuracy : result.at("accuracy")) print_accuracy(accuracy);
    std::printf("robustness: %s\n", result.at("robustness").dump(1).c_str());
  }
  for (const Json& one : result.at("cost").at("kernels")) {
    std::printf(
        "%-7s %5.0f ns a spike (99 %% of batches below %.0f; the estimate %.0f more), %.2f million/s, %.2f x the "
        "arithmetic's %.0f ns\n",
        one.at("kernel").get<std::string>().c_str(), one.at("spike_ns_median").get<double>(),
        one.at("spike_ns_p99").get<double>(), one.at("estimate_ns_median").get<double>(),
        1e-6 * one.at("spikes_per_s").get<double>(), one.at("floor_ratio").get<double>(),
        one.at("arithmetic_floor_ns").get<double>());
  }
}

int bench(const Options& options) {
  const InterruptScope scope;
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
  app.add_option("--cells", options->cells, "cells of a population, several to try")
      ->check(CLI::Range(5, 1000))
      ->capture_default_str();
  app.add_option("--populations", options->populations, "random populations to average over")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--seconds", options->seconds, "simulated for each")
      ->check(CLI::Range(30.0, 1e5))
      ->capture_default_str();
  app.add_option("--seed", options->seed, "of all random numbers")->capture_default_str();
  app.add_flag("--cost-only", options->cost_only, "measure only what a spike costs");
  app.add_flag("--json", options->json, "print the figures as JSON");
  return [options] { return bench(*options); };
}

const Registration kRegistration{
    {"bench", "decode", "heading filter against its bound and published decoders, and its cost", configure}};

}  // namespace
}  // namespace vturn::tools
