#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "daemon/calibrate/tracked_path.hpp"
#include "daemon/decode/heading_model.hpp"
#include "daemon/decode/samples.hpp"
#include "daemon/turns/detector.hpp"

namespace vturn::calibrate {

/// What the turn detector did while the tracked head rested, one entry a threshold, and what it would have done had the
/// spikes come from the model along the same tracked path.
struct StillOnsets {
  double minutes = 0.0;
  std::vector<double> thresholds;  ///< nats, ascending
  std::vector<std::uint64_t> observed;
  double simulated_minutes = 0.0;
  std::vector<std::uint64_t> simulated;
  /// By the model, in as much stillness as was observed.
  [[nodiscard]] double expected(std::size_t i) const {
    return simulated_minutes > 0.0 ? static_cast<double>(simulated[i]) * minutes / simulated_minutes : 0.0;
  }
};

struct StillSimulation {
  double misassigned_share = 0.0;  ///< of the simulated spikes: see misassigned_share()
  double minutes = 60.0;           ///< of stillness to simulate at least: the path is gone along several times
  std::uint64_t seed = 1;
};

/// Decodes wake with the model's REM dynamics and counts onsets (`settings` with each of these thresholds) in `still`
/// stretches, each but its first half second, with two seconds of the path before it to find the heading, and without
/// what spike_holes() finds. Any onset there is false. All ascending in time. `progress` gets the share done and
/// returns false to stop (the result is then empty). Same seed, same result.
StillOnsets still_onsets(const HeadingModel& model, std::span<const SpikeSample> spikes,
                         std::span<const HeadingSample> heading, std::span<const TimeSpan> still,
                         const turns::DetectorSettings& settings, std::span<const double> thresholds,
                         const StillSimulation& simulation, const std::function<bool(double)>& progress);

/// The same at the thresholds of these rows, in all stretches of the recording in which the head rests, for the
/// detector that thresholds are found for.
StillOnsets onsets_in_stillness(const HeadingModel& model, turns::Method method, std::span<const SpikeSample> spikes,
                                std::span<const HeadingSample> heading, std::span<const HeadingTurnThreshold> rows,
                                const StillSimulation& simulation, const std::function<bool(double)>& progress);

/// Rate of false onsets over that of the simulation.
struct OnsetRatio {
  double ratio = 1.0;
  double low = 0.0, high = 0.0;  ///< 95 % interval
};

/// At each threshold of `still`: what stillness makes of the belief that the simulation is right. At the lowest
/// threshold the ratio's prior is Gamma of mean 1 (worth four expected onsets), the onsets are Poisson; of the onsets
/// above one threshold the share that is above the next has a Beta prior with the simulation's share as mean (worth
/// eight onsets). Onsets that are above several thresholds are thus used once, and where they are few the simulation
/// stands.
std::vector<OnsetRatio> onset_ratios(const StillOnsets& still);

/// Simulated thresholds (rows as simulate_turn_thresholds gives them, for the REM-like rest that stillness is not)
/// corrected by onset_ratios at their thresholds: thresholds for the same rates, with the interval of the rate that
/// comes of the ratio and of the simulation.
std::vector<HeadingTurnThreshold> corrected_turn_thresholds(std::span<const HeadingTurnThreshold> simulated,
                                                            const StillOnsets& still);

}  // namespace vturn::calibrate
