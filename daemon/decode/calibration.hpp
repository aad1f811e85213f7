#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "daemon/core/expected.hpp"
#include "daemon/decode/heading_model.hpp"
#include "daemon/decode/samples.hpp"
#include "daemon/decode/scoring.hpp"

namespace vturn {

/// What calibration asks of a wake recording with tracked heading, and how it smooths.
struct CalibrationSettings {
  double rate_floor_hz = 0.1;
  std::size_t folds = 5;  ///< contiguous blocks, each decoded by a model fitted to the others
  std::size_t min_units = 5;
  std::uint64_t min_spikes_per_unit = 50;
  double min_information_bits_per_spike = 0.05;
  double min_duration_s = 120.0;  ///< of tracked heading
  double min_occupancy_s = 1.0;   ///< of the least visited of 12 sectors of 30 degrees
  double max_median_error_deg = 25.0;
  std::optional<float> temper;          ///< given: not searched
  std::optional<float> lag_s;           ///< given: not searched
  std::optional<double> smoothing_deg;  ///< standard deviation of the circular kernel over tuning; given: not searched
};

/// Fitted tuning of all units seen, with what the fit saw.
struct TuningFit {
  std::vector<HeadingUnit> units;     ///< ascending; every unit with spikes inside the heading's coverage
  std::vector<std::uint64_t> spikes;  ///< per unit
  std::array<double, kHeadingAngles> occupancy_s{};
  double duration_s = 0.0;
};

/// Tuning curves: spikes and occupancy per heading bin, both smoothed, divided. A heading row stands for at most one
/// typical row interval (the median), so a hole in the tracking adds no occupancy; spikes outside any row's interval
/// are left out. Both inputs ascending in time. `lag_s`: spikes at t belong to the heading of t + lag_s. 6 degrees of
/// smoothing unless the settings name one.
TuningFit fit_tuning(std::span<const SpikeSample> spikes, std::span<const HeadingSample> heading,
                     const CalibrationSettings& settings, double lag_s);

struct HeadingValidation;

/// Fits, chooses movement model, temper and lag by cross-validation inside these data only, and says how well it
/// decodes blocks left out of both (`validation`, when given, gets the details). Refuses, with the reason and what to
/// do, what would not make a usable model. Spikes and heading ascending in time.
Expected<HeadingModel> calibrate_heading(std::span<const SpikeSample> spikes, std::span<const HeadingSample> heading,
                                         const CalibrationSettings& settings, const KeepGoing& keep_going = {},
                                         HeadingValidation* validation = nullptr);

}  // namespace vturn
