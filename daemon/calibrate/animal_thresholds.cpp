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
  const auto half = [&progress](double from) {
    return [&progress, from](double share) { return !progress || progress(from + 0.5 * share); };
  };
  AnimalThresholds result;
  turns::TurnSettings detector;
  detector.min_evidence_nats_per_spike = 0.0;
  result.misassigned = misassigned_share(model, spikes, heading);
  RestSimulation rest;
  rest.misassigned_share = result.misassigned.share;
  result.rows = simulate_turn_thresholds(model, detector, rest, kRatesPerMinute, half(0.0));
  if (result.rows.empty()) return result;
  std::vector<double> log_odds;
  for (const HeadingTurnThreshold& row : result.rows) log_odds.push_back(row.log_odds);
  const StillSimulation still{.misassigned_share = result.misassigned.share};
  const StillOnsets onsets =
      still_onsets(model, spikes, heading, still_stretches(heading, {}), detector, log_odds, still, half(0.5));
  if (progress) progress(1.0);
  result.still_minutes = onsets.minutes;
  if (onsets.minutes < kLeastStillMinutes) return result;
  const std::size_t one = nearest_row(result.rows, 1.0);
  result.still_onsets = onsets.observed[one];
  result.expected_onsets = onsets.expected(one);
  result.rows = corrected_turn_thresholds(result.rows, onsets);
  return result;
}

}  // namespace vturn::calibrate
