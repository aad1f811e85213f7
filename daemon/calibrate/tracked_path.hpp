#pragma once

#include <optional>
#include <span>
#include <vector>

#include "daemon/decode/samples.hpp"

namespace vturn::calibrate {

/// Tracked heading at any time: linear between rows on the circle, unknown in holes of the tracking.
class TrackedPath {
 public:
  /// Rows ascend in time and outlive the path.
  explicit TrackedPath(std::span<const HeadingSample> rows, double hole_s = 0.2);
  [[nodiscard]] std::optional<double> angle_rad(SessionNs time_ns) const;

 private:
  std::span<const HeadingSample> rows_;
  SessionNs hole_ns_;
};

struct TimeSpan {
  SessionNs from_ns, to_ns;
};

struct StillnessSettings {
  double max_speed_rad_s = 0.1745;  ///< 10 deg/s
  double window_s = 0.5;  ///< speed is that between headings this far apart: a tracker's jitter is no movement
  double shortest_s = 1.0;
};

/// Stretches over which the tracked head rests.
std::vector<TimeSpan> still_stretches(std::span<const HeadingSample> rows, const StillnessSettings& settings);

}  // namespace vturn::calibrate
