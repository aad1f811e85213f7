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

}  // namespace

double HeadingCell::rate_hz(double angle_rad) const noexcept {
  return base_hz + (peak_hz - base_hz) * std::exp(kappa * (std::cos(angle_rad - preferred_rad) - 1.0));
}

Cells::Cells(const MouseSettings& settings)
    : anatomy_(settings.seed, 3), random_(settings.seed * 1000003 + settings.life, 4), gain_(0.12, 20.0, kStepS) {
  draw_heading_cells(settings);
  draw_turn_cells(settings);
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

void Cells::draw_turn_cells(const MouseSettings& settings) {
  for (std::size_t i = 0; i < settings.clockwise_cells + settings.counterclockwise_cells; ++i) {
    TurnCell cell{};
    cell.side = i < settings.clockwise_cells ? Direction::kClockwise : Direction::kCounterclockwise;
    cell.base_hz = anatomy_.log_normal(4.0, 0.5);
    cell.spikes_per_burst = anatomy_.log_normal(4.0, 0.4);
    turn_cells_.push_back(cell);
  }
}

void Cells::update_down_state(const Moment& now) {
  if (now.stage != SleepState::kNrem) {
    down_ = false;
  } else if (random_.chance((down_ ? kUpRateHz : kDownRateHz) * kStepS)) {
    down_ = !down_;
  }
}

void Cells::maybe_spike(std::size_t unit, double rate_hz, double time_s, std::vector<CellSpike>& spikes) {
  if (random_.uniform() >= rate_hz * kStepS) return;
  const double at_s = time_s + random_.uniform() * kStepS;
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
    maybe_spike(i, gain * static_cast<double>(tables_[i][bin]), now.time_s, spikes);
  }
  const double silence = now.ttx && ttx == TtxSide::kLeft ? kTtxGain : 1.0;
  for (std::size_t i = 0; i < turn_cells_.size(); ++i) {
    const auto& cell = turn_cells_[i];
    const double rate_hz = cell.base_hz + cell.spikes_per_burst * colliculus.burst(cell.side);
    maybe_spike(heading_cells_.size() + i, silence * rate_hz, now.time_s, spikes);
  }
}

}  // namespace vturn::simulation
