#pragma once

#include <algorithm>
#include <limits>
#include <vector>

namespace vturn {

/// Linear between order statistics; NaN of nothing.
inline double quantile(std::vector<double> values, double q) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  const double position = q * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::ptrdiff_t>(position);
  const auto at = values.begin() + below;
  std::nth_element(values.begin(), at, values.end());
  if (at + 1 == values.end()) return *at;
  const double above = *std::min_element(at + 1, values.end());
  return *at + (position - static_cast<double>(below)) * (above - *at);
}

/// Median absolute deviation, scaled to the standard deviation of normally distributed values.
inline double scaled_mad(std::vector<double> values, double median) {
  for (double& value : values) value = value < median ? median - value : value - median;
  return 1.4826 * quantile(std::move(values), 0.5);
}

}  // namespace vturn
