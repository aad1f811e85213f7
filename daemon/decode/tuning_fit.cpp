#include <algorithm>
#include <cmath>

#include "daemon/decode/calibration.hpp"
#include "daemon/decode/circle.hpp"

namespace vturn {
namespace {

using Bins = std::array<double, kHeadingAngles>;

constexpr double kSmoothingDeg = 6.0;

SessionNs median_interval_ns(std::span<const HeadingSample> heading) {
  if (heading.size() < 2) return 0;
  std::vector<SessionNs> intervals;
  intervals.reserve(heading.size() - 1);
  for (std::size_t row = 1; row < heading.size(); ++row)
    intervals.push_back(heading[row].time_ns - heading[row - 1].time_ns);
  const auto middle = intervals.begin() + static_cast<std::ptrdiff_t>(intervals.size() / 2);
  std::nth_element(intervals.begin(), middle, intervals.end());
  return *middle;
}

/// Tracked heading at any time near a row: between rows linear on the circle, else the row's own.
class HeadingAt {
 public:
  HeadingAt(std::span<const HeadingSample> heading, SessionNs interval_ns)
      : heading_(heading), interval_ns_(interval_ns) {}

  /// Times must ascend from call to call.
  std::optional<double> operator()(SessionNs time_ns) {
    while (next_ < heading_.size() && heading_[next_].time_ns <= time_ns) ++next_;
    const HeadingSample* const before = next_ > 0 ? &heading_[next_ - 1] : nullptr;
    const HeadingSample* const after = next_ < heading_.size() ? &heading_[next_] : nullptr;
    if (before != nullptr && after != nullptr && after->time_ns - before->time_ns <= 2 * interval_ns_) {
      return circle::interpolated(*before, *after, time_ns);
    }
    if (before != nullptr && 2 * (time_ns - before->time_ns) < interval_ns_)
      return static_cast<double>(before->angle_rad);
    if (after != nullptr && 2 * (after->time_ns - time_ns) <= interval_ns_)
      return static_cast<double>(after->angle_rad);
    return std::nullopt;
  }

 private:
  std::span<const HeadingSample> heading_;
  SessionNs interval_ns_;
  std::size_t next_ = 0;
};

Bins smoothed(const Bins& values, double sd_deg) {
  return circle::convolved(values, circle::gaussian(sd_deg * kPi / 180.0));
}

/// Skaggs, McNaughton and Gothard 1993: bits a spike tells about heading.
double information_bits(const HeadingTuning& rate_hz, const Bins& occupancy_s, double duration_s, double mean_hz) {
  double bits = 0.0;
  for (std::size_t bin = 0; bin < kHeadingAngles; ++bin) {
    const double ratio = static_cast<double>(rate_hz[bin]) / mean_hz;
    bits += occupancy_s[bin] / duration_s * ratio * math::log(ratio) / math::log(2.0);
  }
  return bits;
}

HeadingUnit unit_from(UnitId id, const Bins& counts, const Bins& smooth_occupancy_s, const TuningFit& fit,
                      const CalibrationSettings& settings) {
  HeadingUnit unit;
  unit.unit = id;
  const Bins smooth_counts = smoothed(counts, settings.smoothing_deg.value_or(kSmoothingDeg));
  double spikes = 0.0;
  for (const double count : counts) spikes += count;
  const double overall_hz = spikes / fit.duration_s;
  // A prior of a tenth of a second at the overall rate keeps bins that were hardly visited from going to extremes.
  constexpr double kPriorS = 0.1;
  double mean_hz = 0.0;
  for (std::size_t bin = 0; bin < kHeadingAngles; ++bin) {
    const double rate_hz = (smooth_counts[bin] + kPriorS * overall_hz) / (smooth_occupancy_s[bin] + kPriorS);
    unit.rate_hz[bin] = static_cast<float>(std::max(rate_hz, settings.rate_floor_hz));
    mean_hz += static_cast<double>(unit.rate_hz[bin]) * fit.occupancy_s[bin] / fit.duration_s;
  }
  unit.mean_rate_hz = static_cast<float>(mean_hz);
  unit.information_bits_per_spike =
      static_cast<float>(information_bits(unit.rate_hz, fit.occupancy_s, fit.duration_s, mean_hz));
  return unit;
}

}  // namespace

TuningFit fit_tuning(std::span<const SpikeSample> spikes, std::span<const HeadingSample> heading,
                     const CalibrationSettings& settings, double lag_s) {
  TuningFit fit;
  const SessionNs interval_ns = median_interval_ns(heading);
  if (interval_ns <= 0) return fit;
  for (std::size_t row = 0; row < heading.size(); ++row) {
    const SessionNs to_next_ns =
        row + 1 < heading.size() ? heading[row + 1].time_ns - heading[row].time_ns : interval_ns;
    const double width_s = seconds(std::min(to_next_ns, interval_ns));
    fit.occupancy_s[circle::nearest_bin(static_cast<double>(heading[row].angle_rad))] += width_s;
    fit.duration_s += width_s;
  }
  std::vector<Bins> counts(kMaxUnits, Bins{});
  std::vector<std::uint64_t> total(kMaxUnits, 0);
  HeadingAt heading_at(heading, interval_ns);
  const auto lag_ns = static_cast<SessionNs>(lag_s * 1e9);
  for (const SpikeSample& spike : spikes) {
    if (spike.unit >= kMaxUnits) continue;
    const auto angle_rad = heading_at(spike.time_ns + lag_ns);
    if (!angle_rad) continue;
    counts[spike.unit][circle::nearest_bin(*angle_rad)] += 1.0;
    ++total[spike.unit];
  }
  const Bins smooth_occupancy_s = smoothed(fit.occupancy_s, settings.smoothing_deg.value_or(kSmoothingDeg));
  for (UnitId id = 0; id < kMaxUnits; ++id) {
    if (total[id] == 0) continue;
    fit.units.push_back(unit_from(id, counts[id], smooth_occupancy_s, fit, settings));
    fit.spikes.push_back(total[id]);
  }
  return fit;
}

}  // namespace vturn
