#include "tools/lib/turn_scoring.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "daemon/calibrate/turn_threshold.hpp"

namespace vturn::tools {
namespace {

constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

/// Linear between ranks (type 7); NaN of nothing.
double quantile(std::vector<double> values, double share) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::sort(values.begin(), values.end());
  const double rank = share * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(rank);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (rank - static_cast<double>(below)) * (values[above] - values[below]);
}

struct Matching {
  std::vector<TrueTurn> truth;
  std::vector<bool> taken;
  TurnScoreSettings settings;

  /// The latest free turn within reach of a decision, of this direction or (`any`) of either.
  [[nodiscard]] std::size_t find(const DetectedTurn& detected, bool any) const {
    const auto after = std::upper_bound(truth.begin(), truth.end(), detected.decision_s + settings.early_s,
                                        [](double time_s, const TrueTurn& turn) { return time_s < turn.onset_s; });
    for (auto turn = after; turn != truth.begin();) {
      --turn;
      if (turn->onset_s < detected.decision_s - settings.window_s) break;
      const auto index = static_cast<std::size_t>(turn - truth.begin());
      if (!taken[index] && (any || turn->direction == detected.direction)) return index;
    }
    return kNone;
  }
};

double span_of(const std::vector<TrueTurn>& truth, const std::vector<DetectedTurn>& detected) {
  double first = std::numeric_limits<double>::infinity();
  double last = -first;
  const auto extend = [&](double time_s) {
    first = std::min(first, time_s);
    last = std::max(last, time_s);
  };
  for (const TrueTurn& turn : truth) extend(turn.onset_s);
  for (const DetectedTurn& turn : detected) extend(turn.decision_s);
  return last > first ? last - first : 0.0;
}

}  // namespace

TurnScore score_turns(std::vector<TrueTurn> truth, std::vector<DetectedTurn> detected,
                      const TurnScoreSettings& settings) {
  TurnScore score;
  score.duration_s = settings.duration_s > 0.0 ? settings.duration_s : span_of(truth, detected);
  std::sort(truth.begin(), truth.end(), [](const auto& a, const auto& b) { return a.onset_s < b.onset_s; });
  std::sort(detected.begin(), detected.end(), [](const auto& a, const auto& b) { return a.decision_s < b.decision_s; });
  Matching matching{std::move(truth), {}, settings};
  matching.taken.assign(matching.truth.size(), false);
  const auto large = [&](const TrueTurn& turn) { return std::fabs(turn.angle_rad) >= settings.min_angle_rad; };

  std::vector<double> latencies_s;
  std::vector<double> onset_errors_s;
  std::vector<DetectedTurn> left_over;
  for (const DetectedTurn& turn : detected) {
    const std::size_t index = matching.find(turn, false);
    if (index == kNone) {
      left_over.push_back(turn);
      continue;
    }
    matching.taken[index] = true;
    if (!large(matching.truth[index])) continue;
    ++score.hits;
    latencies_s.push_back(turn.decision_s - matching.truth[index].onset_s);
    onset_errors_s.push_back(turn.onset_s - matching.truth[index].onset_s);
  }
  for (const DetectedTurn& turn : left_over) {
    const std::size_t index = matching.find(turn, true);
    if (index == kNone) {
      ++score.false_alarms;
      continue;
    }
    matching.taken[index] = true;
    if (large(matching.truth[index])) ++score.wrong_direction;
  }
  score.turns = static_cast<std::uint64_t>(std::count_if(matching.truth.begin(), matching.truth.end(), large));
  score.missed = score.turns - score.hits;
  score.detections = detected.size();
  const double minutes = score.duration_s / 60.0;
  if (minutes > 0.0) {
    const calibrate::RateInterval interval = calibrate::poisson_interval(score.false_alarms, minutes);
    score.false_per_minute = static_cast<double>(score.false_alarms) / minutes;
    score.false_per_minute_low = interval.low;
    score.false_per_minute_high = interval.high;
  }
  score.latency_median_s = quantile(latencies_s, 0.5);
  score.latency_p90_s = quantile(latencies_s, 0.9);
  score.onset_error_median_s = quantile(onset_errors_s, 0.5);
  return score;
}

}  // namespace vturn::tools
