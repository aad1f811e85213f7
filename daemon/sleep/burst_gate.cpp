#include "daemon/sleep/burst_gate.hpp"

#include <algorithm>
#include <cmath>

namespace vturn {

bool BurstGate::step(double log_power) noexcept {
  pieces_ = std::min(pieces_ + 1, 1'000'000);
  if (pieces_ == 1) {
    mean_ = log_power;  // what it differs from before is no variation of the signal
    return false;
  }
  const double rate = std::max(kRate, 1.0 / static_cast<double>(pieces_));
  const double sd = std::max(std::sqrt(variance_), kSmallestSd);
  const double z = (log_power - mean_) / sd;
  const bool learning = pieces_ <= kPiecesToLearn;
  const bool burst = !learning && z > kLimitZ;
  // Clipped, so that one burst hardly moves the mean and a lasting step is still learnt within about a minute.
  const double innovation = learning ? log_power - mean_ : std::clamp(z, -3.0, 3.0) * sd;
  mean_ += rate * innovation;
  variance_ += rate * (innovation * innovation - variance_);
  return burst;
}

}  // namespace vturn
