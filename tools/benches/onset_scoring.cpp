#include "tools/benches/onset_scoring.hpp"

#include <algorithm>
#include <cmath>

namespace vturn::benches {

OnsetScore score_onsets(const std::vector<SimulatedTurn>& truth, const std::vector<Onset>& onsets, double duration_s) {
  OnsetScore score;
  double rest_s = duration_s;
  auto onset = onsets.begin();
  for (const SimulatedTurn& turn : truth) {
    const double end_s = turn.onset_s + turn.shape.duration_s + kTurnWaitS;
    rest_s -= end_s - turn.onset_s;
    for (; onset != onsets.end() && onset->at_s < turn.onset_s; ++onset) ++score.false_alarms;
    TurnOutcome outcome;
    if (onset != onsets.end() && onset->at_s <= end_s) {
      const bool left = turn.shape.peak_velocity_rad_s > 0.0;
      outcome.wrong = (onset->direction == Direction::kCounterclockwise) != left;
      if (!outcome.wrong) outcome.latency_s = onset->at_s - turn.onset_s;
    }
    score.turns.push_back(outcome);
    while (onset != onsets.end() && onset->at_s <= end_s) ++onset;
  }
  score.false_alarms += static_cast<std::size_t>(onsets.end() - onset);
  score.rest_minutes = rest_s / 60.0;
  return score;
}

double quantile_with_misses(std::vector<double> values, double share) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  const double rank = std::ceil(share * static_cast<double>(values.size())) - 1.0;
  const auto place = values.begin() + static_cast<std::ptrdiff_t>(std::max(rank, 0.0));
  std::nth_element(values.begin(), place, values.end());
  return *place;
}

}  // namespace vturn::benches
