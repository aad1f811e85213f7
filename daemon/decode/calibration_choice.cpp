#include "daemon/decode/calibration_choice.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "daemon/core/angle.hpp"
#include "daemon/decode/dynamics.hpp"

namespace vturn {
namespace {

constexpr double kRadPerDeg = kPi / 180.0;

struct Movement {
  double sd_deg_s, tau_s;
};
constexpr std::array<Movement, 5> kMovements{{{60.0, 0.2}, {100.0, 0.1}, {100.0, 0.25}, {200.0, 0.1}, {250.0, 0.2}}};
// Below 0.5 error gains next to nothing, and turns would be told apart later; slow errors are the frame error's part.
constexpr std::array<float, 2> kTempers{1.0F, 0.7F};
constexpr std::array<float, 5> kLags{-0.06F, -0.04F, -0.02F, 0.02F, 0.04F};
constexpr std::array<double, 2> kSmoothings{3.0, 9.0};
constexpr int kFrameHalvings = 5;
/// Memory of the frame's drift: slower than the heading's errors, faster than the drift itself.
constexpr double kDriftSdS = 60.0;
static_assert(3 + kSmoothings.size() + kMovements.size() + kTempers.size() + kLags.size() + 1 + kFrameHalvings <
              kSearchPasses);

/// Whether blocks get better by more than they differ among themselves in how much better: one standard error, and not
/// less than a thousandth. Without that, what suits these blocks by chance would be chosen over the standard.
bool clearly_better(const std::vector<double>& candidate_deg, const std::vector<double>& best_deg) {
  const double n = static_cast<double>(best_deg.size());
  double gain = 0.0, squares = 0.0, total = 0.0;
  for (std::size_t i = 0; i < best_deg.size(); ++i) {
    const double difference = best_deg[i] - candidate_deg[i];
    gain += difference / n;
    squares += difference * difference / n;
    total += best_deg[i] / n;
  }
  const double standard_error = std::sqrt(std::max(0.0, squares - gain * gain) / std::max(1.0, n - 1.0));
  return gain > std::max(standard_error, 0.001 * total);
}

/// Mean error rather than median: it also sees the stretches where a filter that is too stiff has lost its way.
template <class Options, class Set>
void choose(BlockedDecoding& decoding, CalibrationChoice& best, std::vector<double>& best_deg, const Options& options,
            Set set) {
  const CalibrationChoice before = best;
  for (const auto& option : options) {
    CalibrationChoice candidate = before;
    set(candidate, option);
    const auto errors_deg = decoding.block_errors_deg(candidate);
    if (!clearly_better(errors_deg, best_deg)) continue;
    best = candidate;
    best_deg = errors_deg;
  }
}

/// Smallest frame error whose 95 % sets hold the truth 95 % of the time, by bisection (coverage grows with it).
float frame_error_rad(BlockedDecoding& decoding, CalibrationChoice choice) {
  double low_deg = 0.0;
  double high_deg = 32.0;
  if (decoding.coverage_95(choice) >= 0.95) return 0.0F;
  for (int i = 0; i < kFrameHalvings; ++i) {
    const double middle_deg = 0.5 * (low_deg + high_deg);
    choice.frame_sd_rad = static_cast<float>(middle_deg * kRadPerDeg);
    (decoding.coverage_95(choice) >= 0.95 ? high_deg : low_deg) = middle_deg;
  }
  return static_cast<float>(high_deg * kRadPerDeg);
}

/// Tuning blurred by a frame that drifts is sharper when fitted to heading turned along with it. Returns the drift's
/// size.
double straighten(BlockedDecoding& decoding, const CalibrationChoice& choice, std::vector<double>& best_deg) {
  const FrameDrift drift = frame_drift(decoding.decoded_rows(choice), kDriftSdS);
  const auto tracked = decoding.training();
  decoding.train_on(straightened(tracked, drift));
  const auto errors_deg = decoding.block_errors_deg(choice);
  if (clearly_better(errors_deg, best_deg))
    best_deg = errors_deg;
  else
    decoding.train_on(tracked);
  return drift.rms_rad();
}

}  // namespace

void CalibrationProgress::passed(double passes) {
  done_ += passes;
  if (keep_going_ && !keep_going_(std::min(1.0, done_ / expected_))) throw CalibrationStopped{};
}

std::vector<HeadingUnit> usable_units(const TuningFit& fit, const CalibrationSettings& settings) {
  std::vector<HeadingUnit> usable;
  for (std::size_t i = 0; i < fit.units.size(); ++i) {
    const bool tuned =
        static_cast<double>(fit.units[i].information_bits_per_spike) >= settings.min_information_bits_per_spike;
    if (tuned && fit.spikes[i] >= settings.min_spikes_per_unit) usable.push_back(fit.units[i]);
  }
  return usable;
}

HeadingModel model_of(std::vector<HeadingUnit> units, const CalibrationChoice& choice,
                      const CalibrationSettings& settings) {
  HeadingModel model;
  model.units = std::move(units);
  const double sd_rad_s = choice.movement_sd_deg_s * kRadPerDeg;
  model.dynamics[static_cast<std::size_t>(Dynamics::kWake)] = ornstein_uhlenbeck(sd_rad_s, choice.movement_tau_s);
  model.dynamics[static_cast<std::size_t>(Dynamics::kRem)] = switching({});
  // Peyrache et al. 2015: heading drifts about ten times as fast in NREM as awake.
  model.dynamics[static_cast<std::size_t>(Dynamics::kNrem)] =
      ornstein_uhlenbeck(10.0 * std::min(sd_rad_s, 100.0 * kRadPerDeg), 0.05);
  model.temper = choice.temper;
  model.lag_s = choice.lag_s;
  model.frame_sd_rad = choice.frame_sd_rad;
  model.rate_floor_hz = static_cast<float>(settings.rate_floor_hz);
  model.hash = model_hash(model);
  return model;
}

std::span<const HeadingSample> part_of(std::span<const HeadingSample> heading, std::size_t fold, std::size_t folds) {
  const std::size_t from = heading.size() * fold / folds;
  return heading.subspan(from, heading.size() * (fold + 1) / folds - from);
}

std::vector<HeadingSample> without(std::span<const HeadingSample> heading, std::span<const HeadingSample> part) {
  std::vector<HeadingSample> others(heading.begin(), heading.end());
  const auto from = others.begin() + (part.data() - heading.data());
  others.erase(from, from + static_cast<std::ptrdiff_t>(part.size()));
  return others;
}

std::vector<HeadingUnit> units_of(std::span<const SpikeSample> spikes, std::span<const HeadingSample> heading,
                                  const CalibrationChoice& choice, const CalibrationSettings& settings) {
  CalibrationSettings smoothed = settings;
  smoothed.smoothing_deg = choice.smoothing_deg;
  return usable_units(fit_tuning(spikes, heading, smoothed, static_cast<double>(choice.lag_s)), settings);
}

void BlockedDecoding::train_on(std::vector<HeadingSample> rows) {
  training_ = std::move(rows);
  cache_.clear();
}

template <class Each>
void BlockedDecoding::decode(const CalibrationChoice& choice, const ScoringSettings& scoring, Each each) {
  for (std::size_t fold = 0; fold < settings_.folds; ++fold) {
    HeadingTally tally;
    auto units = units_without(fold, choice);
    if (!units.empty()) {
      HeadingFilter filter;
      filter.prepare(model_of(std::move(units), choice, settings_));
      score_filter(filter, spikes_, part_of(heading_, fold, settings_.folds), scoring, tally);
    }
    progress_.passed(1.0 / static_cast<double>(settings_.folds));
    each(tally);
  }
}

std::function<void(const HeadingSample&, double)> collecting(std::vector<HeldOutRow>& rows) {
  return [&rows](const HeadingSample& row, double angle_rad) {
    rows.push_back({row.time_ns, row.angle_rad, static_cast<float>(wrap_angle(angle_rad))});
  };
}

std::vector<HeldOutRow> BlockedDecoding::decoded_rows(const CalibrationChoice& choice) {
  std::vector<HeldOutRow> rows;
  decode(choice, {.settle_ns = kSettleNs, .coverage = false, .on_row = collecting(rows)}, [](const HeadingTally&) {});
  return rows;
}

std::vector<double> BlockedDecoding::block_errors_deg(const CalibrationChoice& choice) {
  std::vector<double> errors_deg;
  // A block that nothing decodes, or without a row, is as far off as chance.
  decode(choice, {.settle_ns = kSettleNs, .coverage = false}, [&errors_deg](const HeadingTally& tally) {
    errors_deg.push_back(tally.abs_errors_rad().empty() ? 90.0 : tally.score().mean_abs_error_deg);
  });
  return errors_deg;
}

double BlockedDecoding::coverage_95(const CalibrationChoice& choice) {
  HeadingTally all;
  decode(choice, {.settle_ns = kSettleNs}, [&all](const HeadingTally& tally) { all.add(tally); });
  return all.score().coverage_95;
}

std::vector<HeadingUnit> BlockedDecoding::units_without(std::size_t fold, const CalibrationChoice& choice) {
  if (choice.lag_s != cached_lag_s_ || choice.smoothing_deg != cached_smoothing_deg_ || cache_.empty()) {
    cache_.assign(settings_.folds, std::nullopt);
    cached_lag_s_ = choice.lag_s;
    cached_smoothing_deg_ = choice.smoothing_deg;
  }
  if (!cache_[fold]) {
    cache_[fold] = units_of(spikes_, without(training_, part_of(training_, fold, settings_.folds)), choice, settings_);
  }
  return *cache_[fold];
}

Chosen chosen(std::span<const SpikeSample> spikes, std::span<const HeadingSample> heading,
              const CalibrationSettings& settings, CalibrationProgress& progress) {
  BlockedDecoding decoding(spikes, heading, settings, progress);
  CalibrationChoice best;
  best.temper = settings.temper.value_or(best.temper);
  best.lag_s = settings.lag_s.value_or(best.lag_s);
  best.smoothing_deg = settings.smoothing_deg.value_or(best.smoothing_deg);
  auto best_deg = decoding.block_errors_deg(best);
  const double drift_rms_rad = straighten(decoding, best, best_deg);
  if (!settings.smoothing_deg) {
    choose(decoding, best, best_deg, kSmoothings, [](CalibrationChoice& c, double deg) { c.smoothing_deg = deg; });
  }
  choose(decoding, best, best_deg, kMovements, [](CalibrationChoice& c, Movement movement) {
    c.movement_sd_deg_s = movement.sd_deg_s;
    c.movement_tau_s = movement.tau_s;
  });
  if (!settings.temper)
    choose(decoding, best, best_deg, kTempers, [](CalibrationChoice& c, float temper) { c.temper = temper; });
  if (!settings.lag_s)
    choose(decoding, best, best_deg, kLags, [](CalibrationChoice& c, float lag_s) { c.lag_s = lag_s; });
  best.frame_sd_rad = frame_error_rad(decoding, best);
  return {best, decoding.training(), drift_rms_rad};
}

}  // namespace vturn
