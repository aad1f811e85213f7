#include "tools/benches/population.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace vturn::benches {
namespace {

constexpr std::array kStates{SleepState::kRem, SleepState::kNrem, SleepState::kWake};
constexpr std::size_t kFewestCells = 9, kMostCells = 23;

simulation::MouseSettings mouse_of(std::size_t seed) {
  simulation::MouseSettings mouse;
  mouse.seed = seed;
  mouse.clockwise_cells = kFewestCells + (seed * 7) % (kMostCells - kFewestCells + 1);
  mouse.counterclockwise_cells = kFewestCells + (seed * 11 + 4) % (kMostCells - kFewestCells + 1);
  return mouse;
}

PopulationStateFigures figures_of(const std::vector<PopulationLife>& lives, SleepState state) {
  PopulationStateFigures figures;
  figures.state = state;
  std::vector<double> found, false_rates, latencies;
  for (const PopulationLife& life : lives) {
    const PopulationScore score = score_population(life, state);
    found.push_back(static_cast<double>(score.found) / static_cast<double>(std::max<std::size_t>(1, score.bursts)));
    false_rates.push_back(static_cast<double>(score.false_events) / score.minutes);
    latencies.insert(latencies.end(), score.latencies_s.begin(), score.latencies_s.end());
  }
  figures.found_share = spread_of(found);
  figures.false_per_minute = spread_of(false_rates);
  figures.latency_median_s = quantile(latencies, 0.5);
  figures.latency_p90_s = quantile(latencies, 0.9);
  return figures;
}

IntervalFigures intervals_of(const std::vector<PopulationLife>& lives, std::array<Interval, 2> PopulationLife::*told,
                             BySide PopulationLife::*truth) {
  IntervalFigures figures;
  Tally all;
  for (const PopulationLife& life : lives) {
    for (const Tally& tally : life.*truth) {
      all.hits += tally.hits;
      all.trials += tally.trials;
    }
  }
  std::vector<double> estimates, widths;
  for (const PopulationLife& life : lives) {
    const double others = all.trials - (life.*truth)[0].trials - (life.*truth)[1].trials;
    const double truth_of_others = (all.hits - (life.*truth)[0].hits - (life.*truth)[1].hits) / std::max(1.0, others);
    for (const Interval& interval : life.*told) {
      figures.covered += interval.covers(truth_of_others) ? 1U : 0U;
      estimates.push_back(interval.probability);
      widths.push_back(interval.high - interval.low);
    }
  }
  figures.intervals = estimates.size();
  figures.truth = all.hits / std::max(1.0, all.trials);
  figures.estimate = spread_of(estimates);
  figures.width = spread_of(widths);
  return figures;
}

}  // namespace

PopulationFigures bench_population(const PopulationBenchSettings& settings,
                                   const std::function<bool(double)>& progress) {
  std::vector<PopulationLife> lives;
  for (std::size_t seed = 1; seed <= settings.seeds; ++seed) {
    if (!progress(static_cast<double>(seed - 1) / static_cast<double>(settings.seeds))) break;
    lives.push_back(live({mouse_of(seed), settings.rem_minutes, settings.detector}));
  }
  PopulationFigures figures;
  for (const SleepState state : kStates) figures.states.push_back(figures_of(lives, state));
  std::vector<double> ratios;
  for (const PopulationLife& life : lives) {
    ratios.insert(ratios.end(), life.sd_to_poisson.begin(), life.sd_to_poisson.end());
  }
  figures.sd_to_poisson = spread_of(ratios);
  figures.coupling = intervals_of(lives, &PopulationLife::coupling, &PopulationLife::true_coupling);
  figures.shuffled = intervals_of(lives, &PopulationLife::shuffled, &PopulationLife::true_shuffled);
  return figures;
}

LopsidedFigures bench_lopsided(const turns::PopulationSettings& detector) {
  PopulationLifeSettings settings{{}, 5.0, detector};
  settings.mouse.clockwise_cells = 15;
  settings.mouse.counterclockwise_cells = 2;
  const PopulationLife life = live(settings);
  LopsidedFigures figures;
  for (const PopulationEvent& event : life.detected) {
    ++(event.side == Direction::kClockwise ? figures.clockwise_events : figures.counterclockwise_events);
  }
  figures.clockwise_detectable = life.detectable[0];
  figures.counterclockwise_detectable = life.detectable[1];
  return figures;
}

}  // namespace vturn::benches
