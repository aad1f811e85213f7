#include "daemon/pipeline/self_check.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "daemon/core/angle.hpp"

namespace vturn {
namespace {

constexpr double kStepS = 0.001;
constexpr double kHoldS = 2.0;
constexpr int kHeadings = 16;
constexpr double kWorstMedianRad = 30.0 * kPi / 180.0;

/// |error| after holding one heading for kHoldS.
double error_at(const HeadingModel& model, Kernel kernel, std::size_t bin, std::mt19937_64& random) {
  HeadingFilter filter;
  filter.prepare(model, kernel);
  std::uniform_real_distribution<double> uniform;
  for (double t_s = 0.0; t_s < kHoldS; t_s += kStepS) {
    for (const HeadingUnit& unit : model.units) {
      if (uniform(random) < static_cast<double>(unit.rate_hz[bin]) * kStepS) {
        filter.spike(static_cast<SessionNs>(t_s * 1e9), unit.unit);
      }
    }
  }
  filter.advance(static_cast<SessionNs>(kHoldS * 1e9));
  const double truth_rad = kTwoPi * static_cast<double>(bin) / kHeadingAngles;
  return std::fabs(angle_difference(static_cast<double>(filter.estimate().angle_rad), truth_rad));
}

}  // namespace

std::string heading_self_check(const EngineSettings& settings) {
  if (!settings.heading) return "";
  std::mt19937_64 random(1);
  std::vector<double> errors_rad;
  for (int i = 0; i < kHeadings; ++i) {
    const auto bin = static_cast<std::size_t>(i) * kHeadingAngles / kHeadings;
    errors_rad.push_back(error_at(*settings.heading, settings.kernel, bin, random));
  }
  std::nth_element(errors_rad.begin(), errors_rad.begin() + kHeadings / 2, errors_rad.end());
  const double median_rad = errors_rad[kHeadings / 2];
  if (median_rad <= kWorstMedianRad) return "";
  return "the heading model does not find its own headings (median error " +
         std::to_string(static_cast<int>(median_rad * 180.0 / kPi)) + " deg, at most 30): calibrate again";
}

}  // namespace vturn
