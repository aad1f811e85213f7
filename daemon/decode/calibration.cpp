#include "daemon/decode/calibration.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "daemon/core/angle.hpp"
#include "daemon/decode/circle.hpp"
#include "daemon/decode/dynamics.hpp"

namespace vturn {
namespace {

constexpr double kRadPerDeg = kPi / 180.0;
constexpr std::size_t kSectors = 12;
/// Rows scored at the start of a block would measure how the filter finds its feet, not how well it decodes.
constexpr SessionNs kSettleNs = kNsPerS;

struct Stopped {};

struct Movement {
  double sd_deg_s, tau_s;
};

/// One choice of what tuning alone does not fix.
struct Choice {
  Movement movement{150.0, 0.1};
  float temper = 0.5F;
  float lag_s = 0.0F;
  float frame_sd_rad = 0.0F;
};

std::string text(const char* format, double a, double b) {
  char line[256];
  std::snprintf(line, sizeof line, format, a, b);
  return line;
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

HeadingModel assembled(std::vector<HeadingUnit> units, const Choice& choice, const CalibrationSettings& settings) {
  HeadingModel model;
  model.units = std::move(units);
  const double sd_rad_s = choice.movement.sd_deg_s * kRadPerDeg;
  model.dynamics[static_cast<std::size_t>(Dynamics::kWake)] = ornstein_uhlenbeck(sd_rad_s, choice.movement.tau_s);
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

std::optional<std::string> coverage_problem(const TuningFit& fit, const CalibrationSettings& settings) {
  if (fit.duration_s < settings.min_duration_s) {
    return text("only %.0f s of tracked heading overlap the recording; %.0f s or more are needed", fit.duration_s,
                settings.min_duration_s);
  }
  std::array<double, kSectors> sector_s{};
  for (std::size_t bin = 0; bin < kHeadingAngles; ++bin)
    sector_s[bin * kSectors / kHeadingAngles] += fit.occupancy_s[bin];
  const auto least = std::min_element(sector_s.begin(), sector_s.end());
  if (*least < settings.min_occupancy_s) {
    return text(
        "the heading circle is not covered: around %.0f degrees there are %.1f s of heading; record until the "
        "animal has faced all ways",
        30.0 * static_cast<double>(least - sector_s.begin()) + 15.0, *least);
  }
  return std::nullopt;
}

/// Blocked cross-validation: each contiguous block of heading rows is decoded by tuning fitted to all others.
class CrossValidation {
 public:
  CrossValidation(std::span<const SpikeSample> spikes, std::span<const HeadingSample> heading,
                  const CalibrationSettings& settings, const KeepGoing& keep_going)
      : spikes_(spikes), heading_(heading), settings_(settings), keep_going_(keep_going) {}

  HeadingScore filter(const Choice& choice, bool coverage) {
    HeadingTally tally;
    for (std::size_t fold = 0; fold < settings_.folds; ++fold) {
      auto units = units_without(fold, choice.lag_s);
      if (units.empty()) continue;
      HeadingFilter filter;
      filter.prepare(assembled(std::move(units), choice, settings_));
      score_filter(filter, spikes_, block(fold), {.settle_ns = kSettleNs, .coverage = coverage}, tally);
      report();
    }
    return tally.score();
  }

  HeadingScore memoryless(SessionNs window_ns) {
    HeadingTally tally;
    for (std::size_t fold = 0; fold < settings_.folds; ++fold) {
      auto units = units_without(fold, 0.0F);
      if (units.empty()) continue;
      MemorylessDecoder decoder;
      decoder.prepare(assembled(std::move(units), {}, settings_), window_ns);
      score_memoryless(decoder, spikes_, block(fold), {.settle_ns = kSettleNs}, tally);
      report();
    }
    return tally.score();
  }

  /// Passes that the whole search will make at most, for progress.
  void expect_passes(std::size_t passes) { expected_ = passes * settings_.folds; }

 private:
  [[nodiscard]] std::span<const HeadingSample> block(std::size_t fold) const {
    const std::size_t from = heading_.size() * fold / settings_.folds;
    const std::size_t to = heading_.size() * (fold + 1) / settings_.folds;
    return heading_.subspan(from, to - from);
  }

  std::vector<HeadingUnit> units_without(std::size_t fold, float lag_s) {
    if (lag_s != cached_lag_s_ || cache_.empty()) {
      cache_.assign(settings_.folds, std::nullopt);
      cached_lag_s_ = lag_s;
    }
    if (!cache_[fold]) {
      const auto left_out = block(fold);
      std::vector<HeadingSample> others(heading_.begin(), heading_.end());
      const auto from = others.begin() + (left_out.data() - heading_.data());
      others.erase(from, from + static_cast<std::ptrdiff_t>(left_out.size()));
      cache_[fold] = usable_units(fit_tuning(spikes_, others, settings_, static_cast<double>(lag_s)), settings_);
    }
    return *cache_[fold];
  }

  void report() {
    ++done_;
    const double share =
        expected_ == 0 ? 0.0 : std::min(1.0, static_cast<double>(done_) / static_cast<double>(expected_));
    if (keep_going_ && !keep_going_(share)) throw Stopped{};
  }

  std::span<const SpikeSample> spikes_;
  std::span<const HeadingSample> heading_;
  const CalibrationSettings& settings_;
  const KeepGoing& keep_going_;
  std::vector<std::optional<std::vector<HeadingUnit>>> cache_;
  float cached_lag_s_ = 0.0F;
  std::size_t done_ = 0, expected_ = 0;
};

/// Mean error rather than median: it also sees the stretches where a filter that is too stiff has lost its way.
template <class Options, class Set>
void choose(CrossValidation& validation, Choice& best, double& best_deg, const Options& options, Set set) {
  const Choice before = best;
  for (const auto& option : options) {
    Choice candidate = before;
    set(candidate, option);
    const double error_deg = validation.filter(candidate, false).mean_abs_error_deg;
    // A clear gain is asked for, else the standard choice stays: differences below this are noise between blocks.
    if (error_deg < best_deg * 0.998) {
      best = candidate;
      best_deg = error_deg;
    }
  }
}

/// Smallest frame error whose 95 % sets hold the truth 95 % of the time, by bisection (coverage grows with it).
float frame_error_rad(CrossValidation& validation, Choice choice) {
  constexpr int kHalvings = 5;
  double low_deg = 0.0;
  double high_deg = 32.0;
  if (validation.filter(choice, true).coverage_95 >= 0.95) return 0.0F;
  for (int i = 0; i < kHalvings; ++i) {
    const double middle_deg = 0.5 * (low_deg + high_deg);
    choice.frame_sd_rad = static_cast<float>(middle_deg * kRadPerDeg);
    (validation.filter(choice, true).coverage_95 >= 0.95 ? high_deg : low_deg) = middle_deg;
  }
  return static_cast<float>(high_deg * kRadPerDeg);
}

Choice searched(CrossValidation& validation, const CalibrationSettings& settings) {
  constexpr std::array<Movement, 5> kMovements{{{60.0, 0.2}, {100.0, 0.1}, {100.0, 0.25}, {200.0, 0.1}, {250.0, 0.2}}};
  // Below 0.5 error gains next to nothing, and turns would be told apart later; slow errors are the frame error's part.
  constexpr std::array<float, 2> kTempers{1.0F, 0.7F};
  constexpr std::array<float, 3> kLags{-0.04F, -0.02F, 0.02F};
  validation.expect_passes(1 + kMovements.size() + kTempers.size() + kLags.size() + 7);
  Choice best;
  best.temper = settings.temper.value_or(best.temper);
  best.lag_s = settings.lag_s.value_or(best.lag_s);
  double best_deg = validation.filter(best, false).mean_abs_error_deg;
  choose(validation, best, best_deg, kMovements, [](Choice& c, Movement movement) { c.movement = movement; });
  if (!settings.temper)
    choose(validation, best, best_deg, kTempers, [](Choice& c, float temper) { c.temper = temper; });
  if (!settings.lag_s) choose(validation, best, best_deg, kLags, [](Choice& c, float lag_s) { c.lag_s = lag_s; });
  best.frame_sd_rad = frame_error_rad(validation, best);
  return best;
}

Expected<HeadingModel> calibrated(std::span<const SpikeSample> spikes, std::span<const HeadingSample> heading,
                                  const CalibrationSettings& settings, const KeepGoing& keep_going) {
  CrossValidation validation(spikes, heading, settings, keep_going);
  const Choice choice = searched(validation, settings);
  const TuningFit fit = fit_tuning(spikes, heading, settings, static_cast<double>(choice.lag_s));
  HeadingModel model = assembled(usable_units(fit, settings), choice, settings);
  const HeadingScore score = validation.filter(choice, true);
  model.cross_validated = {
      .median_abs_error_deg = score.median_abs_error_deg,
      .mean_abs_error_deg = score.mean_abs_error_deg,
      .p90_abs_error_deg = score.p90_abs_error_deg,
      .coverage_95 = score.coverage_95,
      .memoryless_200ms_median_abs_error_deg = validation.memoryless(200 * kNsPerMs).median_abs_error_deg,
      .steps = score.steps,
      .duration_s = fit.duration_s};
  if (!(score.median_abs_error_deg <= settings.max_median_error_deg)) {
    return Error{
        text("blocks left out decode with a median error of %.1f degrees, %.0f are allowed: check that spikes "
             "and heading share one clock and that these are head-direction cells",
             score.median_abs_error_deg, settings.max_median_error_deg)};
  }
  return model;
}

}  // namespace

Expected<HeadingModel> calibrate_heading(std::span<const SpikeSample> spikes, std::span<const HeadingSample> heading,
                                         const CalibrationSettings& settings, const KeepGoing& keep_going) {
  if (spikes.empty()) return Error{"there are no spikes"};
  if (heading.size() < 2) return Error{"there are fewer than two rows of heading"};
  if (spikes.back().time_ns < heading.front().time_ns || heading.back().time_ns < spikes.front().time_ns) {
    return Error{
        text("spikes and heading do not overlap in time: the spikes start at %.1f s, the heading at %.1f s; "
             "give both on one clock",
             seconds(spikes.front().time_ns), seconds(heading.front().time_ns))};
  }
  const auto begin =
      std::lower_bound(heading.begin(), heading.end(), spikes.front().time_ns,
                       [](const HeadingSample& row, SessionNs time_ns) { return row.time_ns < time_ns; });
  const auto end = std::upper_bound(heading.begin(), heading.end(), spikes.back().time_ns,
                                    [](SessionNs time_ns, const HeadingSample& row) { return time_ns < row.time_ns; });
  const auto shared =
      heading.subspan(static_cast<std::size_t>(begin - heading.begin()), static_cast<std::size_t>(end - begin));
  const TuningFit fit = fit_tuning(spikes, shared, settings, 0.0);
  if (const auto problem = coverage_problem(fit, settings)) return Error{*problem};
  const std::size_t usable = usable_units(fit, settings).size();
  if (usable < settings.min_units) {
    return Error{text("%.0f units carry heading, %.0f are needed: record more cells, or longer",
                      static_cast<double>(usable), static_cast<double>(settings.min_units))};
  }
  try {
    return calibrated(spikes, shared, settings, keep_going);
  } catch (const Stopped&) {
    return Error{"stopped before the end; no model was made"};
  }
}

}  // namespace vturn
