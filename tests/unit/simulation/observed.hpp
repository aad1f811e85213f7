#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string_view>
#include <vector>

#include "daemon/core/angle.hpp"
#include "tools/simulation/mouse.hpp"

namespace vturn::simulation::test {

/// What an experimenter would hold after a stretch of one stage. Computed here from the mouse's outputs, by the methods
/// of the published figures, not from the simulator's parameters.
struct Observed {
  double minutes = 0.0;
  std::size_t heading_cells = 0;
  std::vector<HeadingTruth> heading;
  std::vector<TurnTruth> turns;
  std::vector<double> clockwise_hz, counterclockwise_hz;  ///< summed, Gaussian s.d. 50 ms, 1-ms bins
  std::vector<CellSpike> spikes;
};

inline std::vector<double> smoothed(const std::vector<int>& counts) {
  constexpr int kReach = 200;
  std::vector<double> kernel(2 * kReach + 1);
  double sum = 0.0;
  for (int i = -kReach; i <= kReach; ++i) {
    const double value = std::exp(-0.5 * i * i / (50.0 * 50.0));
    kernel[static_cast<std::size_t>(i + kReach)] = value;
    sum += value;
  }
  std::vector<double> rate(counts.size(), 0.0);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    for (int d = -kReach; d <= kReach; ++d) {
      const auto at = static_cast<std::ptrdiff_t>(i) + d;
      if (at < 0 || at >= static_cast<std::ptrdiff_t>(rate.size())) continue;
      rate[static_cast<std::size_t>(at)] += counts[i] * kernel[static_cast<std::size_t>(d + kReach)] * 1000.0 / sum;
    }
  }
  return rate;
}

inline Observed observe(SleepState stage, double minutes, const MouseSettings& settings) {
  Mouse mouse(settings, Hypnogram({{stage, 0.0, minutes * 60.0 + 10.0, false}}));
  Observed out;
  out.minutes = minutes;
  out.heading_cells = settings.heading_cells;
  const auto bins = static_cast<std::size_t>(minutes * 60000.0);
  std::vector<int> clockwise(bins, 0), counterclockwise(bins, 0);
  for (int tenth = 0; tenth < static_cast<int>(minutes * 600.0); ++tenth) {
    const Block& block = mouse.step(3000, false);
    out.heading.insert(out.heading.end(), block.heading.begin(), block.heading.end());
    out.turns.insert(out.turns.end(), block.turns.begin(), block.turns.end());
    for (const auto& spike : block.spikes) {
      out.spikes.push_back(spike);
      if (spike.unit < settings.heading_cells) continue;
      const bool is_clockwise = spike.unit < settings.heading_cells + settings.clockwise_cells;
      (is_clockwise ? clockwise : counterclockwise)[std::min(bins - 1, static_cast<std::size_t>(spike.time_s * 1e3))] +=
          1;
    }
  }
  out.clockwise_hz = smoothed(clockwise);
  out.counterclockwise_hz = smoothed(counterclockwise);
  return out;
}

inline Observed observe(SleepState stage, double minutes, TtxSide ttx = TtxSide::kNone) {
  MouseSettings settings;
  settings.ttx = ttx;
  return observe(stage, minutes, settings);
}

inline double mean(const std::vector<double>& v) {
  return std::accumulate(v.begin(), v.end(), 0.0) / static_cast<double>(v.size());
}
inline double sd(const std::vector<double>& v) {
  const double m = mean(v);
  double sum = 0.0;
  for (const double x : v) sum += (x - m) * (x - m);
  return std::sqrt(sum / static_cast<double>(v.size()));
}
inline double quantile(std::vector<double> v, double p) {
  std::sort(v.begin(), v.end());
  return v.at(static_cast<std::size_t>(p * static_cast<double>(v.size() - 1)));
}

/// Times (s) at which the population rate rises above its mean + 1 s.d.: the lab's definition of an event.
inline std::vector<double> population_events(const std::vector<double>& rate_hz) {
  const double threshold = mean(rate_hz) + sd(rate_hz);
  std::vector<double> events;
  for (std::size_t i = 1; i < rate_hz.size(); ++i) {
    if (rate_hz[i] > threshold && rate_hz[i - 1] <= threshold) events.push_back(static_cast<double>(i) * 1e-3);
  }
  return events;
}

/// Share of the times that a turn of the direction (sign) begins within [-0.1, 0.5] s of.
inline double followed(const std::vector<double>& times, const std::vector<TurnTruth>& turns, double sign) {
  const auto follows = [&](double t) {
    return std::any_of(turns.begin(), turns.end(), [&](const TurnTruth& turn) {
      return turn.angle_rad * sign > 0.0 && turn.onset_s > t - 0.1 && turn.onset_s < t + 0.5;
    });
  };
  return static_cast<double>(std::count_if(times.begin(), times.end(), follows)) / static_cast<double>(times.size());
}

inline std::vector<double> regular_times(double minutes) {
  std::vector<double> times;
  for (double t = 1.0; t < minutes * 60.0 - 1.0; t += 0.37) times.push_back(t);
  return times;
}

/// Turns a minute of at least so many degrees; sign 0 = both directions.
inline double turn_rate(const Observed& o, double smallest_deg, double sign = 0.0) {
  const auto counts = [&](const TurnTruth& turn) {
    return std::abs(turn.angle_rad) >= smallest_deg * kDegree && (sign == 0.0 || turn.angle_rad * sign > 0.0);
  };
  return static_cast<double>(std::count_if(o.turns.begin(), o.turns.end(), counts)) / o.minutes;
}

/// Signed velocity in bins of `every` truth rows (10 ms each), deg/s.
inline std::vector<double> velocity_deg_s(const Observed& o, std::size_t every) {
  std::vector<double> v;
  for (std::size_t i = every; i < o.heading.size(); i += every) {
    const double turned = angle_difference(o.heading[i].heading_rad, o.heading[i - every].heading_rad);
    v.push_back(turned / kDegree / (0.01 * static_cast<double>(every)));
  }
  return v;
}

}  // namespace vturn::simulation::test
