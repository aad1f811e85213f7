#include "tools/lib/decoding_bounds.hpp"

#include <algorithm>
#include <cmath>

#include "daemon/core/angle.hpp"
#include "daemon/core/math.hpp"

namespace vturn::tools {
namespace {

constexpr double kStepS = 1e-4;
constexpr double kMedianOfNormal = 0.6744897501960817;

/// Covariance of (angle, velocity).
struct Covariance {
  double angle, cross, velocity;
};

}  // namespace

double information_rate(const HeadingModel& model) {
  constexpr double kBins = static_cast<double>(kHeadingAngles);
  constexpr double kTwoBinsRad = 2.0 * kTwoPi / kBins;
  double sum = 0.0;
  for (const HeadingUnit& unit : model.units) {
    for (std::size_t bin = 0; bin < kHeadingAngles; ++bin) {
      const double above = static_cast<double>(unit.rate_hz[(bin + 1) % kHeadingAngles]);
      const double below = static_cast<double>(unit.rate_hz[(bin + kHeadingAngles - 1) % kHeadingAngles]);
      const double slope = (above - below) / kTwoBinsRad;
      sum += slope * slope / static_cast<double>(unit.rate_hz[bin]);
    }
  }
  return sum / kBins;
}

double population_rate_hz(const HeadingModel& model) {
  double sum = 0.0;
  for (const HeadingUnit& unit : model.units) {
    for (const float rate_hz : unit.rate_hz) sum += static_cast<double>(rate_hz);
  }
  return sum / static_cast<double>(kHeadingAngles);
}

double posterior_variance_bound(double information_rate, const Wander& wander) {
  const double damping = 1.0 / wander.velocity_tau_s;
  const double kick = 2.0 * wander.velocity_sd_rad_s * wander.velocity_sd_rad_s * damping;
  const double diffusion = wander.diffusion_rad_rt_s * wander.diffusion_rad_rt_s;
  Covariance p{1.0, 0.0, wander.velocity_sd_rad_s * wander.velocity_sd_rad_s};
  // Explicit steps settle wherever they are stable; the first, uncertain stretch is taken in small ones.
  for (double elapsed_s = 0.0; elapsed_s < 20.0;) {
    const double gain = information_rate * p.angle;
    const double dt_s = std::min(kStepS, 0.1 / (gain + damping));
    const double angle = 2.0 * p.cross + diffusion - gain * p.angle;
    const double cross = p.velocity - damping * p.cross - gain * p.cross;
    const double velocity = kick - 2.0 * damping * p.velocity - information_rate * p.cross * p.cross;
    p = {p.angle + dt_s * angle, p.cross + dt_s * cross, p.velocity + dt_s * velocity};
    elapsed_s += dt_s;
  }
  return p.angle;
}

double median_error_bound_deg(double information_rate, const Wander& wander) {
  return kMedianOfNormal * std::sqrt(posterior_variance_bound(information_rate, wander)) * 180.0 / kPi;
}

double TurnShape::angle_rad(double elapsed_s) const {
  const double t = std::clamp(elapsed_s, 0.0, duration_s);
  const double phase = kTwoPi * t / duration_s;
  return 0.5 * peak_velocity_rad_s * (t - math::sin(phase) * duration_s / kTwoPi);
}

double TurnShape::velocity_rad_s(double elapsed_s) const {
  if (elapsed_s <= 0.0 || elapsed_s >= duration_s) return 0.0;
  return 0.5 * peak_velocity_rad_s * (1.0 - math::cos(kTwoPi * elapsed_s / duration_s));
}

std::optional<double> turn_latency_bound_s(const TurnShape& turn, double information_rate, double variance, double nats,
                                           double wait_s) {
  constexpr double kDtS = 0.001;
  const double prior_s = 1.0 / (information_rate * variance);
  double sum = 0.0, squares = 0.0;
  for (double t_s = kDtS; t_s <= turn.duration_s + wait_s; t_s += kDtS) {
    const double phi = turn.angle_rad(t_s - 0.5 * kDtS);
    sum += phi * kDtS;
    squares += phi * phi * kDtS;
    if (0.5 * information_rate * (squares - sum * sum / (t_s + prior_s)) >= nats) return t_s;
  }
  return std::nullopt;
}

}  // namespace vturn::tools
