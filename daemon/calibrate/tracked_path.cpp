#include "daemon/calibrate/tracked_path.hpp"

#include <algorithm>
#include <cmath>

#include "daemon/core/angle.hpp"
#include "daemon/decode/circle.hpp"

namespace vturn::calibrate {
namespace {

/// Means of rows that are closer together than a slow camera's: the jitter's range grows with the number of rows in a
/// window, so that a fast tracker at rest would look as if it moved.
std::vector<HeadingSample> thinned(std::span<const HeadingSample> rows) {
  constexpr SessionNs kApartNs = 25 * kNsPerMs;
  std::vector<HeadingSample> means;
  for (std::size_t first = 0, end = 0; first < rows.size(); first = end) {
    const HeadingSample& from = rows[first];
    double away_rad = 0.0, after_ns = 0.0;
    for (; end < rows.size() && rows[end].time_ns - from.time_ns < kApartNs; ++end) {
      away_rad += angle_difference(static_cast<double>(rows[end].angle_rad), static_cast<double>(from.angle_rad));
      after_ns += static_cast<double>(rows[end].time_ns - from.time_ns);
    }
    const auto count = static_cast<double>(end - first);
    means.push_back({from.time_ns + static_cast<SessionNs>(after_ns / count),
                     circle::wrapped_float(static_cast<double>(from.angle_rad) + away_rad / count)});
  }
  return means;
}

/// Of the headings up to `to_ns`, as seen from one of them.
double range_rad(std::span<const HeadingSample> rows, const HeadingSample& from, SessionNs to_ns) {
  double least_rad = 0.0, most_rad = 0.0;
  for (const HeadingSample& row : rows) {
    if (row.time_ns > to_ns) break;
    const double away_rad = angle_difference(static_cast<double>(row.angle_rad), static_cast<double>(from.angle_rad));
    least_rad = std::min(least_rad, away_rad);
    most_rad = std::max(most_rad, away_rad);
  }
  return most_rad - least_rad;
}

}  // namespace

TrackedPath::TrackedPath(std::span<const HeadingSample> rows, double hole_s)
    : rows_(rows), hole_ns_(static_cast<SessionNs>(hole_s * 1e9)) {}

std::optional<double> TrackedPath::angle_rad(SessionNs time_ns) const {
  const auto after = std::upper_bound(rows_.begin(), rows_.end(), time_ns,
                                      [](SessionNs time, const HeadingSample& row) { return time < row.time_ns; });
  if (after == rows_.begin()) return std::nullopt;
  const HeadingSample& before = *(after - 1);
  if (before.time_ns == time_ns) return static_cast<double>(before.angle_rad);
  if (after == rows_.end() || after->time_ns - before.time_ns > hole_ns_) return std::nullopt;
  return circle::interpolated(before, *after, time_ns);
}

bool TrackedPath::known(const TimeSpan& span) const {
  const auto before = [](const HeadingSample& row, SessionNs time_ns) { return row.time_ns < time_ns; };
  auto row = std::lower_bound(rows_.begin(), rows_.end(), span.from_ns, before);
  if (row == rows_.end() || (row == rows_.begin() && row->time_ns > span.from_ns)) return false;
  SessionNs last_ns = row->time_ns > span.from_ns ? (row - 1)->time_ns : row->time_ns;
  for (; last_ns < span.to_ns; ++row) {
    if (row == rows_.end() || row->time_ns - last_ns > hole_ns_) return false;
    last_ns = row->time_ns;
  }
  return true;
}

std::vector<TimeSpan> still_stretches(std::span<const HeadingSample> heading, const StillnessSettings& settings) {
  const std::vector<HeadingSample> thin = thinned(heading);
  const std::span<const HeadingSample> rows(thin);
  const TrackedPath path(rows);
  const double most_rad = settings.max_speed_rad_s * settings.window_s;
  const auto half_ns = static_cast<SessionNs>(0.5e9 * settings.window_s);
  const auto shortest_ns = static_cast<SessionNs>(settings.shortest_s * 1e9);
  std::vector<TimeSpan> stretches;
  bool still_before = false;
  std::size_t first = 0;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const TimeSpan window{rows[row].time_ns - half_ns, rows[row].time_ns + half_ns};
    while (rows[first].time_ns < window.from_ns) ++first;
    const bool still = path.known(window) && range_rad(rows.subspan(first), rows[row], window.to_ns) <= most_rad;
    if (still && !still_before) stretches.push_back({rows[row].time_ns, rows[row].time_ns});
    if (still) stretches.back().to_ns = rows[row].time_ns;
    still_before = still;
  }
  std::erase_if(stretches, [&](const TimeSpan& span) { return span.to_ns - span.from_ns < shortest_ns; });
  return stretches;
}

}  // namespace vturn::calibrate
