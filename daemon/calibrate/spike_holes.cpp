#include "daemon/calibrate/spike_holes.hpp"

#include <algorithm>
#include <array>

#include "daemon/decode/circle.hpp"

namespace vturn::calibrate {
namespace {

constexpr SessionNs kLeastNs = kNsPerS;
/// Cells that fire in pairs, at half the rates of the model, are silent for as long once in e^5 times.
constexpr double kLeastExpected = 20.0;
constexpr SessionNs kTrackingHoleNs = kNsPerS / 5;

/// Spikes of all units that the model expects along the tracked path.
class Expectation {
 public:
  Expectation(const HeadingModel& model, std::span<const HeadingSample> heading) : heading_(heading) {
    for (const HeadingUnit& unit : model.units) {
      for (std::size_t bin = 0; bin < kHeadingAngles; ++bin) rate_hz_[bin] += static_cast<double>(unit.rate_hz[bin]);
    }
  }

  [[nodiscard]] double spikes(const TimeSpan& span) const {
    const auto before = [](const HeadingSample& row, SessionNs time_ns) { return row.time_ns < time_ns; };
    double sum = 0.0;
    for (auto row = std::lower_bound(heading_.begin(), heading_.end(), span.from_ns, before);
         row != heading_.end() && row + 1 != heading_.end() && row->time_ns < span.to_ns; ++row) {
      const SessionNs lasts_ns = (row + 1)->time_ns - row->time_ns;
      if (lasts_ns > kTrackingHoleNs) continue;
      sum += rate_hz_[circle::nearest_bin(wrap_angle(static_cast<double>(row->angle_rad)))] * seconds(lasts_ns);
    }
    return sum;
  }

 private:
  std::span<const HeadingSample> heading_;
  std::array<double, kHeadingAngles> rate_hz_{};
};

}  // namespace

std::vector<TimeSpan> spike_holes(const HeadingModel& model, std::span<const SpikeSample> spikes,
                                  std::span<const HeadingSample> heading) {
  if (heading.empty()) return {};
  std::vector<bool> of_model(kMaxUnits, false);
  for (const HeadingUnit& unit : model.units) {
    if (unit.unit < kMaxUnits) of_model[unit.unit] = true;
  }
  const Expectation expected(model, heading);
  std::vector<TimeSpan> holes;
  SessionNs last_ns = heading.front().time_ns;
  const auto fired_at = [&](SessionNs time_ns) {
    const TimeSpan silent{last_ns, time_ns};
    if (time_ns - last_ns > kLeastNs && expected.spikes(silent) > kLeastExpected) holes.push_back(silent);
    last_ns = std::max(last_ns, time_ns);
  };
  for (const SpikeSample& spike : spikes) {
    if (spike.unit < kMaxUnits && of_model[spike.unit]) fired_at(spike.time_ns);
  }
  fired_at(heading.back().time_ns);
  return holes;
}

std::vector<TimeSpan> outside(std::span<const TimeSpan> stretches, std::span<const TimeSpan> holes) {
  std::vector<TimeSpan> kept;
  for (TimeSpan rest : stretches) {
    for (const TimeSpan& hole : holes) {
      if (hole.to_ns <= rest.from_ns || hole.from_ns >= rest.to_ns) continue;
      if (hole.from_ns > rest.from_ns) kept.push_back({rest.from_ns, hole.from_ns});
      rest.from_ns = hole.to_ns;
    }
    if (rest.from_ns < rest.to_ns) kept.push_back(rest);
  }
  return kept;
}

}  // namespace vturn::calibrate
