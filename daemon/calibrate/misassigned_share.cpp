#include "daemon/calibrate/misassigned_share.hpp"

#include <array>
#include <cmath>
#include <vector>

#include "daemon/calibrate/tracked_path.hpp"
#include "daemon/decode/circle.hpp"

namespace vturn::calibrate {
namespace {

/// For each spike, how likely the unit that fired was if all is well.
std::vector<double> unit_probabilities(const HeadingModel& model, std::span<const SpikeSample> spikes,
                                       std::span<const HeadingSample> heading) {
  std::array<const HeadingUnit*, kMaxUnits> unit_of{};
  std::array<double, kHeadingAngles> total_hz{};
  for (const HeadingUnit& unit : model.units) {
    unit_of[unit.unit] = &unit;
    for (std::size_t bin = 0; bin < kHeadingAngles; ++bin) total_hz[bin] += static_cast<double>(unit.rate_hz[bin]);
  }
  const TrackedPath path(heading);
  const auto lag_ns = static_cast<SessionNs>(static_cast<double>(model.lag_s) * 1e9);
  std::vector<double> probabilities;
  probabilities.reserve(spikes.size());
  for (const SpikeSample& spike : spikes) {
    if (spike.unit >= kMaxUnits || unit_of[spike.unit] == nullptr) continue;
    const auto angle_rad = path.angle_rad(spike.time_ns + lag_ns);
    if (!angle_rad) continue;
    const std::size_t bin = circle::nearest_bin(*angle_rad);
    probabilities.push_back(static_cast<double>(unit_of[spike.unit]->rate_hz[bin]) / total_hz[bin]);
  }
  return probabilities;
}

}  // namespace

MisassignedShare misassigned_share(const HeadingModel& model, std::span<const SpikeSample> spikes,
                                   std::span<const HeadingSample> heading) {
  const std::vector<double> probabilities = unit_probabilities(model, spikes, heading);
  const double chance = 1.0 / static_cast<double>(model.units.size());
  struct Slope {
    double first = 0.0, second = 0.0;
  };
  const auto slope_at = [&](double share) {
    Slope slope;
    for (const double p : probabilities) {
      const double relative = (chance - p) / (p + share * (chance - p));
      slope.first += relative;
      slope.second -= relative * relative;
    }
    return slope;
  };
  // The log likelihood is concave in the share.
  double low = 0.0, high = 0.99;
  constexpr int kHalvings = 20;
  for (int i = 0; i < kHalvings && slope_at(0.0).first > 0.0; ++i) {
    const double middle = 0.5 * (low + high);
    (slope_at(middle).first > 0.0 ? low : high) = middle;
  }
  MisassignedShare result{.share = low, .spikes = probabilities.size()};
  const double curvature = -slope_at(low).second;
  result.sd = curvature > 0.0 ? 1.0 / std::sqrt(curvature) : 1.0;
  return result;
}

}  // namespace vturn::calibrate
