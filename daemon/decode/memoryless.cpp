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
  log_mean_rate_.assign(model.units.size(), 0.0);
  total_rate_hz_ = {};
  total_mean_rate_hz_ = 0.0;
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
    const double mean_hz = std::max(static_cast<double>(unit.mean_rate_hz), static_cast<double>(model.rate_floor_hz));
    if (!(mean_hz > 0.0)) throw std::invalid_argument("heading model: a mean rate is not positive");
    log_mean_rate_[row] = math::log(mean_hz);
    total_mean_rate_hz_ += mean_hz;
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

std::array<double, kHeadingAngles> MemorylessDecoder::log_likelihood() const noexcept {
  std::array<double, kHeadingAngles> log_likelihood{};
  const double window_s = seconds(window_ns_);
  for (std::size_t angle = 0; angle < kHeadingAngles; ++angle)
    log_likelihood[angle] = -window_s * total_rate_hz_[angle];
  for (std::size_t row = 0; row < count_.size(); ++row) {
    if (count_[row] == 0) continue;
    const double n = static_cast<double>(count_[row]);
    for (std::size_t angle = 0; angle < kHeadingAngles; ++angle) log_likelihood[angle] += n * log_rate_[row][angle];
  }
  return log_likelihood;
}

MemorylessDecoder::Posterior MemorylessDecoder::posterior_and_evidence() const noexcept {
  Posterior result{log_likelihood(), 0.0};
  const double best = *std::max_element(result.p.begin(), result.p.end());
  double sum = 0.0;
  for (double& value : result.p) sum += value = math::exp(value - best);
  for (double& value : result.p) value /= sum;
  double flat = -seconds(window_ns_) * total_mean_rate_hz_;
  for (std::size_t row = 0; row < count_.size(); ++row) flat += static_cast<double>(count_[row]) * log_mean_rate_[row];
  result.evidence_nats = best + math::log(sum / static_cast<double>(kHeadingAngles)) - flat;
  return result;
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
