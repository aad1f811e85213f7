#include "daemon/decode/random_walk.hpp"

#include <algorithm>
#include <stdexcept>

#include "daemon/decode/circle.hpp"

namespace vturn {
namespace {

constexpr double kFloor = 1e-9;
constexpr SessionNs kMaxSilenceNs = 10 * kNsPerS;

}  // namespace

void RandomWalkFilter::prepare(const HeadingModel& model, double diffusion_deg2_per_ms) {
  if (model.units.empty()) throw std::invalid_argument("heading model: has no unit");
  if (!(diffusion_deg2_per_ms > 0.0 && diffusion_deg2_per_ms <= 1000.0)) {
    throw std::invalid_argument("random-walk filter: the diffusion must be in (0, 1000] deg²/ms");
  }
  constexpr double kBinDeg = 360.0 / static_cast<double>(kHeadingAngles);
  bins2_per_s_ = 1000.0 * diffusion_deg2_per_ms / (kBinDeg * kBinDeg);
  // Half the variance moves to each neighbour; a third each is the smoothest that three taps can do.
  max_step_ns_ = std::max<SessionNs>(
      1, std::min<SessionNs>(5 * kNsPerMs, static_cast<SessionNs>(1e9 * (2.0 / 3.0) / bins2_per_s_)));
  rate_hz_.assign(model.units.size(), {});
  total_rate_hz_ = {};
  row_of_unit_.fill(-1);
  for (std::size_t row = 0; row < model.units.size(); ++row) {
    const HeadingUnit& unit = model.units[row];
    if (unit.unit >= kMaxUnits) throw std::invalid_argument("heading model: a unit number is too large");
    row_of_unit_[unit.unit] = static_cast<std::int16_t>(row);
    for (std::size_t angle = 0; angle < kHeadingAngles; ++angle) {
      rate_hz_[row][angle] = static_cast<double>(unit.rate_hz[angle]);
      total_rate_hz_[angle] += rate_hz_[row][angle];
    }
  }
  reset();
}

void RandomWalkFilter::reset() noexcept {
  p_.fill(1.0 / static_cast<double>(kHeadingAngles));
  time_ns_ = 0;
  started_ = false;
}

void RandomWalkFilter::normalise() noexcept {
  double sum = 0.0;
  for (double& p : p_) sum += p = std::max(p, 0.0);
  for (double& p : p_) p = p / sum * (1.0 - kFloor) + kFloor / static_cast<double>(kHeadingAngles);
}

void RandomWalkFilter::step(double dt_s) noexcept {
  const double share = 0.5 * bins2_per_s_ * dt_s;
  const auto before = p_;
  for (std::size_t bin = 0; bin < kHeadingAngles; ++bin) {
    const double neighbours = before[(bin + 1) % kHeadingAngles] + before[(bin + kHeadingAngles - 1) % kHeadingAngles];
    p_[bin] = ((1.0 - 2.0 * share) * before[bin] + share * neighbours) * math::exp(-dt_s * total_rate_hz_[bin]);
  }
  normalise();
}

void RandomWalkFilter::advance(SessionNs time_ns) noexcept {
  if (!started_ || time_ns - time_ns_ > kMaxSilenceNs) {
    reset();
    started_ = true;
    time_ns_ = time_ns;
  }
  while (time_ns_ < time_ns) {
    const SessionNs dt_ns = std::min(max_step_ns_, time_ns - time_ns_);
    step(seconds(dt_ns));
    time_ns_ += dt_ns;
  }
}

void RandomWalkFilter::spike(SessionNs time_ns, UnitId unit) noexcept {
  advance(started_ ? std::max(time_ns, time_ns_) : time_ns);
  if (!has_unit(unit)) return;
  const auto& rate_hz = rate_hz_[static_cast<std::size_t>(row_of_unit_[unit])];
  for (std::size_t bin = 0; bin < kHeadingAngles; ++bin) p_[bin] *= rate_hz[bin];
  normalise();
}

HeadingOutput RandomWalkFilter::estimate() const noexcept {
  const auto mean = circle::mean(p_);
  HeadingOutput out{};
  out.angle_rad = circle::wrapped_float(mean.angle_rad);
  out.map_angle_rad = circle::maximum(p_);
  out.concentration = static_cast<float>(mean.length);
  return out;
}

}  // namespace vturn
