#include "daemon/calibrate/simulated_units.hpp"

#include <algorithm>
#include <cmath>

#include "daemon/core/angle.hpp"
#include "daemon/core/math.hpp"
#include "daemon/decode/circle.hpp"

namespace vturn::calibrate {

std::uint64_t Random::bits() noexcept {
  state_ += 0x9E3779B97F4A7C15ULL;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

double Random::uniform() noexcept { return static_cast<double>(bits() >> 11) * 0x1.0p-53; }

double Random::normal() noexcept {
  if (has_spare_) {
    has_spare_ = false;
    return spare_;
  }
  const double radius = std::sqrt(-2.0 * math::log(1.0 - uniform()));
  const double angle = kTwoPi * uniform();
  spare_ = radius * math::sin(angle);
  has_spare_ = true;
  return radius * math::cos(angle);
}

SimulatedUnits::SimulatedUnits(const HeadingModel& model, std::uint64_t seed)
    : cumulative_hz_(kHeadingAngles), spikes_each_(1.0 / static_cast<double>(model.temper)), random_(seed) {
  for (const HeadingUnit& unit : model.units) {
    units_.push_back(unit.unit);
    for (std::size_t bin = 0; bin < kHeadingAngles; ++bin) {
      auto& cumulative = cumulative_hz_[bin];
      cumulative.push_back((cumulative.empty() ? 0.0 : cumulative.back()) +
                           static_cast<double>(unit.rate_hz[bin]) / spikes_each_);
    }
  }
}

double SimulatedUnits::summed_rate_hz(double angle_rad) const noexcept {
  const auto& cumulative = cumulative_hz_[circle::nearest_bin(wrap_angle(angle_rad))];
  return cumulative.empty() ? 0.0 : spikes_each_ * cumulative.back();
}

void SimulatedUnits::step(double angle_rad, double dt_s, const std::function<void(double, UnitId)>& spike) {
  const auto& cumulative = cumulative_hz_[circle::nearest_bin(wrap_angle(angle_rad))];
  if (cumulative.empty() || !(cumulative.back() > 0.0)) return;
  double at_s = 0.0;
  while (true) {
    at_s -= math::log(1.0 - random_.uniform()) / cumulative.back();
    if (at_s >= dt_s) return;
    const double pick = random_.uniform() * cumulative.back();
    const auto chosen = std::upper_bound(cumulative.begin(), cumulative.end() - 1, pick);
    const UnitId unit = units_[static_cast<std::size_t>(chosen - cumulative.begin())];
    for (double left = spikes_each_; left >= 1.0 || (left > 0.0 && random_.uniform() < left); left -= 1.0) {
      spike(at_s, unit);
    }
  }
}

Misassignment::Misassignment(const HeadingModel& model, double share, std::uint64_t seed)
    : share_(share), random_(seed) {
  for (const HeadingUnit& unit : model.units) units_.push_back(unit.unit);
}

UnitId Misassignment::operator()(UnitId unit) noexcept {
  if (!(random_.uniform() < share_)) return unit;
  return units_[static_cast<std::size_t>(random_.uniform() * static_cast<double>(units_.size()))];
}

}  // namespace vturn::calibrate
