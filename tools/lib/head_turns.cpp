#include "tools/lib/head_turns.hpp"

#include <algorithm>
#include <cmath>

#include "daemon/core/angle.hpp"

namespace vturn::tools {
namespace {

constexpr std::int64_t kGridNs = 10 * kNsPerMs;
constexpr double kGridS = 0.01;
constexpr double kDegree = kPi / 180.0;

/// The unwrapped angle of one stretch, by linear interpolation every 10 ms.
std::vector<double> on_grid(std::span<const HeadingSample> rows) {
  std::vector<double> angles;
  double angle_rad = 0.0;
  for (std::size_t i = 0; i + 1 < rows.size(); ++i) {
    const double step_rad =
        angle_difference(static_cast<double>(rows[i + 1].angle_rad), static_cast<double>(rows[i].angle_rad));
    const double length_ns = static_cast<double>(rows[i + 1].time_ns - rows[i].time_ns);
    for (;;) {
      const SessionNs at_ns = rows.front().time_ns + static_cast<std::int64_t>(angles.size()) * kGridNs;
      if (at_ns >= rows[i + 1].time_ns) break;
      angles.push_back(angle_rad + step_rad * static_cast<double>(at_ns - rows[i].time_ns) / length_ns);
    }
    angle_rad += step_rad;
  }
  return angles;
}

/// Gaussian kernel, cut at 3 SD and at the stretch's ends; there the side that is there counts alone, and equally on
/// both, so that a steady rotation stays what it is.
std::vector<double> smoothed(const std::vector<double>& values, double sd_points) {
  const auto reach = static_cast<std::size_t>(std::ceil(3.0 * sd_points));
  std::vector<double> kernel;
  for (std::size_t d = 0; d <= reach; ++d) {
    const double z = sd_points > 0.0 ? static_cast<double>(d) / sd_points : 0.0;
    kernel.push_back(std::exp(-0.5 * z * z));
  }
  std::vector<double> result(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t most = std::min({reach, i, values.size() - 1 - i});
    double sum = kernel[0] * values[i], weight = kernel[0];
    for (std::size_t d = 1; d <= most; ++d) {
      sum += kernel[d] * (values[i - d] + values[i + d]);
      weight += 2.0 * kernel[d];
    }
    result[i] = sum / weight;
  }
  return result;
}

class StretchTurns {
 public:
  StretchTurns(std::span<const HeadingSample> rows, const HeadTurnSettings& settings)
      : begin_ns_(rows.front().time_ns),
        settings_(settings),
        angles_(smoothed(on_grid(rows), settings.smoothing_s / kGridS)) {}

  void add_to(HeadTurns& result) const {
    for (std::size_t i = 0; i + 1 < angles_.size();) {
      const double way = velocity_deg_s(i) > 0.0 ? 1.0 : -1.0;
      std::size_t end = i;
      double fastest = 0.0;
      for (; end + 1 < angles_.size() && way * velocity_deg_s(end) >= settings_.edge_deg_s; ++end) {
        fastest = std::max(fastest, way * velocity_deg_s(end));
      }
      result.fastest_deg_s = std::max(result.fastest_deg_s, fastest);
      const double angle_rad = angles_[end] - angles_[i];
      if (fastest > settings_.core_deg_s && std::abs(angle_rad) >= settings_.min_angle_deg * kDegree) {
        result.turns.push_back({time_ns(i), time_ns(end), angle_rad});
      }
      i = std::max(end, i + 1);
    }
  }

 private:
  [[nodiscard]] SessionNs time_ns(std::size_t i) const { return begin_ns_ + static_cast<std::int64_t>(i) * kGridNs; }
  [[nodiscard]] double velocity_deg_s(std::size_t i) const { return (angles_[i + 1] - angles_[i]) / kGridS / kDegree; }

  SessionNs begin_ns_;
  const HeadTurnSettings& settings_;
  std::vector<double> angles_;
};

}  // namespace

HeadTurns find_head_turns(std::span<const HeadingSample> heading, const HeadTurnSettings& settings) {
  HeadTurns result;
  const auto hole_ns = static_cast<std::int64_t>(settings.max_hole_s * 1e9);
  for (std::size_t first = 0; first < heading.size();) {
    std::size_t last = first;
    while (last + 1 < heading.size() && heading[last + 1].time_ns - heading[last].time_ns <= hole_ns) ++last;
    const auto rows = heading.subspan(first, last - first + 1);
    if (rows.size() > 1) {
      StretchTurns(rows, settings).add_to(result);
      result.tracked.push_back({rows.front().time_ns, rows.back().time_ns});
      result.tracked_s += seconds(rows.back().time_ns - rows.front().time_ns);
    }
    first = last + 1;
  }
  return result;
}

}  // namespace vturn::tools
