#include "daemon/decode/memoryless.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "daemon/core/angle.hpp"
#include "daemon/core/math.hpp"
#include "daemon/decode/circle.hpp"

namespace vturn {

void MemorylessDecoder::prepare(const HeadingModel& model, SessionNs window_ns) {
  if (model.units.empty()) throw std::invalid_argument("heading model: has no unit");
  if (window_ns <= 0) throw std::invalid_argument("memoryless decoder: the window must be positive");
  window_ns_ = window_ns;
  log_rate_.assign(model.units.size(), {});
  total_rate_hz_ = {};
  row_of_unit_.fill(-1);
  for (std::size_t row = 0; row < model.units.size(); ++row) {
    const HeadingUnit& unit = model.units[row];
    if (unit.unit >= kMaxUnits) throw std::invalid_argument("heading model: a unit number is too large");
    row_of_unit_[unit.unit] = static_cast<std::int16_t>(row);
    for (std::size_t angle = 0; angle < kHeadingAngles; ++angle) {
      const double rate_hz = static_cast<double>(unit.rate_hz[angle]);
      if (!(rate_hz > 0.0)) throw std::invalid_argument("heading model: a rate is not positive");
      log_rate_[row][angle] = math::log(rate_hz);
      total_rate_hz_[angle] += rate_hz;
    }
  }
  count_.assign(model.units.size(), 0);
  ring_.assign(kCapacity, {});
  reset();
}

void MemorylessDecoder::reset() noexcept {
  std::fill(count_.begin(), count_.end(), 0U);
  first_ = held_ = 0;
  time_ns_ = 0;
  started_ = false;
}

void MemorylessDecoder::drop_oldest() noexcept {
  --count_[static_cast<std::size_t>(ring_[first_].row)];
  first_ = (first_ + 1) % kCapacity;
  --held_;
}

void MemorylessDecoder::advance(SessionNs time_ns) noexcept {
  time_ns_ = started_ ? std::max(time_ns_, time_ns) : time_ns;
  started_ = true;
  while (held_ > 0 && ring_[first_].time_ns <= time_ns_ - window_ns_) drop_oldest();
}

void MemorylessDecoder::spike(SessionNs time_ns, UnitId unit) noexcept {
  advance(time_ns);
  if (!has_unit(unit)) return;
  if (held_ == kCapacity) {
    drop_oldest();
    ++forgotten_;
  }
  const std::int16_t row = row_of_unit_[unit];
  ring_[(first_ + held_) % kCapacity] = {time_ns_, row};
  ++held_;
  ++count_[static_cast<std::size_t>(row)];
}

std::array<double, kHeadingAngles> MemorylessDecoder::posterior() const noexcept {
  std::array<double, kHeadingAngles> log_likelihood{};
  const double window_s = seconds(window_ns_);
  for (std::size_t angle = 0; angle < kHeadingAngles; ++angle)
    log_likelihood[angle] = -window_s * total_rate_hz_[angle];
  for (std::size_t row = 0; row < count_.size(); ++row) {
    if (count_[row] == 0) continue;
    const double n = static_cast<double>(count_[row]);
    for (std::size_t angle = 0; angle < kHeadingAngles; ++angle) log_likelihood[angle] += n * log_rate_[row][angle];
  }
  const double best = *std::max_element(log_likelihood.begin(), log_likelihood.end());
  double sum = 0.0;
  for (double& value : log_likelihood) sum += value = math::exp(value - best);
  for (double& value : log_likelihood) value /= sum;
  return log_likelihood;
}

HeadingOutput MemorylessDecoder::estimate() const noexcept {
  const auto p = posterior();
  HeadingOutput out{};
  out.map_angle_rad = out.angle_rad = circle::maximum(p);
  out.concentration = static_cast<float>(circle::mean(p).length);
  out.spikes_per_s = static_cast<float>(static_cast<double>(held_) / seconds(window_ns_));
  return out;
}

}  // namespace vturn
