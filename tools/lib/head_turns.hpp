#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "daemon/decode/samples.hpp"

namespace vturn::tools {

/// What counts as a turn of the tracked head: angular velocity beyond `core` somewhere, beyond `edge` from onset to
/// end, and at least `min_angle` turned.
struct HeadTurnSettings {
  double smoothing_s = 0.04;  ///< standard deviation of the kernel over the angle
  double core_deg_s = 100.0;
  double edge_deg_s = 25.0;
  double min_angle_deg = 30.0;
  double max_hole_s = 0.25;  ///< tracking lost for longer ends a stretch
};

struct HeadTurn {
  SessionNs onset_ns;
  SessionNs end_ns;
  double angle_rad;  ///< counter-clockwise positive
  [[nodiscard]] Direction direction() const noexcept {
    return angle_rad > 0.0 ? Direction::kCounterclockwise : Direction::kClockwise;
  }
};

/// A stretch of time without a hole; ends are inclusive.
struct Stretch {
  SessionNs begin_ns;
  SessionNs end_ns;
};

struct HeadTurns {
  std::vector<HeadTurn> turns;  ///< by onset
  std::vector<Stretch> tracked;
  double tracked_s = 0.0;
  double fastest_deg_s = 0.0;
};

/// Turns of a tracked heading (strictly ascending in time), and where it was tracked at all.
HeadTurns find_head_turns(std::span<const HeadingSample> heading, const HeadTurnSettings& settings);

}  // namespace vturn::tools
