#pragma once

#include <limits>
#include <vector>

#include "daemon/core/output_event.hpp"
#include "tools/benches/simulated_ring.hpp"

namespace vturn::benches {

inline constexpr double kNever = std::numeric_limits<double>::infinity();
/// A turn can be detected until this long after its end, in the scoring as in the bound.
inline constexpr double kTurnWaitS = 0.2;

struct Onset {
  double at_s = 0.0;
  Direction direction = Direction::kNone;
};

/// What became of one simulated turn: the first onset between its begin and kTurnWaitS after its end decides.
struct TurnOutcome {
  double latency_s = kNever;  ///< from the true begin; infinite when missed or detected the wrong way
  bool wrong = false;
};

struct OnsetScore {
  std::vector<TurnOutcome> turns;  ///< in the order of the truth
  std::size_t false_alarms = 0;    ///< outside every turn
  double rest_minutes = 0.0;       ///< outside every turn
};

/// Both in order of time.
OnsetScore score_onsets(const std::vector<SimulatedTurn>& truth, const std::vector<Onset>& onsets, double duration_s);

/// Smallest value that at least this share of the values does not exceed; infinite values count. NaN of nothing.
double quantile_with_misses(std::vector<double> values, double share);

}  // namespace vturn::benches
