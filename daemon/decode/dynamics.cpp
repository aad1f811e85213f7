#include "daemon/decode/dynamics.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "daemon/core/angle.hpp"
#include "daemon/core/math.hpp"

namespace vturn {
namespace {

using Row = PerRow<double>;

std::size_t mode_begin(std::size_t row) {
  return row < kFirstRestRow ? 0 : (row < kFirstLeftRow ? kFirstRestRow : kFirstLeftRow);
}
std::size_t mode_end(std::size_t row) {
  return row < kFirstRestRow ? kFirstRestRow : (row < kFirstLeftRow ? kFirstLeftRow : kVelocityRows);
}

std::string told(const char* kind, const char* first, double first_deg_s, double tau_s) {
  char text[96];
  std::snprintf(text, sizeof text, "%s %s=%.0f deg/s tau=%.3f s", kind, first, first_deg_s * 180.0 / kPi, tau_s);
  return text;
}

double edge(const Row& velocity, std::size_t below) { return 0.5 * (velocity[below] + velocity[below + 1]); }

double cell_width(const Row& velocity, std::size_t row) {
  const double lower = row == 0 ? velocity[0] - 0.5 * (velocity[1] - velocity[0]) : edge(velocity, row - 1);
  const std::size_t last = kVelocityRows - 1;
  const double upper = row == last ? velocity[last] + 0.5 * (velocity[last] - velocity[last - 1]) : edge(velocity, row);
  return upper - lower;
}

/// Finite volumes of the diffusion with stationary density `density` (any scale) and diffusion coefficient D: the flux
/// between neighbours is D * density(edge) * difference of (p / density) over their distance.
template <class Density>
HeadingDynamics diffusion(const Row& velocity, double coefficient, Density density) {
  HeadingDynamics dynamics;
  Row mass;
  for (std::size_t row = 0; row < kVelocityRows; ++row) {
    mass[row] = density(velocity[row]) * cell_width(velocity, row);
    dynamics.velocity_rad_s[row] = static_cast<float>(velocity[row]);
  }
  for (std::size_t row = 0; row + 1 < kVelocityRows; ++row) {
    const double flux = coefficient * density(edge(velocity, row)) / (velocity[row + 1] - velocity[row]);
    dynamics.hop_up_hz[row] = static_cast<float>(flux / mass[row]);
    dynamics.hop_down_hz[row + 1] = static_cast<float>(flux / mass[row + 1]);
  }
  for (std::size_t row = 0; row < kVelocityRows; ++row) {
    double mode_mass = 0.0;
    for (std::size_t other = mode_begin(row); other < mode_end(row); ++other) mode_mass += mass[other];
    dynamics.enter[row] = static_cast<float>(mass[row] / mode_mass);
  }
  return dynamics;
}

double centred(std::size_t row) { return static_cast<double>(row) - 0.5 * static_cast<double>(kVelocityRows - 1); }

}  // namespace

HeadingDynamics ornstein_uhlenbeck(double sd_rad_s, double tau_s) {
  Row velocity;
  for (std::size_t row = 0; row < kVelocityRows; ++row) velocity[row] = centred(row) * 0.375 * sd_rad_s;
  const auto gaussian = [sd_rad_s](double w) { return math::exp(-0.5 * (w / sd_rad_s) * (w / sd_rad_s)); };
  HeadingDynamics dynamics = diffusion(velocity, sd_rad_s * sd_rad_s / tau_s, gaussian);
  dynamics.name = told("ou", "sd", sd_rad_s, tau_s);
  return dynamics;
}

HeadingDynamics heavy_tailed(double scale_rad_s, double tau_s) {
  Row velocity;
  for (std::size_t row = 0; row < kVelocityRows; ++row) {
    const double x = centred(row) / 8.0;
    velocity[row] = scale_rad_s * (3.0 * x + 7.0 * x * std::fabs(x) * std::fabs(x));
  }
  const auto student = [scale_rad_s](double w) {
    const double t = 1.0 + (w / scale_rad_s) * (w / scale_rad_s) / 3.0;
    return 1.0 / (t * t);
  };
  HeadingDynamics dynamics = diffusion(velocity, scale_rad_s * scale_rad_s / tau_s, student);
  dynamics.name = told("student", "scale", scale_rad_s, tau_s);
  return dynamics;
}

HeadingDynamics switching(const SwitchingRates& rates) {
  HeadingDynamics dynamics;
  for (std::size_t row = 0; row < kVelocityRows; ++row) {
    const bool rests = row >= kFirstRestRow && row < kFirstLeftRow;
    const double step_rad_s = rests ? 0.5 * rates.rest_velocity_rad_s : rates.turn_velocity_rad_s / 6.0;
    const double steps = rests ? centred(row) : (centred(row) < 0.0 ? centred(row) + 2.0 : centred(row) - 2.0);
    const double hop_hz = rests ? rates.rest_hop_hz : rates.turn_hop_hz;
    dynamics.velocity_rad_s[row] = static_cast<float>(steps * step_rad_s);
    dynamics.hop_up_hz[row] = row + 1 < mode_end(row) ? static_cast<float>(hop_hz) : 0.0F;
    dynamics.hop_down_hz[row] = row > mode_begin(row) ? static_cast<float>(hop_hz) : 0.0F;
    dynamics.enter[row] = 1.0F / static_cast<float>(mode_end(row) - mode_begin(row));
  }
  dynamics.rest_to_turn_hz = static_cast<float>(rates.rest_to_turn_hz);
  dynamics.turn_to_rest_hz = static_cast<float>(rates.turn_to_rest_hz);
  dynamics.name = told("switching", "turns to", rates.turn_velocity_rad_s, 1.0 / rates.turn_hop_hz);
  return dynamics;
}

HeadingDynamics accelerated(const HeadingDynamics& dynamics, double factor, double rate_factor) {
  HeadingDynamics fast = dynamics;
  for (std::size_t row = 0; row < kVelocityRows; ++row) {
    fast.velocity_rad_s[row] *= static_cast<float>(factor);
    fast.hop_up_hz[row] *= static_cast<float>(rate_factor);
    fast.hop_down_hz[row] *= static_cast<float>(rate_factor);
  }
  fast.rest_to_turn_hz *= static_cast<float>(rate_factor);
  fast.turn_to_rest_hz *= static_cast<float>(rate_factor);
  char text[48];
  std::snprintf(text, sizeof text, ", %.1f times as fast", factor);
  fast.name += text;
  return fast;
}

}  // namespace vturn
