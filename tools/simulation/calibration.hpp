#pragma once

#include <filesystem>

#include "tools/lib/json_out.hpp"
#include "tools/simulation/hypnogram.hpp"
#include "tools/simulation/settings.hpp"

namespace vturn::simulation {

struct CalibrationSettings {
  MouseSettings mouse;  ///< `life` is the calibration day's: another one than the night's
  double wake_minutes = 15.0;
  double sleep_hours = 2.0;
};

/// Writes what a lab has before its first closed-loop night, of the same animal on another day: `wake_minutes` of
/// exploring with tracked heading (spikes.csv, heading.csv), then `sleep_hours` scored by an expert as powers of
/// the daemon's own feature extractor once a second (sleep_features.csv), and which cells turn which way
/// (turn_cells.csv: unit,side). Ctrl-C leaves the folder without half files.
tools::Json write_calibration(const std::filesystem::path& folder, const CalibrationSettings& settings,
                              const Hypnogram& night);

}  // namespace vturn::simulation
