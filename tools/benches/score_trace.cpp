#include "tools/benches/score_trace.hpp"

#include <algorithm>

#include "daemon/core/angle.hpp"

namespace vturn::benches {

std::vector<Onset> onsets_of(const ScoreTrace& trace, double threshold) {
  constexpr double kRefractoryS = 0.2;
  const auto on = static_cast<float>(threshold);
  const auto off = static_cast<float>(trace.off_share * threshold + trace.off_offset);
  std::vector<Onset> onsets;
  bool ready = false;
  for (std::size_t i = 0; i < trace.left.size(); ++i) {
    const float most = std::max(trace.left[i], trace.right[i]);
    if (most < off) ready = true;
    if (!ready || most < on) continue;
    const double now_s = static_cast<double>(i + 1) * trace.step_s;
    if (!onsets.empty() && now_s - onsets.back().at_s < kRefractoryS) continue;
    onsets.push_back({now_s, trace.left[i] >= on ? Direction::kCounterclockwise : Direction::kClockwise});
    ready = false;
  }
  return onsets;
}

double threshold_for(const std::function<std::size_t(double)>& onsets, double wanted, double low, double high) {
  constexpr int kHalvings = 14;
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = 0.5 * (low + high);
    (static_cast<double>(onsets(middle)) > wanted ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

ScoreTrace speed_trace(const std::vector<float>& angle_rad, std::size_t lag_steps, double step_s) {
  ScoreTrace trace;
  trace.step_s = step_s;
  trace.left.assign(angle_rad.size(), 0.0F);
  const double lag_s = static_cast<double>(lag_steps) * step_s;
  for (std::size_t i = lag_steps; i < angle_rad.size(); ++i) {
    const double turned =
        angle_difference(static_cast<double>(angle_rad[i]), static_cast<double>(angle_rad[i - lag_steps]));
    trace.left[i] = static_cast<float>(turned / lag_s);
  }
  for (const float speed : trace.left) trace.right.push_back(-speed);
  return trace;
}

}  // namespace vturn::benches
