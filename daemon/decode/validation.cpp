#include "daemon/decode/validation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "daemon/decode/calibration_choice.hpp"

namespace vturn {
namespace {

constexpr std::array kWindowsMs{100, 150, 200, 300, 400};
constexpr std::array<std::size_t, 8> kCellCounts{5, 10, 15, 20, 30, 40, 60, 80};
constexpr std::size_t kDraws = 3;

/// What a fold's training data give.
struct Trained {
  CalibrationChoice choice;
  std::vector<HeadingUnit> units;          ///< with the choice's lag
  std::vector<HeadingUnit> tracked_units;  ///< as the published decoders fit them: to the tracked heading as it is
};

Trained trained_on(std::span<const SpikeSample> spikes, std::span<const HeadingSample> heading,
                   const CalibrationSettings& settings, CalibrationProgress& progress) {
  const Chosen found = chosen(spikes, heading, settings, progress);
  Trained trained{found.choice, units_of(spikes, found.heading, found.choice, settings), {}};
  CalibrationChoice without_lag = found.choice;
  without_lag.lag_s = 0.0F;
  trained.tracked_units = units_of(spikes, heading, without_lag, settings);
  return trained;
}

/// Fisher-Yates with a generator of its own: the same draws on every machine.
std::vector<HeadingUnit> drawn(std::vector<HeadingUnit> units, std::size_t count, std::uint64_t seed) {
  std::uint64_t state = seed;
  for (std::size_t i = 0; i < count; ++i) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    std::swap(units[i], units[i + (state >> 33) % (units.size() - i)]);
  }
  units.resize(count);
  return units;
}

/// Collects all blocks.
class Validation {
 public:
  Validation(std::span<const SpikeSample> spikes, const CalibrationSettings& settings)
      : spikes_(spikes), settings_(settings), windows_(kWindowsMs.size()) {}

  void decode(const Trained& trained, std::span<const HeadingSample> block) {
    if (trained.units.empty()) return;
    HeadingFilter filter;
    filter.prepare(model_of(trained.units, trained.choice, settings_));
    HeadingTally tally;
    score_filter(filter, spikes_, block, {.settle_ns = kSettleNs, .on_row = collecting(result_.rows)}, tally);
    result_.block_choice.push_back(trained.choice);
    result_.block_median_deg.push_back(tally.score().median_abs_error_deg);
    pooled_.add(tally);
    for (std::size_t i = 0; i < kWindowsMs.size(); ++i) {
      MemorylessDecoder decoder;
      decoder.prepare(model_of(trained.tracked_units, {}, settings_), kWindowsMs[i] * kNsPerMs);
      score_memoryless(decoder, spikes_, block, {.settle_ns = kSettleNs}, windows_[i]);
    }
  }

  void decode_subsets(const Trained& trained, std::span<const HeadingSample> block) {
    for (const std::size_t cells : kCellCounts) {
      if (cells >= trained.units.size()) break;
      CellsFigures figures{cells, 0.0, std::numeric_limits<double>::infinity(), 0.0};
      for (std::size_t draw = 0; draw < kDraws; ++draw) {
        HeadingFilter filter;
        filter.prepare(model_of(drawn(trained.units, cells, 1000 * cells + draw), trained.choice, settings_));
        HeadingTally tally;
        score_filter(filter, spikes_, block, {.settle_ns = kSettleNs, .coverage = false}, tally);
        const double median_deg = tally.score().median_abs_error_deg;
        figures.median_deg += median_deg / static_cast<double>(kDraws);
        figures.low_deg = std::min(figures.low_deg, median_deg);
        figures.high_deg = std::max(figures.high_deg, median_deg);
      }
      result_.by_cells.push_back(figures);
    }
  }

  HeadingValidation finished() {
    result_.pooled = pooled_.score();
    for (std::size_t i = 0; i < kWindowsMs.size(); ++i) {
      const HeadingScore score = windows_[i].score();
      result_.windows.push_back({1e-3 * kWindowsMs[i], score.median_abs_error_deg, score.mean_abs_error_deg});
    }
    return std::move(result_);
  }

 private:
  std::span<const SpikeSample> spikes_;
  const CalibrationSettings& settings_;
  HeadingTally pooled_;
  std::vector<HeadingTally> windows_;
  HeadingValidation result_;
};

}  // namespace

const WindowFigures& HeadingValidation::best_window() const {
  return *std::min_element(windows.begin(), windows.end(),
                           [](const WindowFigures& a, const WindowFigures& b) { return a.median_deg < b.median_deg; });
}

double validation_passes(const ValidationSettings& validation) {
  return static_cast<double>(validation.folds) * kSearchPasses + 5.0;
}

HeadingValidation validate_heading(std::span<const SpikeSample> spikes, std::span<const HeadingSample> heading,
                                   const CalibrationSettings& settings, const ValidationSettings& validation,
                                   CalibrationProgress& progress) {
  Validation all(spikes, settings);
  for (std::size_t fold = 0; fold < validation.folds; ++fold) {
    const auto block = part_of(heading, fold, validation.folds);
    const Trained trained = trained_on(spikes, without(heading, block), settings, progress);
    all.decode(trained, block);
    if (fold == 0 && validation.by_cells) all.decode_subsets(trained, block);
    progress.passed(1.0);
  }
  return all.finished();
}

HeadingValidation validate_on_rest(std::span<const SpikeSample> spikes, std::span<const HeadingSample> heading,
                                   double training_share, const CalibrationSettings& settings,
                                   CalibrationProgress& progress) {
  const auto split = static_cast<std::size_t>(training_share * static_cast<double>(heading.size()));
  Validation all(spikes, settings);
  all.decode(trained_on(spikes, heading.first(split), settings, progress), heading.subspan(split));
  return all.finished();
}

}  // namespace vturn
