#include "daemon/turns/proportion.hpp"

#include <algorithm>
#include <cmath>

namespace vturn::turns {
namespace {

constexpr double kZ = 1.959963984540054;
/// With fewer blocks than this their variance says nothing, and half the trials are taken to be repetitions.
constexpr double kFewestBlocks = 6.0;
constexpr double kUnknownDesignEffect = 2.0;

ProportionEstimate interval(double hits, double trials, double effective_trials) noexcept {
  ProportionEstimate estimate;
  estimate.trials = static_cast<std::uint64_t>(trials);
  estimate.hits = static_cast<std::uint64_t>(hits);
  if (trials <= 0.0) return estimate;
  const double n = effective_trials;
  const double p = hits / trials;
  const double scale = 1.0 + kZ * kZ / n;
  const double centre = (p + kZ * kZ / (2.0 * n)) / scale;
  const double half = kZ / scale * std::sqrt(p * (1.0 - p) / n + kZ * kZ / (4.0 * n * n));
  estimate.probability = p;
  estimate.low = std::max(0.0, centre - half);
  estimate.high = std::min(1.0, centre + half);
  return estimate;
}

}  // namespace

ProportionEstimate wilson(std::uint64_t hits, std::uint64_t trials) noexcept {
  return interval(static_cast<double>(hits), static_cast<double>(trials), static_cast<double>(trials));
}

void BlockedProportion::Sums::close(double block_trials, double block_hits) noexcept {
  if (block_trials <= 0.0) return;
  trials += block_trials;
  hits += block_hits;
  blocks += 1.0;
  trials_trials += block_trials * block_trials;
  trials_hits += block_trials * block_hits;
  hits_hits += block_hits * block_hits;
}

void BlockedProportion::add(SessionNs time_ns, bool hit) noexcept {
  if (time_ns >= block_end_ns_) {
    done_.close(block_trials_, block_hits_);
    block_trials_ = block_hits_ = 0.0;
    block_end_ns_ = time_ns + kBlockNs;
  }
  block_trials_ += 1.0;
  block_hits_ += hit ? 1.0 : 0.0;
}

double BlockedProportion::design_effect(const Sums& sums) noexcept {
  if (sums.blocks < kFewestBlocks) return kUnknownDesignEffect;
  const double p = sums.hits / sums.trials;
  const double binomial = sums.trials * p * (1.0 - p);
  if (binomial <= 0.0) return 1.0;
  const double residual = sums.hits_hits - 2.0 * p * sums.trials_hits + p * p * sums.trials_trials;
  const double between = residual * sums.blocks / (sums.blocks - 1.0);
  // Student's t for the normal quantile: the variance is itself estimated, from so many blocks.
  const double t = kZ + 2.4 / (sums.blocks - 1.0);
  return std::max(1.0, between / binomial) * (t * t) / (kZ * kZ);
}

ProportionEstimate BlockedProportion::estimate() const noexcept {
  Sums sums = done_;
  sums.close(block_trials_, block_hits_);
  return interval(sums.hits, sums.trials, sums.trials / design_effect(sums));
}

}  // namespace vturn::turns
