#include "daemon/calibrate/tracked_path.hpp"

#include <algorithm>
#include <cmath>

#include "daemon/core/angle.hpp"

namespace vturn::calibrate {

TrackedPath::TrackedPath(std::span<const HeadingSample> rows, double hole_s)
    : rows_(rows), hole_ns_(static_cast<SessionNs>(hole_s * 1e9)) {}

std::optional<double> TrackedPath::angle_rad(SessionNs time_ns) const {
  const auto after = std::upper_bound(rows_.begin(), rows_.end(), time_ns,
                                      [](SessionNs time, const HeadingSample& row) { return time < row.time_ns; });
  if (after == rows_.begin()) return std::nullopt;
  const HeadingSample& before = *(after - 1);
  if (before.time_ns == time_ns) return static_cast<double>(before.angle_rad);
  if (after == rows_.end() || after->time_ns - before.time_ns > hole_ns_) return std::nullopt;
  const double share = seconds(time_ns - before.time_ns) / seconds(after->time_ns - before.time_ns);
  const auto from_rad = static_cast<double>(before.angle_rad);
  return wrap_angle(from_rad + share * angle_difference(static_cast<double>(after->angle_rad), from_rad));
}

std::vector<TimeSpan> still_stretches(std::span<const HeadingSample> rows, const StillnessSettings& settings) {
  const TrackedPath path(rows);
  const auto half_ns = static_cast<SessionNs>(0.5e9 * settings.window_s);
  const auto shortest_ns = static_cast<SessionNs>(settings.shortest_s * 1e9);
  std::vector<TimeSpan> stretches;
  bool still_before = false;
  for (const HeadingSample& row : rows) {
    const auto before = path.angle_rad(row.time_ns - half_ns);
    const auto after = path.angle_rad(row.time_ns + half_ns);
    const bool known = before && after && path.angle_rad(row.time_ns + 1);
    const bool still =
        known && std::fabs(angle_difference(*after, *before)) <= settings.max_speed_rad_s * settings.window_s;
    if (still && !still_before) stretches.push_back({row.time_ns, row.time_ns});
    if (still) stretches.back().to_ns = row.time_ns;
    still_before = still;
  }
  std::erase_if(stretches, [&](const TimeSpan& span) { return span.to_ns - span.from_ns < shortest_ns; });
  return stretches;
}

}  // namespace vturn::calibrate
