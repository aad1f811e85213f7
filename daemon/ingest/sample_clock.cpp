#include "daemon/ingest/sample_clock.hpp"

#include <algorithm>
#include <cmath>

namespace vturn::ingest {
namespace {

constexpr std::int64_t kLimitNs = 3'000'000'000 * kNsPerS;

// Sums of two values within the limit cannot overflow, so every stored time is kept within it.
std::int64_t limited(std::int64_t ns) noexcept { return std::clamp(ns, -kLimitNs, kLimitNs); }

std::int64_t rounded(double ns) noexcept {
  return std::llround(std::clamp(ns, -static_cast<double>(kLimitNs), static_cast<double>(kLimitNs)));
}

std::int64_t offset_ns(SampleIndex sample, double rate_hz) noexcept {
  if (rate_hz <= 0) return 0;
  return rounded(static_cast<double>(sample) * 1e9 / rate_hz);
}

}  // namespace

void SampleClock::begin_epoch(SampleIndex first_sample, double rate_hz, MonoNs arrival_mono_ns) noexcept {
  if (started_) {
    const double elapsed_ns =
        speed_ * static_cast<double>(std::max<MonoNs>(0, arrival_mono_ns - last_arrival_mono_ns_));
    base_ns_ = limited(limited(newest_ns_ + rounded(elapsed_ns)) - offset_ns(first_sample, rate_hz));
  }
  rate_hz_ = rate_hz;
  started_ = true;
}

void SampleClock::seen(SampleIndex sample, MonoNs arrival_mono_ns) noexcept {
  newest_ns_ = std::max(newest_ns_, time_ns(sample));
  last_arrival_mono_ns_ = arrival_mono_ns;
}

std::int64_t SampleClock::time_ns(SampleIndex sample) const noexcept {
  return limited(base_ns_ + offset_ns(sample, rate_hz_));
}

}  // namespace vturn::ingest
