#pragma once

#include "daemon/decode/heading_model.hpp"

namespace vturn {

/// Ornstein-Uhlenbeck angular velocity: Gaussian with standard deviation `sd_rad_s`, correlation time `tau_s`; rows
/// spread evenly over ±3 sd. A finite-volume chain with detailed balance, so its stationary density is the Gaussian's.
HeadingDynamics ornstein_uhlenbeck(double sd_rad_s, double tau_s);

/// Like the above with the heavy tails of real head movements: stationary density (1 + (w/scale)²/3)^-2 (Student,
/// 3 degrees of freedom); rows are finer near rest and reach ±10 scales.
HeadingDynamics heavy_tailed(double scale_rad_s, double tau_s);

/// Rest that drifts slowly, and turns to either side that start and end as a whole. Chosen in simulation (drift of 20
/// deg/s, turns of 0.2 to 0.8 s and up to 600 deg/s, 20 a minute): switching as rarely as this
/// finds the most turns at one false alarm a minute while the heading itself stays within 1.12 of the Cramér-Rao bound.
struct SwitchingRates {
  double rest_velocity_rad_s = 1.0472;  ///< outermost rest row, 60 deg/s
  double turn_velocity_rad_s = 6.9813;  ///< outermost turn row, 400 deg/s
  double rest_hop_hz = 16.0;
  double turn_hop_hz = 8.0;
  double rest_to_turn_hz = 0.2;
  double turn_to_rest_hz = 1.2;
};
HeadingDynamics switching(const SwitchingRates& rates);

/// The same movement `factor` times as fast: velocities times `factor`, hops and switches times `rate_factor`.
HeadingDynamics accelerated(const HeadingDynamics& dynamics, double factor, double rate_factor);

}  // namespace vturn
