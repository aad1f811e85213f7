#include "daemon/decode/frame_drift.hpp"

#include <algorithm>
#include <cmath>

#include "daemon/core/angle.hpp"
#include "daemon/core/math.hpp"
#include "daemon/decode/circle.hpp"

namespace vturn {
namespace {

/// A sum of unit vectors.
struct Vector {
  double x = 0.0, y = 0.0;
  void add(double weight, const Vector& other) {
    x += weight * other.x;
    y += weight * other.y;
  }
  [[nodiscard]] double angle_rad() const { return math::atan2(y, x); }
};

/// Errors of each second added up: smoothing then costs nothing that depends on the tracker's rate.
std::vector<Vector> by_second(std::span<const HeldOutRow> rows) {
  const SessionNs from_ns = rows.front().time_ns;
  std::vector<Vector> sums(static_cast<std::size_t>((rows.back().time_ns - from_ns) / kNsPerS) + 1);
  for (const HeldOutRow& row : rows) {
    const double error_rad =
        angle_difference(static_cast<double>(row.decoded_rad), static_cast<double>(row.tracked_rad));
    sums[static_cast<std::size_t>((row.time_ns - from_ns) / kNsPerS)].add(1.0,
                                                                          {math::cos(error_rad), math::sin(error_rad)});
  }
  return sums;
}

std::vector<double> half_gaussian(double sd_s) {
  std::vector<double> weights;
  for (double z = 0.0; z < 3.0; z += 1.0 / sd_s) weights.push_back(math::exp(-0.5 * z * z));
  return weights;
}

}  // namespace

double FrameDrift::at(SessionNs time_ns) const {
  if (drift_rad.empty()) return 0.0;
  const SessionNs second = std::clamp<SessionNs>((time_ns - from_ns) / kNsPerS, 0, std::ssize(drift_rad) - 1);
  return static_cast<double>(drift_rad[static_cast<std::size_t>(second)]);
}

double FrameDrift::rms_rad() const {
  double squares = 0.0;
  for (const float drift : drift_rad) squares += static_cast<double>(drift) * static_cast<double>(drift);
  return drift_rad.empty() ? 0.0 : std::sqrt(squares / static_cast<double>(drift_rad.size()));
}

FrameDrift frame_drift(std::span<const HeldOutRow> rows, double sd_s) {
  FrameDrift result;
  if (rows.empty()) return result;
  result.from_ns = rows.front().time_ns;
  const auto sums = by_second(rows);
  const auto weights = half_gaussian(sd_s);
  const auto seconds_held = std::ssize(sums), reach = std::ssize(weights);
  Vector mean;
  for (std::ptrdiff_t second = 0; second < seconds_held; ++second) {
    Vector around;
    for (auto other = std::max<std::ptrdiff_t>(0, second - reach + 1); other < std::min(seconds_held, second + reach);
         ++other) {
      around.add(weights[static_cast<std::size_t>(std::abs(other - second))], sums[static_cast<std::size_t>(other)]);
    }
    const double drift_rad = around.angle_rad();
    const Vector& here = sums[static_cast<std::size_t>(second)];
    const double rows_here = std::sqrt(here.x * here.x + here.y * here.y);
    mean.add(rows_here, {math::cos(drift_rad), math::sin(drift_rad)});
    result.drift_rad.push_back(static_cast<float>(drift_rad));
  }
  const double mean_rad = mean.angle_rad();
  for (float& drift : result.drift_rad)
    drift = static_cast<float>(angle_difference(static_cast<double>(drift), mean_rad));
  return result;
}

std::vector<HeadingSample> straightened(std::span<const HeadingSample> heading, const FrameDrift& drift) {
  std::vector<HeadingSample> rows(heading.begin(), heading.end());
  for (HeadingSample& row : rows)
    row.angle_rad = circle::wrapped_float(static_cast<double>(row.angle_rad) + drift.at(row.time_ns));
  return rows;
}

}  // namespace vturn
