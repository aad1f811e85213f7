#include "daemon/calibrate/animal_thresholds.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "daemon/calibrate/turn_correction.hpp"
#include "daemon/calibrate/turn_threshold.hpp"

namespace vturn::calibrate {
namespace {

constexpr std::array kRatesPerMinute{20.0, 10.0, 5.0, 2.0, 1.0, 0.5, 0.2, 0.1};

std::size_t nearest_row(const std::vector<HeadingTurnThreshold>& rows, double rate) {
  const auto off = [rate](const HeadingTurnThreshold& row) {
    return std::fabs(std::log(row.false_alarms_per_minute / rate));
  };
  return static_cast<std::size_t>(
      std::min_element(rows.begin(), rows.end(), [&](const auto& a, const auto& b) { return off(a) < off(b); }) -
      rows.begin());
}

/// Thresholds of one detector, and what it did at rest.
struct Corrected {
  std::vector<HeadingTurnThreshold> rows;
  StillOnsets still;
  std::size_t one = 0;  ///< row of the rate nearest 1 a minute
};

/// Empty rows when `progress` asked to stop.
Corrected corrected_thresholds(const HeadingModel& model, turns::Method method, double misassigned,
                               std::span<const SpikeSample> spikes, std::span<const HeadingSample> heading,
                               const std::function<bool(double)>& progress) {
  Corrected result;
  RestSimulation rest;
  rest.misassigned_share = misassigned;
  bool goes_on = true;
  const auto half = [&](double from) {
    return [&, from](double share) { return goes_on = !progress || progress(from + 0.5 * share); };
  };
  result.rows = simulate_turn_thresholds(model, ungated_detector(model, method), rest, kRatesPerMinute, half(0.0));
  if (result.rows.empty()) return result;
  result.one = nearest_row(result.rows, 1.0);
  result.still =
      onsets_in_stillness(model, method, spikes, heading, result.rows, {.misassigned_share = misassigned}, half(0.5));
  if (goes_on) half(0.5)(1.0);
  if (!goes_on) return {};
  // Without stillness too: the simulation then stands, and its interval tells that nothing has confirmed it.
  result.rows = corrected_turn_thresholds(result.rows, result.still);
  return result;
}

}  // namespace

AnimalThresholds animal_thresholds(const HeadingModel& model, std::span<const SpikeSample> spikes,
                                   std::span<const HeadingSample> heading,
                                   const std::function<bool(double)>& progress) {
  AnimalThresholds result;
  result.misassigned = misassigned_share(model, spikes, heading);
  const auto corrected = [&](turns::Method method, double from) {
    return corrected_thresholds(model, method, result.misassigned.share, spikes, heading,
                                [&](double share) { return !progress || progress(from + 0.5 * share); });
  };
  Corrected found = corrected(turns::Method::kLogOdds, 0.0);
  if (found.rows.empty()) return result;
  Corrected cusum = corrected(turns::Method::kCusum, 0.5);
  if (progress && !progress(1.0)) return {};
  result.cusum_rows = std::move(cusum.rows);
  result.rows = std::move(found.rows);
  result.still_minutes = found.still.minutes;
  result.still_onsets = found.still.observed[found.one];
  result.expected_onsets = found.still.expected(found.one);
  return result;
}

}  // namespace vturn::calibrate
