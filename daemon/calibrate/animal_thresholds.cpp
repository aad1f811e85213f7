#include "daemon/calibrate/animal_thresholds.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "daemon/calibrate/turn_correction.hpp"
#include "daemon/calibrate/turn_threshold.hpp"

namespace vturn::calibrate {
namespace {

constexpr std::array kRatesPerMinute{20.0, 10.0, 5.0, 2.0, 1.0, 0.5, 0.2, 0.1};
/// Less stillness than this says nothing that the simulation does not.
constexpr double kLeastStillMinutes = 0.5;

std::size_t nearest_row(const std::vector<HeadingTurnThreshold>& rows, double rate) {
  const auto off = [rate](const HeadingTurnThreshold& row) {
    return std::fabs(std::log(row.false_alarms_per_minute / rate));
  };
  return static_cast<std::size_t>(
      std::min_element(rows.begin(), rows.end(), [&](const auto& a, const auto& b) { return off(a) < off(b); }) -
      rows.begin());
}

}  // namespace

AnimalThresholds animal_thresholds(const HeadingModel& model, std::span<const SpikeSample> spikes,
                                   std::span<const HeadingSample> heading,
                                   const std::function<bool(double)>& progress) {
  bool goes_on = true;
  const auto half = [&](double from) {
    return [&, from](double share) { return goes_on = !progress || progress(from + 0.5 * share); };
  };
  AnimalThresholds result;
  result.misassigned = misassigned_share(model, spikes, heading);
  RestSimulation rest;
  rest.misassigned_share = result.misassigned.share;
  result.rows = simulate_turn_thresholds(model, ungated_detector(), rest, kRatesPerMinute, half(0.0));
  if (result.rows.empty()) return result;
  const StillOnsets onsets = onsets_in_stillness(model, spikes, heading, result.rows,
                                                 {.misassigned_share = result.misassigned.share}, half(0.5));
  if (goes_on) half(0.5)(1.0);
  if (!goes_on) return {};
  result.still_minutes = onsets.minutes;
  if (onsets.minutes < kLeastStillMinutes) return result;
  const std::size_t one = nearest_row(result.rows, 1.0);
  result.still_onsets = onsets.observed[one];
  result.expected_onsets = onsets.expected(one);
  result.rows = corrected_turn_thresholds(result.rows, onsets);
  return result;
}

}  // namespace vturn::calibrate
