#include "daemon/decode/scoring.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "daemon/decode/circle.hpp"

namespace vturn {
namespace {

constexpr double kDegPerRad = 180.0 / kPi;
constexpr std::size_t kRowsBetweenReports = 2048;

struct Asked {
  double angle_rad;
  bool in_95_set;
};

Asked ask(const HeadingFilter& filter, double truth_rad, bool coverage) {
  const HeadingOutput estimate = filter.estimate();
  const auto angle_rad = static_cast<double>(estimate.angle_rad);
  if (!coverage) return {angle_rad, false};
  std::array<float, kHeadingAngles> posterior{};
  filter.posterior(posterior);
  // The posterior is of heading a model lag ahead: the truth is moved there by what the estimate was moved back.
  const double ahead_rad = static_cast<double>(estimate.angular_velocity_rad_s * filter.lag_s());
  return {angle_rad, circle::in_highest_density_set(posterior, truth_rad + ahead_rad, 0.95)};
}

Asked ask(const MemorylessDecoder& decoder, double truth_rad, bool) {
  const auto posterior = decoder.posterior();
  return {static_cast<double>(circle::maximum(posterior)), circle::in_highest_density_set(posterior, truth_rad, 0.95)};
}

template <class Decoder>
void score_decoder(Decoder& decoder, std::span<const SpikeSample> spikes, std::span<const HeadingSample> truth,
                   const ScoringSettings& settings, HeadingTally& tally, const KeepGoing& keep_going) {
  std::size_t next = 0;
  SessionNs settled_ns = 0;
  for (std::size_t row = 0; row < truth.size(); ++row) {
    const SessionNs now_ns = truth[row].time_ns;
    if (row == 0 || now_ns - truth[row - 1].time_ns > settings.hole_ns) {
      decoder.reset();
      settled_ns = now_ns + settings.settle_ns;
      const SessionNs from_ns = row == 0 ? now_ns - kNsPerS : now_ns;
      while (next < spikes.size() && spikes[next].time_ns < from_ns) ++next;
    }
    for (; next < spikes.size() && spikes[next].time_ns <= now_ns; ++next) {
      decoder.spike(spikes[next].time_ns, spikes[next].unit);
    }
    decoder.advance(now_ns);
    if (keep_going && row % kRowsBetweenReports == 0 &&
        !keep_going(static_cast<double>(row) / static_cast<double>(truth.size()))) {
      return;
    }
    if (now_ns < settled_ns) continue;
    const double truth_rad = static_cast<double>(truth[row].angle_rad);
    const Asked asked = ask(decoder, truth_rad, settings.coverage);
    tally.add(angle_difference(asked.angle_rad, truth_rad), asked.in_95_set);
    if (settings.on_row) settings.on_row(truth[row], asked.angle_rad);
  }
}

double quantile_deg(std::vector<float>& sorted, double share) {
  if (sorted.empty()) return std::numeric_limits<double>::quiet_NaN();
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<std::size_t>(place);
  const std::size_t high = std::min(low + 1, sorted.size() - 1);
  const double rest = place - static_cast<double>(low);
  return kDegPerRad * ((1.0 - rest) * static_cast<double>(sorted[low]) + rest * static_cast<double>(sorted[high]));
}

}  // namespace

void HeadingTally::add(double error_rad, bool in_95_set) {
  abs_errors_rad_.push_back(static_cast<float>(std::fabs(error_rad)));
  covered_ += in_95_set ? 1 : 0;
}

void HeadingTally::add(const HeadingTally& other) {
  abs_errors_rad_.insert(abs_errors_rad_.end(), other.abs_errors_rad_.begin(), other.abs_errors_rad_.end());
  covered_ += other.covered_;
}

HeadingScore HeadingTally::score() const {
  std::vector<float> sorted = abs_errors_rad_;
  std::sort(sorted.begin(), sorted.end());
  double sum = 0.0;
  for (const float error : sorted) sum += static_cast<double>(error);
  const double n = static_cast<double>(sorted.size());
  return {.median_abs_error_deg = quantile_deg(sorted, 0.5),
          .mean_abs_error_deg = kDegPerRad * sum / n,
          .p90_abs_error_deg = quantile_deg(sorted, 0.9),
          .coverage_95 = static_cast<double>(covered_) / n,
          .steps = sorted.size()};
}

void score_filter(HeadingFilter& filter, std::span<const SpikeSample> spikes, std::span<const HeadingSample> truth,
                  const ScoringSettings& settings, HeadingTally& tally, const KeepGoing& keep_going) {
  score_decoder(filter, spikes, truth, settings, tally, keep_going);
}

void score_memoryless(MemorylessDecoder& decoder, std::span<const SpikeSample> spikes,
                      std::span<const HeadingSample> truth, const ScoringSettings& settings, HeadingTally& tally,
                      const KeepGoing& keep_going) {
  score_decoder(decoder, spikes, truth, settings, tally, keep_going);
}

HeadingScore score_estimates(std::span<const HeadingSample> estimates, std::span<const HeadingSample> truth) {
  HeadingTally tally;
  std::size_t next = 0;
  for (const HeadingSample& row : truth) {
    while (next < estimates.size() && estimates[next].time_ns <= row.time_ns) ++next;
    if (next == 0) continue;
    const HeadingSample& last = estimates[next - 1];
    if (next == estimates.size() && row.time_ns - last.time_ns > kNsPerS) break;
    tally.add(angle_difference(static_cast<double>(last.angle_rad), static_cast<double>(row.angle_rad)), false);
  }
  HeadingScore score = tally.score();
  score.coverage_95 = std::numeric_limits<double>::quiet_NaN();
  return score;
}

}  // namespace vturn
