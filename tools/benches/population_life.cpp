#include "tools/benches/population_life.hpp"

#include <algorithm>
#include <cmath>
#include <memory>

#include "daemon/calibrate/simulated_units.hpp"
#include "daemon/core/angle.hpp"
#include "daemon/decode/dynamics.hpp"
#include "daemon/engine/heading_stage.hpp"
#include "tools/simulation/mouse.hpp"

namespace vturn::benches {
namespace {

using simulation::Mouse;

constexpr double kNremS = 90.0, kRemS = 60.0, kWakeS = 30.0, kCycleS = kNremS + kRemS + kWakeS;
constexpr double kLearnedS = 15.0;  // of a state before its events count
constexpr double kReachS = 0.25;
constexpr double kBlockS = 0.01;
constexpr std::size_t kBlockSamples = 300;

std::size_t index_of(SleepState state) { return static_cast<std::size_t>(state); }
std::size_t index_of(Direction side) { return side == Direction::kCounterclockwise ? 1 : 0; }

simulation::Hypnogram cycle() {
  return simulation::Hypnogram({{SleepState::kNrem, 0.0, kNremS, false},
                                {SleepState::kRem, kNremS, kNremS + kRemS, false},
                                {SleepState::kWake, kNremS + kRemS, kCycleS, false}});
}

/// The true tuning: what calibration would come near to.
HeadingModel model_of(const simulation::Cells& cells) {
  HeadingModel model;
  for (const auto& cell : cells.heading_cells()) {
    HeadingUnit unit;
    unit.unit = static_cast<UnitId>(model.units.size());
    double sum_hz = 0.0;
    for (std::size_t bin = 0; bin < kHeadingAngles; ++bin) {
      const double rate_hz = cell.rate_hz(kTwoPi * static_cast<double>(bin) / kHeadingAngles);
      unit.rate_hz[bin] = static_cast<float>(rate_hz);
      sum_hz += rate_hz;
    }
    unit.mean_rate_hz = static_cast<float>(sum_hz / kHeadingAngles);
    model.units.push_back(unit);
  }
  model.dynamics = {ornstein_uhlenbeck(1.7, 0.25), switching({}), ornstein_uhlenbeck(17.0, 0.05)};
  model.hash = model_hash(model);
  return model;
}

/// Deviation of the smoothed counts (kernel of 50 ms) over that of a Poisson process of the same mean; 10 ms bins.
double sd_to_poisson(const std::vector<double>& counts) {
  constexpr double kSdBins = 5.0;
  constexpr std::size_t kReach = 20;
  std::array<double, 2 * kReach + 1> kernel{};
  double kernel_sum = 0.0, kernel_squares = 0.0;
  for (std::size_t d = 0; d < kernel.size(); ++d) {
    const double z = (static_cast<double>(d) - static_cast<double>(kReach)) / kSdBins;
    kernel[d] = std::exp(-0.5 * z * z);
    kernel_sum += kernel[d];
    kernel_squares += kernel[d] * kernel[d];
  }
  turns::RunningMoments moments;
  for (std::size_t i = 0; i + kernel.size() <= counts.size(); ++i) {
    double rate = 0.0;
    for (std::size_t d = 0; d < kernel.size(); ++d) rate += kernel[d] * counts[i + d];
    moments.add(rate / kernel_sum, 1.0, 1e18);
  }
  if (moments.mean <= 0.0) return 0.0;
  return std::sqrt(moments.variance / (moments.mean * kernel_squares / (kernel_sum * kernel_sum)));
}

class Observer {
 public:
  explicit Observer(const PopulationLifeSettings& settings)
      : settings_(settings), mouse_(settings.mouse, cycle()), stage_(std::make_unique<HeadingStage>()) {
    EngineSettings engine;
    engine.heading = model_of(mouse_.cells());
    engine.population = settings.detector;
    auto unit = static_cast<UnitId>(mouse_.cells().heading_cells().size());
    for (const auto& cell : mouse_.cells().turn_cells()) {
      const bool clockwise = cell.side == Direction::kClockwise;
      (clockwise ? engine.population->clockwise : engine.population->counterclockwise).push_back(unit++);
    }
    life_.detectable = {engine.population->clockwise.size() >= engine.population->min_cells,
                        engine.population->counterclockwise.size() >= engine.population->min_cells};
    first_counterclockwise_ = unit - static_cast<UnitId>(engine.population->counterclockwise.size());
    stage_->prepare(engine);
  }

  PopulationLife live() {
    const auto blocks = static_cast<std::size_t>(settings_.rem_minutes * 60.0 / kRemS * kCycleS / kBlockS);
    for (std::size_t i = 0; i < blocks; ++i) live_block();
    for (std::size_t side = 0; side < 2; ++side) life_.sd_to_poisson[side] = sd_to_poisson(rem_counts_[side]);
    true_figures();
    return std::move(life_);
  }

 private:
  void live_block() {
    const simulation::Block& block = mouse_.step(kBlockSamples, false);
    const double time_s = static_cast<double>(states_.size()) * kBlockS;
    states_.push_back(block.stage);
    scored_.push_back(in_state_s_[index_of(block.stage)] >= kLearnedS);
    in_state_s_[index_of(block.stage)] += kBlockS;
    if (scored_.back()) life_.scored_s[index_of(block.stage)] += kBlockS;
    stage_->sleep_state(block.stage);
    std::array<double, 2> spikes{};
    for (const auto& spike : block.spikes) {
      if (spike.unit >= mouse_.cells().heading_cells().size())
        spikes[spike.unit >= first_counterclockwise_ ? 1 : 0] += 1.0;
      feed(spike);
    }
    if (block.stage == SleepState::kRem) {
      for (std::size_t side = 0; side < 2; ++side) rem_counts_[side].push_back(spikes[side]);
    }
    for (const auto& command : block.commands) commands_.push_back(command);
    for (const auto& row : block.heading) add_heading(row.heading_rad);
    stage_->silence(static_cast<SessionNs>((time_s + kBlockS) * 1e9), 0, out_);
    take_outputs();
  }

