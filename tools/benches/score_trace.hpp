#pragma once

#include <functional>
#include <vector>

#include "tools/benches/onset_scoring.hpp"

namespace vturn::benches {

/// A detector's statistic over a session, every step_s: an onset is its rise through a threshold, and the next needs
/// both sides to have fallen to off_share * threshold + off_offset first.
struct ScoreTrace {
  double step_s = 0.005;
  double off_share = 0.5;
  double off_offset = 0.0;
  std::vector<float> left, right;
};

std::vector<Onset> onsets_of(const ScoreTrace& trace, double threshold);

/// Threshold in [low, high] at which `onsets` (falling with the threshold) comes down to `wanted`.
double threshold_for(const std::function<std::size_t(double)>& onsets, double wanted, double low, double high);

/// Speed of a decoded angle from its change over the last `lag_steps` steps, as a statistic for left and right.
ScoreTrace speed_trace(const std::vector<float>& angle_rad, std::size_t lag_steps, double step_s);

}  // namespace vturn::benches
