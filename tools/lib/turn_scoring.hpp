#pragma once

#include <cstdint>
#include <vector>

#include "daemon/core/output_event.hpp"

namespace vturn::tools {

struct TrueTurn {
  double onset_s = 0.0;
  Direction direction = Direction::kNone;
  double angle_rad = 0.0;  ///< signed or not: its size counts
};

struct DetectedTurn {
  double decision_s = 0.0;  ///< when the detector spoke
  double onset_s = 0.0;     ///< its estimate of the onset
  Direction direction = Direction::kNone;
};

struct TurnScoreSettings {
  double min_angle_rad = 0.7853981633974483;  ///< smaller true turns are neither asked for nor held against a detection
  double window_s = 1.0;    ///< a detection belongs to a turn whose onset is at most this long before the decision
  double early_s = 0.02;    ///< or this much after it
  double duration_s = 0.0;  ///< of what was scored; 0 = from the first to the last time in either list
};

struct TurnScore {
  std::uint64_t turns = 0;  ///< true ones of at least min_angle
  std::uint64_t hits = 0;   ///< of them detected in the right direction
  std::uint64_t missed = 0;
  std::uint64_t wrong_direction = 0;  ///< of them, detected the other way only (missed as well)
  std::uint64_t detections = 0;
  std::uint64_t false_alarms = 0;  ///< detections without a true turn of any size
  double duration_s = 0.0;
  double false_per_minute = 0.0;
  double false_per_minute_low = 0.0;  ///< 95 % Poisson interval
  double false_per_minute_high = 0.0;
  double latency_median_s = 0.0;  ///< from true onset to decision, over hits; NaN without any
  double latency_p90_s = 0.0;
  double onset_error_median_s = 0.0;  ///< estimated - true onset, over hits
};

/// Matches each detection to the latest true turn not yet taken whose onset lies in [decision - window, decision +
/// early], one of its own direction before others: one detection a turn, one turn a detection. Both lists in any order.
TurnScore score_turns(std::vector<TrueTurn> truth, std::vector<DetectedTurn> detected,
                      const TurnScoreSettings& settings);

}  // namespace vturn::tools