  void feed(const simulation::CellSpike& spike) {
    InputEvent event{};
    event.kind = InputKind::kSpike;
    event.session_time_ns = static_cast<SessionNs>(spike.time_s * 1e9);
    event.payload.spike = {spike.unit, 0, 0.0F};
    stage_->spike(event, out_);
    take_outputs();
  }

  void take_outputs() {
    for (const OutputEvent& output : out_.events()) {
      if (output.kind != OutputKind::kPopulation) continue;
      const PopulationOutput& event = output.payload.population;
      const double time_s = seconds(output.session_time_ns);
      add(life_.detected, time_s, event.side);
      if (state_at(time_s) != SleepState::kRem) continue;
      life_.coupling[index_of(event.side)] = {event.coupling, event.coupling_low, event.coupling_high};
      life_.shuffled[index_of(event.side)] = {event.shuffled, event.shuffled_low, event.shuffled_high};
    }
    out_.clear();
  }

  void add_heading(double angle_rad) {
    if (!heading_rad_.empty())
      angle_rad = heading_rad_.back() + angle_difference(angle_rad, wrap_angle(heading_rad_.back()));
    heading_rad_.push_back(angle_rad);
  }

  [[nodiscard]] std::size_t block_at(double time_s) const {
    return std::min(states_.size() - 1, static_cast<std::size_t>(std::max(0.0, time_s / kBlockS)));
  }
  [[nodiscard]] SleepState state_at(double time_s) const { return states_[block_at(time_s)]; }

  void add(std::vector<PopulationEvent>& events, double time_s, Direction side) const {
    if (scored_[block_at(time_s)]) events.push_back({time_s, side, state_at(time_s)});
  }

  void count_rotation(Tally& tally, double time_s, Direction side) const {
    const turns::CouplingSettings defaults;
    const auto reach = static_cast<std::size_t>(std::lround(defaults.window_s / kBlockS));
    const auto centre = static_cast<std::size_t>(std::lround(time_s / kBlockS));
    if (centre < reach || centre + reach >= heading_rad_.size()) return;
    const double rotation_rad = heading_rad_[centre + reach] - heading_rad_[centre - reach];
    tally.trials += 1.0;
    tally.hits += (side == Direction::kCounterclockwise ? rotation_rad : -rotation_rad) >= defaults.min_rotation_rad;
  }

  void true_figures() {
    for (const auto& command : commands_) {
      if (command.centre_s >= static_cast<double>(states_.size()) * kBlockS) continue;
      add(life_.bursts, command.centre_s, command.direction);
      if (state_at(command.centre_s) != SleepState::kRem) continue;
      count_rotation(life_.true_coupling[index_of(command.direction)], command.centre_s, command.direction);
    }
    calibrate::Random random(settings_.mouse.seed);
    for (double time_s = 0.0; time_s < static_cast<double>(states_.size()) * kBlockS; time_s += random.uniform()) {
      if (state_at(time_s) != SleepState::kRem) continue;
      count_rotation(life_.true_shuffled[0], time_s, Direction::kClockwise);
      count_rotation(life_.true_shuffled[1], time_s, Direction::kCounterclockwise);
    }
  }

  PopulationLifeSettings settings_;
  Mouse mouse_;
  std::unique_ptr<HeadingStage> stage_;
  OutputBuffer out_;
  PopulationLife life_;
  UnitId first_counterclockwise_ = 0;
  std::vector<SleepState> states_;  ///< of each block
  std::vector<bool> scored_;
  std::array<double, 4> in_state_s_{};
  std::vector<simulation::Colliculus::Command> commands_;
  std::vector<double> heading_rad_;  ///< unwrapped, each 10 ms
  std::array<std::vector<double>, 2> rem_counts_;
};

}  // namespace

PopulationLife live(const PopulationLifeSettings& settings) { return std::make_unique<Observer>(settings)->live(); }

PopulationScore score_population(const PopulationLife& life, SleepState state) {
  PopulationScore score;
  score.minutes = life.scored_s[index_of(state)] / 60.0;
  std::vector<bool> taken(life.bursts.size(), false);
  for (const PopulationEvent& burst : life.bursts) {
    score.bursts += burst.state == state && life.detectable[index_of(burst.side)] ? 1U : 0U;
  }
  for (const PopulationEvent& event : life.detected) {
    std::size_t nearest = life.bursts.size();
    double nearest_s = kReachS;
    for (std::size_t i = 0; i < life.bursts.size(); ++i) {
      const double off_s = std::abs(life.bursts[i].time_s - event.time_s);
      if (taken[i] || life.bursts[i].side != event.side || off_s > nearest_s) continue;
      nearest = i;
      nearest_s = off_s;
    }
    if (nearest == life.bursts.size()) {
      score.false_events += event.state == state ? 1 : 0;
      continue;
    }
    taken[nearest] = true;
    if (life.bursts[nearest].state != state) continue;
    ++score.found;
    score.latencies_s.push_back(event.time_s - life.bursts[nearest].time_s);
  }
  return score;
}

}  // namespace vturn::benches
