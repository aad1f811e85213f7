#include "daemon/turns/background.hpp"

#include <algorithm>

namespace vturn::turns {

void RateHistogram::add(double spikes, double weight) noexcept {
  const double bin = std::min(spikes * kBinsPerSpike, static_cast<double>(bins_.size() - 1));
  bins_[static_cast<std::size_t>(bin)] += static_cast<float>(weight);
  weight_ += weight;
}

void RateHistogram::fade(double most) noexcept {
  if (weight_ <= most) return;
  const double keep = most / weight_;
  for (float& bin : bins_) bin = static_cast<float>(static_cast<double>(bin) * keep);
  weight_ = most;
}

double RateHistogram::quantile(double share) const noexcept {
  double left = share * weight_;
  for (std::size_t i = 0; i < bins_.size(); ++i) {
    const auto here = static_cast<double>(bins_[i]);
    if (left <= here && here > 0.0) return (static_cast<double>(i) + left / here) / kBinsPerSpike;
    left -= here;
  }
  return static_cast<double>(bins_.size()) / kBinsPerSpike;
}

}  // namespace vturn::turns
