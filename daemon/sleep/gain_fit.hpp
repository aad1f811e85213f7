#pragma once

#include <array>
#include <cstddef>

#include "daemon/sleep/emission.hpp"
#include "daemon/sleep/sleep_model.hpp"

namespace vturn {

/// Unknown gains of a saved model's signals: one log-power shift for the brain signals and one for EMG, of greatest
/// marginal likelihood over the first minutes, times a prior: as calibrated, or else normally distributed about it. A
/// bank of forward filters, one a candidate, on 4-s means; its work is spread over the frames in between. Method:
/// template plus unknown gain, as in Sunderam's per-mouse hidden Markov scoring, with the shifts on a grid. Shifts near
/// the grid's edge are refused: such signals are not the model's. The fit is then done again until one is plausible.
class GainFit {
 public:
  void prepare(const SleepModel& model, double step_s) noexcept;
  void reset() noexcept;
  void step(const FeatureFrame& frame) noexcept;

  [[nodiscard]] bool active() const noexcept { return fit_epochs_ > 0 && past_epochs_ < fit_epochs_; }
  /// Enough data (1 min) for the shifts to be better than none.
  [[nodiscard]] bool informed() const noexcept { return epochs_ >= kEpochsToInform; }
  /// The shifts that fit best are none that an amplifier makes: other channels, swapped ones, another unit of power.
  [[nodiscard]] bool refused() const noexcept { return failed_ || implausible(); }
  /// Best shift (nats) of this feature's log power; 0 for an accelerometer, whose units are fixed.
  [[nodiscard]] double shift(SleepFeature feature) const noexcept;

 private:
  static constexpr double kGridStep = 0.25;
  static constexpr int kGridHalf = 12;
  static constexpr std::size_t kGrid = 2 * kGridHalf + 1;
  static constexpr int kEpochsToInform = 15;
  static constexpr double kLargestShift = 2.7;  ///< of the grid's ±3 nats

  struct Candidate {
    StateVector posterior{};
    double score = 0.0;
  };

  [[nodiscard]] bool implausible() const noexcept;
  void begin_window() noexcept;
  void end_epoch() noexcept;
  [[nodiscard]] double changed_weight(std::size_t index) const noexcept;
  void close_epoch() noexcept;
  void weigh_candidate(std::size_t index) noexcept;
  void choose() noexcept;
  /// Where the parabola through the best score and its neighbours peaks, in grid steps from the best.
  [[nodiscard]] double peak(std::size_t best, std::size_t place, std::size_t stride) const noexcept;
  [[nodiscard]] static double grid_value(std::size_t i) noexcept {
    return kGridStep * static_cast<double>(static_cast<int>(i) - kGridHalf);
  }

  Emission emission_;
  TransitionMatrix transitions_{};
  StateVector prior_{};
  std::array<Candidate, kGrid * kGrid> candidates_{};
  FeatureFrame epoch_;  ///< means of the last whole epoch
  std::array<double, kSleepFeatures> sum_{};
  std::array<int, kSleepFeatures> valid_frames_{};
  int frames_ = 0;
  int frames_per_epoch_ = 1;
  int epochs_ = 0;       ///< with brain features, of this window
  int past_epochs_ = 0;  ///< all of this window
  int fit_epochs_ = 0;
  double prior_precision_ = 0.0;
  std::size_t cursor_ = kGrid * kGrid;  ///< next candidate to take the last epoch
  double brain_ = 0.0;
  double emg_ = 0.0;
  bool failed_ = false;  ///< the last window with enough data ended implausibly
};

}  // namespace vturn
