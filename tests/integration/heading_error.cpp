#include "tests/integration/heading_error.hpp"

#include <algorithm>
#include <cmath>

#include "tests/integration/csv.hpp"

namespace vturn::test {
namespace {

constexpr double kPi = 3.14159265358979323846;

}  // namespace

Track track(const std::filesystem::path& file, const std::string& angle) {
  const Table table(file);
  return {table.numbers("t_s"), table.numbers(angle)};
}

double median_error_deg(const Track& decoded, const Track& truth, double shift_s) {
  const double step_s = truth.t_s[1] - truth.t_s[0];
  const auto end = static_cast<std::size_t>(std::upper_bound(truth.t_s.begin(), truth.t_s.end(), decoded.t_s.back()) -
                                            truth.t_s.begin());
  const auto shift = static_cast<std::size_t>(std::lround(shift_s / step_s));
  std::vector<double> errors;
  for (std::size_t i = 0, at = 0; i < end; ++i) {
    while (at + 1 < decoded.t_s.size() && decoded.t_s[at + 1] <= truth.t_s[i]) ++at;
    if (decoded.t_s[at] > truth.t_s[i]) continue;
    const double difference = decoded.angle_rad[at] - truth.angle_rad[(i + shift) % end];
    errors.push_back(std::abs(std::remainder(difference, 2.0 * kPi)) * 180.0 / kPi);
  }
  const auto middle = errors.begin() + static_cast<std::ptrdiff_t>(errors.size() / 2);
  std::nth_element(errors.begin(), middle, errors.end());
  return *middle;
}

}  // namespace vturn::test
