#include "daemon/decode/calibration.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "daemon/core/angle.hpp"
#include "daemon/decode/calibration_choice.hpp"
#include "daemon/decode/circle.hpp"
#include "daemon/decode/tracker_check.hpp"
#include "daemon/decode/validation.hpp"

namespace vturn {
namespace {

std::string text(const char* format, double a, double b) {
  char line[256];
  std::snprintf(line, sizeof line, format, a, b);
  return line;
}

std::optional<std::string> coverage_problem(const TuningFit& fit, const CalibrationSettings& settings) {
  if (fit.duration_s < settings.min_duration_s) {
    return text("only %.0f s of tracked heading overlap the recording; %.0f s or more are needed", fit.duration_s,
                settings.min_duration_s);
  }
  std::array<double, circle::kSectors> sector_s{};
  for (std::size_t bin = 0; bin < kHeadingAngles; ++bin)
    sector_s[bin * circle::kSectors / kHeadingAngles] += fit.occupancy_s[bin];
  const auto least = std::min_element(sector_s.begin(), sector_s.end());
  if (*least < settings.min_occupancy_s) {
    return text(
        "the heading circle is not covered: around %.0f degrees there are %.1f s of heading; record until the "
        "animal has faced all ways",
        30.0 * static_cast<double>(least - sector_s.begin()) + 15.0, *least);
  }
  return std::nullopt;
}

/// A block's figures come from choices made without it; the model's own choices then use all blocks.
Expected<HeadingModel> calibrated(std::span<const SpikeSample> spikes, std::span<const HeadingSample> heading,
                                  const CalibrationSettings& settings, const KeepGoing& keep_going, double duration_s,
                                  HeadingValidation& validation) {
  const ValidationSettings blocks{.folds = settings.folds};
  CalibrationProgress progress(keep_going, validation_passes(blocks) + kSearchPasses);
  const Chosen found = chosen(spikes, heading, settings, progress);
  HeadingModel model = model_of(units_of(spikes, found.heading, found.choice, settings), found.choice, settings);
  validation = validate_heading(spikes, heading, settings, blocks, progress);
  if (keep_going) keep_going(1.0);
  validation.choice = found.choice;
  validation.drift_rms_rad = found.drift_rms_rad;
  const HeadingScore& score = validation.pooled;
  const auto window_200ms = std::find_if(validation.windows.begin(), validation.windows.end(),
                                         [](const WindowFigures& figures) { return figures.window_s == 0.2; });
  model.cross_validated = {.median_abs_error_deg = score.median_abs_error_deg,
                           .mean_abs_error_deg = score.mean_abs_error_deg,
                           .p90_abs_error_deg = score.p90_abs_error_deg,
                           .coverage_95 = score.coverage_95,
                           .memoryless_200ms_median_abs_error_deg = window_200ms->median_deg,
                           .steps = score.steps,
                           .duration_s = duration_s};
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
                                         const CalibrationSettings& settings, const KeepGoing& keep_going,
                                         HeadingValidation* validation) {
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
  if (const auto problem = tracker_problem(shared)) return Error{*problem};
  if (const auto problem = coverage_problem(fit, settings)) return Error{*problem};
  const std::size_t usable = usable_units(fit, settings).size();
  if (usable < settings.min_units) {
    return Error{text("%.0f units carry heading, %.0f are needed: record more cells, or longer",
                      static_cast<double>(usable), static_cast<double>(settings.min_units))};
  }
  try {
    HeadingValidation unasked;
    return calibrated(spikes, shared, settings, keep_going, fit.duration_s,
                      validation != nullptr ? *validation : unasked);
  } catch (const CalibrationStopped&) {
    return Error{"stopped before the end; no model was made"};
  }
}

}  // namespace vturn
