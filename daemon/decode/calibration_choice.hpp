#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "daemon/decode/calibration.hpp"
#include "daemon/decode/frame_drift.hpp"

// What tuning alone does not fix, and how it is chosen: by blocks left out, inside the data given and nothing else.

namespace vturn {

struct CalibrationChoice {
  double movement_sd_deg_s = 150.0;
  double movement_tau_s = 0.1;
  float temper = 0.5F;
  float lag_s = 0.0F;
  float frame_sd_rad = 0.0F;
  double smoothing_deg = 6.0;  ///< of tuning
};

/// A long computation was asked to stop.
struct CalibrationStopped {};

/// Counts passes over the data against those expected; throws CalibrationStopped.
class CalibrationProgress {
 public:
  CalibrationProgress(const KeepGoing& keep_going, double expected_passes)
      : keep_going_(keep_going), expected_(expected_passes) {}
  void passed(double passes);

 private:
  const KeepGoing& keep_going_;
  double expected_, done_ = 0.0;
};

/// Passes over the data that one search makes at most.
inline constexpr double kSearchPasses = 24.0;

/// Units whose tuning tells heading and rests on enough spikes.
std::vector<HeadingUnit> usable_units(const TuningFit& fit, const CalibrationSettings& settings);

/// The model of these units with this choice.
HeadingModel model_of(std::vector<HeadingUnit> units, const CalibrationChoice& choice,
                      const CalibrationSettings& settings);

/// Blocked cross-validation: each contiguous block of heading rows is decoded by tuning fitted to all others.
class BlockedDecoding {
 public:
  BlockedDecoding(std::span<const SpikeSample> spikes, std::span<const HeadingSample> heading,
                  const CalibrationSettings& settings, CalibrationProgress& progress)
      : spikes_(spikes),
        heading_(heading),
        training_(heading.begin(), heading.end()),
        settings_(settings),
        progress_(progress) {}

  /// Fits tuning to these rows from now on (the same times, turned); blocks are scored against the tracked ones still.
  void train_on(std::vector<HeadingSample> rows);
  [[nodiscard]] const std::vector<HeadingSample>& training() const { return training_; }
  /// Every block's rows as decoded.
  std::vector<HeldOutRow> decoded_rows(const CalibrationChoice& choice);
  /// Mean absolute error of each block, degrees.
  std::vector<double> block_errors_deg(const CalibrationChoice& choice);
  /// Share of rows of all blocks whose 95 % set holds the truth.
  double coverage_95(const CalibrationChoice& choice);

 private:
  template <class Each>
  void decode(const CalibrationChoice& choice, const ScoringSettings& scoring, Each each);
  std::vector<HeadingUnit> units_without(std::size_t fold, const CalibrationChoice& choice);

  std::span<const SpikeSample> spikes_;
  std::span<const HeadingSample> heading_;
  std::vector<HeadingSample> training_;
  const CalibrationSettings& settings_;
  CalibrationProgress& progress_;
  std::vector<std::optional<std::vector<HeadingUnit>>> cache_;
  float cached_lag_s_ = 0.0F;
  double cached_smoothing_deg_ = 0.0;
};

/// Tuning of the usable units with this choice's lag and smoothing.
std::vector<HeadingUnit> units_of(std::span<const SpikeSample> spikes, std::span<const HeadingSample> heading,
                                  const CalibrationChoice& choice, const CalibrationSettings& settings);

/// What was found in some data.
struct Chosen {
  CalibrationChoice choice;
  std::vector<HeadingSample>
      heading;  ///< to fit tuning to: the tracked one, turned by the frame's drift where that helps
  double drift_rms_rad = 0.0;
};

/// Frame drift, smoothing, movement, temper, lag and frame error that decode left-out blocks of these data best.
Chosen chosen(std::span<const SpikeSample> spikes, std::span<const HeadingSample> heading,
              const CalibrationSettings& settings, CalibrationProgress& progress);

/// Rows of `heading` without those of a part of it.
std::vector<HeadingSample> without(std::span<const HeadingSample> heading, std::span<const HeadingSample> part);
/// Contiguous part `fold` of `folds`.
std::span<const HeadingSample> part_of(std::span<const HeadingSample> heading, std::size_t fold, std::size_t folds);

/// What score_filter tells of each row, added to `rows` (for ScoringSettings::on_row).
std::function<void(const HeadingSample&, double)> collecting(std::vector<HeldOutRow>& rows);

/// Rows scored at the start of a block would measure how the filter finds its feet, not how well it decodes.
inline constexpr SessionNs kSettleNs = kNsPerS;

}  // namespace vturn
