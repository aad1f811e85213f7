#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "daemon/core/angle.hpp"
#include "daemon/decode/dynamics.hpp"
#include "daemon/decode/heading_model.hpp"
#include "daemon/decode/samples.hpp"

// The simulation of the project's accuracy goals: heading whose angular velocity is an Ornstein-Uhlenbeck process,
// cells with von Mises tuning, Poisson spikes.
namespace vturn::test {

constexpr double kDeg = kPi / 180.0;

struct Cell {
  double preferred_rad, kappa, peak_hz, base_hz;
  [[nodiscard]] double rate_hz(double heading_rad) const {
    return base_hz + peak_hz * std::exp(kappa * (std::cos(heading_rad - preferred_rad) - 1.0));
  }
};

inline std::vector<Cell> random_cells(std::size_t n, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> unit(0.0, 1.0);
  std::vector<Cell> cells;
  for (std::size_t i = 0; i < n; ++i) {
    const double preferred_rad = kTwoPi * (static_cast<double>(i) + unit(random)) / static_cast<double>(n);
    cells.push_back({preferred_rad, 2.5 + 2.5 * unit(random), 10.0 + 30.0 * unit(random), 0.2 + 0.8 * unit(random)});
  }
  return cells;
}

inline HeadingModel model_of(const std::vector<Cell>& cells, const HeadingDynamics& wake) {
  HeadingModel model;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    HeadingUnit unit;
    unit.unit = static_cast<UnitId>(i);
    double sum_hz = 0.0;
    for (std::size_t bin = 0; bin < kHeadingAngles; ++bin) {
      unit.rate_hz[bin] = static_cast<float>(cells[i].rate_hz(kTwoPi * static_cast<double>(bin) / kHeadingAngles));
      sum_hz += static_cast<double>(unit.rate_hz[bin]);
    }
    unit.mean_rate_hz = static_cast<float>(sum_hz / kHeadingAngles);
    model.units.push_back(unit);
  }
  model.dynamics = {wake, switching({}), ornstein_uhlenbeck(1000.0 * kDeg, 0.05)};
  model.hash = model_hash(model);
  return model;
}

struct Walk {
  std::vector<SpikeSample> spikes;
  std::vector<HeadingSample> heading;  ///< every millisecond
};

inline Walk walk_of(const std::vector<Cell>& cells, double sd_rad_s, double tau_s, double duration_s,
                    std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> gauss;
  std::uniform_real_distribution<double> unit(0.0, 1.0);
  constexpr double kDt = 1e-3;
  const double keep = std::exp(-kDt / tau_s);
  double velocity = sd_rad_s * gauss(random);
  double heading = kTwoPi * unit(random);
  Walk walk;
  for (std::int64_t ms = 0; ms < static_cast<std::int64_t>(duration_s * 1e3); ++ms) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (unit(random) >= cells[i].rate_hz(heading) * kDt) continue;
      walk.spikes.push_back({ms * kNsPerMs - static_cast<SessionNs>(unit(random) * 0.999e6), static_cast<UnitId>(i)});
    }
    walk.heading.push_back({ms * kNsPerMs, static_cast<float>(wrap_angle(heading))});
    velocity = keep * velocity + std::sqrt(1.0 - keep * keep) * sd_rad_s * gauss(random);
    heading += velocity * kDt;
  }
  std::stable_sort(walk.spikes.begin(), walk.spikes.end(),
                   [](const SpikeSample& a, const SpikeSample& b) { return a.time_ns < b.time_ns; });
  return walk;
}

}  // namespace vturn::test
