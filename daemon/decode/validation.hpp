#pragma once

#include <span>
#include <vector>

#include "daemon/decode/calibration_choice.hpp"

namespace vturn {

/// Pooled median error of a memoryless window on the same blocks, its tuning fitted to the same training data.
struct WindowFigures {
  double window_s = 0.0;
  double median_deg = 0.0;
  double mean_deg = 0.0;
};

/// A subset of the units, drawn at random: what more or fewer cells would mean for this animal.
struct CellsFigures {
  std::size_t cells = 0;
  double median_deg = 0.0;  ///< mean over the draws
  double low_deg = 0.0, high_deg = 0.0;
};

/// Nested cross-validation: for every contiguous block, tuning and every choice (movement, temper, lag, frame error)
/// come from the other blocks only; the block is then decoded causally.
struct HeadingValidation {
  HeadingScore pooled;
  std::vector<double> block_median_deg;
  std::vector<CalibrationChoice> block_choice;  ///< what the other blocks chose for it
  std::vector<WindowFigures> windows;
  std::vector<CellsFigures> by_cells;  ///< with the first block's choice; empty unless asked for
  std::vector<HeldOutRow> rows;
  CalibrationChoice choice;    ///< of calibrate_heading: from all data
  double drift_rms_rad = 0.0;  ///< of the cells' frame against the tracker's, over all data
  [[nodiscard]] const WindowFigures& best_window() const;
};

struct ValidationSettings {
  std::size_t folds = 5;
  bool by_cells = true;
};

HeadingValidation validate_heading(std::span<const SpikeSample> spikes, std::span<const HeadingSample> heading,
                                   const CalibrationSettings& settings, const ValidationSettings& validation,
                                   CalibrationProgress& progress);
/// Trained on the first part (share of the rows), tried on the rest.
HeadingValidation validate_on_rest(std::span<const SpikeSample> spikes, std::span<const HeadingSample> heading,
                                   double training_share, const CalibrationSettings& settings,
                                   CalibrationProgress& progress);
double validation_passes(const ValidationSettings& validation);

}  // namespace vturn
