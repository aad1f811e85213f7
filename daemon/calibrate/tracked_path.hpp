#pragma once

#include <optional>
#include <span>
#include <vector>

#include "daemon/decode/samples.hpp"

namespace vturn::calibrate {

struct TimeSpan {
  SessionNs from_ns, to_ns;
};

/// Tracked heading at any time: linear between rows on the circle, unknown in holes of the tracking.
class TrackedPath {
 public:
  /// Rows ascend in time and outlive the path.
  explicit TrackedPath(std::span<const HeadingSample> rows, double hole_s = 0.2);
  [[nodiscard]] std::optional<double> angle_rad(SessionNs time_ns) const;
  /// All of it, without a hole.
  [[nodiscard]] bool known(const TimeSpan& span) const;

 private:
  std::span<const HeadingSample> rows_;
  SessionNs hole_ns_;
};

struct StillnessSettings {
  double max_speed_rad_s = 0.1745;  ///< 10 deg/s
  /// Over every stretch of this length the heading stays within what it would turn at max_speed: a tracker's jitter is
  /// no movement, a head that swings to and fro is none at rest.
  double window_s = 0.5;
  double shortest_s = 1.0;
};

/// Stretches over which the tracked head rests. Of a fast tracker means of 25 ms are looked at.
std::vector<TimeSpan> still_stretches(std::span<const HeadingSample> heading, const StillnessSettings& settings);

}  // namespace vturn::calibrate
