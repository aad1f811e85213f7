#include "tools/simulation/cells.hpp"

#include <algorithm>
#include <cmath>

#include "daemon/core/angle.hpp"

namespace vturn::simulation {
namespace {

constexpr double kRefractoryS = 0.002;
constexpr double kDownRateHz = 1.2, kUpRateHz = 8.0;  // NREM: ON to OFF, OFF to ON
constexpr double kDownGain = 0.04;
constexpr double kTtxGain = 0.02;

constexpr double kMeasuringSdS =
    0.05;  // of the Gaussian kernel that rates were smoothed with when deviations were measured
constexpr double kMeasuredCells = 9.0;

/// Spikes of all cells together in a usual burst, so that the summed rate has `burstiness` times the deviation of a
/// Poisson process of the same mean. Campbell's theorem for the spikes and for the bursts, less what the bursts keep
/// away from each other: they are further apart than they are long.
double population_spikes_per_burst(double base_hz, double burstiness) {
  const double rate_hz = kRemBurstsPerMinute / 60.0;
  const double width_s = std::hypot(kBurstSdS, kMeasuringSdS);
  const double mean_square = 1.0 + kBurstSizeSpread * kBurstSizeSpread / 3.0;
  const double root_pi_2 = 2.0 * std::sqrt(kPi);
  const double excess = burstiness * burstiness - 1.0;
  const double a = root_pi_2 * kMeasuringSdS * (mean_square / (root_pi_2 * width_s) - rate_hz);
  return (excess + std::sqrt(excess * excess + 4.0 * a * excess * base_hz / rate_hz)) / (2.0 * a);
}

}  // namespace

double HeadingCell::rate_hz(double angle_rad) const noexcept {
  return base_hz + (peak_hz - base_hz) * std::exp(kappa * (std::cos(angle_rad - preferred_rad) - 1.0));
}

Cells::Cells(const MouseSettings& settings)
    : anatomy_(settings.seed, 3),
      random_(settings.seed * 1000003 + settings.life, 4),
      turn_random_(settings.seed * 1000003 + settings.life, 13),
      gain_(0.12, 20.0, kStepS) {
  draw_heading_cells(settings);
  draw_turn_cells(Direction::kClockwise, settings.clockwise_cells);
  draw_turn_cells(Direction::kCounterclockwise, settings.counterclockwise_cells);
  last_spike_s_.assign(settings.units(), -1.0);
}

void Cells::draw_heading_cells(const MouseSettings& settings) {
  for (std::size_t i = 0; i < settings.heading_cells; ++i) {
    HeadingCell cell{};
    cell.preferred_rad = wrap_angle(kTwoPi * (static_cast<double>(i) + anatomy_.uniform(-0.8, 0.8)) /
                                    static_cast<double>(settings.heading_cells));
    cell.kappa = anatomy_.uniform(2.5, 5.0);
    // A real population has a few weak cells beside the 10-40 Hz ones.
    cell.peak_hz = anatomy_.chance(0.1) ? anatomy_.uniform(3.0, 10.0) : anatomy_.uniform(10.0, 40.0);
    cell.base_hz = anatomy_.uniform(0.2, 1.0);
    cell.sleep_gain = anatomy_.log_normal(0.85, 0.2);
    heading_cells_.push_back(cell);
    auto& table = tables_.emplace_back();
    for (std::size_t k = 0; k < kTable; ++k) {
      table[k] = static_cast<float>(cell.rate_hz(kTwoPi * (static_cast<double>(k) + 0.5) / kTable));
    }
  }
}

void Cells::draw_turn_cells(Direction side, std::size_t count) {
  const std::size_t first = turn_cells_.size();
  double base_hz = 0.0, gains = 0.0;
  for (std::size_t i = 0; i < count; ++i) {
    turn_cells_.push_back({side, anatomy_.log_normal(4.0, 0.5), anatomy_.log_normal(1.0, 0.4)});
    base_hz += turn_cells_.back().base_hz;
    gains += turn_cells_.back().spikes_per_burst;
  }
  const double drawn = anatomy_.uniform(3.0, 3.85);
  const double excess = (drawn * drawn - 1.0) * std::min(1.0, static_cast<double>(count) / kMeasuredCells);
  const double spikes = population_spikes_per_burst(base_hz, std::sqrt(1.0 + excess));
  for (std::size_t i = first; i < turn_cells_.size(); ++i) turn_cells_[i].spikes_per_burst *= spikes / gains;
}

void Cells::update_down_state(const Moment& now) {
  if (now.stage != SleepState::kNrem) {
    down_ = false;
  } else if (random_.chance((down_ ? kUpRateHz : kDownRateHz) * kStepS)) {
    down_ = !down_;
  }
}

void Cells::maybe_spike(Random& random, std::size_t unit, double rate_hz, double time_s,
                        std::vector<CellSpike>& spikes) {
  if (random.uniform() >= rate_hz * kStepS) return;
  const double at_s = time_s + random.uniform() * kStepS;
  if (at_s - last_spike_s_[unit] < kRefractoryS) return;
  last_spike_s_[unit] = at_s;
  spikes.push_back({static_cast<UnitId>(unit), at_s});
}

void Cells::step(const Moment& now, double heading_rad, const Colliculus& colliculus, TtxSide ttx,
                 std::vector<CellSpike>& spikes) {
  update_down_state(now);
  const bool asleep = now.stage != SleepState::kWake;
  const double common = (1.0 + gain_.step(random_)) * (down_ ? kDownGain : 1.0);
  const auto bin = std::min(kTable - 1, static_cast<std::size_t>(heading_rad / kTwoPi * kTable));
  for (std::size_t i = 0; i < heading_cells_.size(); ++i) {
    const double gain = common * (asleep ? heading_cells_[i].sleep_gain : 1.0);
    maybe_spike(random_, i, gain * static_cast<double>(tables_[i][bin]), now.time_s, spikes);
  }
  const double silence = now.ttx && ttx == TtxSide::kLeft ? kTtxGain : 1.0;
  for (std::size_t i = 0; i < turn_cells_.size(); ++i) {
    const auto& cell = turn_cells_[i];
    const double rate_hz = cell.base_hz + cell.spikes_per_burst * colliculus.burst(cell.side);
    maybe_spike(turn_random_, heading_cells_.size() + i, silence * rate_hz, now.time_s, spikes);
  }
}

}  // namespace vturn::simulation
