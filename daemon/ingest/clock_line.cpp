#include "daemon/ingest/clock_line.hpp"

#include <algorithm>
#include <cmath>

namespace vturn::ingest {
namespace {

// An error is worked off within about this much own time ...
constexpr double kCatchUpNs = 2e9;
// ... but never slower than a clock can drift, and never so fast that time would nearly stand still or race.
constexpr double kMinSlew = 500e-6;
constexpr double kMaxSlew = 0.5;

std::int64_t rounded(double value) noexcept { return static_cast<std::int64_t>(std::floor(value + 0.5)); }

}  // namespace

void ClockLine::steer(std::int64_t own_ns, std::int64_t mapped_ns, double rate) noexcept {
  const std::int64_t from_ns = started_ ? at(own_ns) : mapped_ns;
  const auto error_ns = static_cast<double>(mapped_ns - from_ns);
  const double slew = std::clamp(std::fabs(error_ns) / kCatchUpNs, kMinSlew, kMaxSlew) * rate;
  const double duration_ns = std::fabs(error_ns) / slew;
  own_start_ns_ = own_ns;
  mapped_start_ns_ = from_ns;
  catch_up_rate_ = rate + std::copysign(slew, error_ns);
  rate_ = rate;
  own_joined_ns_ = own_ns + rounded(duration_ns);
  mapped_joined_ns_ = from_ns + rounded(duration_ns * catch_up_rate_);
  started_ = true;
}

std::int64_t ClockLine::at(std::int64_t own_ns) const noexcept {
  if (own_ns >= own_joined_ns_)
    return mapped_joined_ns_ + rounded(static_cast<double>(own_ns - own_joined_ns_) * rate_);
  const double rate = own_ns < own_start_ns_ ? rate_ : catch_up_rate_;
  return mapped_start_ns_ + rounded(static_cast<double>(own_ns - own_start_ns_) * rate);
}

std::int64_t ClockLine::inverse(std::int64_t mapped_ns) const noexcept {
  if (mapped_ns >= mapped_joined_ns_)
    return own_joined_ns_ + rounded(static_cast<double>(mapped_ns - mapped_joined_ns_) / rate_);
  const double rate = mapped_ns < mapped_start_ns_ ? rate_ : catch_up_rate_;
  return own_start_ns_ + rounded(static_cast<double>(mapped_ns - mapped_start_ns_) / rate);
}

double ClockLine::pending_ns(std::int64_t own_ns) const noexcept {
  if (own_ns >= own_joined_ns_) return 0.0;
  const std::int64_t left_ns = own_joined_ns_ - (own_ns < own_start_ns_ ? own_start_ns_ : own_ns);
  return std::fabs(static_cast<double>(left_ns) * (catch_up_rate_ - rate_));
}

}  // namespace vturn::ingest
