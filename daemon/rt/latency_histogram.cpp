#include "daemon/rt/latency_histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace vturn::rt {

std::size_t LatencyHistogram::bin_of(std::uint64_t value) noexcept {
  constexpr std::uint64_t kSteps = 1U << kStepBits;
  if (value < kSteps) return value;
  const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - kStepBits - 1;
  const std::size_t bin = ((shift + 1ULL) << kStepBits) + ((value >> shift) - kSteps);
  return std::min(bin, kBins - 1);
}

std::uint64_t LatencyHistogram::upper_edge(std::size_t bin) noexcept {
  constexpr std::uint64_t kSteps = 1U << kStepBits;
  if (bin < kSteps) return bin;
  const unsigned shift = static_cast<unsigned>(bin >> kStepBits) - 1;
  return ((kSteps + (bin & (kSteps - 1)) + 1) << shift) - 1;
}

void LatencyHistogram::add(std::int64_t latency_ns) noexcept {
  const std::int64_t value = std::max<std::int64_t>(latency_ns, 0);
  ++bins_[bin_of(static_cast<std::uint64_t>(value))];
  ++count_;
  max_ns_ = std::max(max_ns_, value);
}

std::int64_t LatencyHistogram::quantile_ns(double quantile) const noexcept {
  if (count_ == 0) return 0;
  const auto wanted = static_cast<std::uint64_t>(std::ceil(quantile * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::size_t bin = 0; bin < kBins; ++bin) {
    seen += bins_[bin];
    if (seen >= std::max<std::uint64_t>(wanted, 1))
      return std::min(static_cast<std::int64_t>(upper_edge(bin)), max_ns_);
  }
  return max_ns_;
}

}  // namespace vturn::rt
