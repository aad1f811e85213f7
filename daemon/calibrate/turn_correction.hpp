#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "daemon/calibrate/tracked_path.hpp"
#include "daemon/decode/heading_model.hpp"
#include "daemon/decode/samples.hpp"
#include "daemon/turns/turn_detector.hpp"

namespace vturn::calibrate {

/// What the turn detector did while the tracked head rested, one entry a threshold, and what it would have done had the
/// spikes come from the model along the same tracked path.
struct StillOnsets {
  double minutes = 0.0;
  std::vector<double> log_odds;  ///< ascending
  std::vector<std::uint64_t> observed;
  std::vector<double> expected;
};

struct StillSimulation {
  double misassigned_share = 0.0;  ///< of the simulated spikes: see misassigned_share()
  double minutes = 60.0;           ///< of stillness to simulate at least: the path is gone along several times
  std::uint64_t seed = 1;
};

/// Decodes wake with the model's REM dynamics and counts onsets (`settings` with each of these thresholds) in `still`
/// stretches, each but its first half second, with two seconds of the path before it to find the heading. Any onset
/// there is false. All ascending in time. `progress` gets the share done and returns false to stop (the result is then
/// empty). Same seed, same result.
StillOnsets still_onsets(const HeadingModel& model, std::span<const SpikeSample> spikes,
                         std::span<const HeadingSample> heading, std::span<const TimeSpan> still,
                         const turns::TurnSettings& settings, std::span<const double> log_odds,
                         const StillSimulation& simulation, const std::function<bool(double)>& progress);

/// Simulated thresholds (rows as simulate_turn_thresholds gives them, for the REM-like rest that stillness is not)
/// corrected by what stillness shows: the rate of each row times observed over expected onsets at its threshold, and
/// from there the thresholds for the same rates. How far stillness is believed is a Gamma-Poisson matter: the ratio's
/// prior is worth `prior_onsets` expected onsets, with mean 1 at the lowest threshold and the estimate of the threshold
/// below at each other, so that much is learnt where onsets are many and little where they are few. Rows tell the 95 %
/// interval of the rate: of the ratio (Gamma) and of the simulation.
std::vector<HeadingTurnThreshold> corrected_turn_thresholds(std::span<const HeadingTurnThreshold> simulated,
                                                            const StillOnsets& still, double prior_onsets = 4.0);

/// Observed over expected onsets at each threshold of `still`, as the correction takes it.
struct OnsetRatio {
  double ratio, low, high;
};
std::vector<OnsetRatio> onset_ratios(const StillOnsets& still, double prior_onsets);

}  // namespace vturn::calibrate
