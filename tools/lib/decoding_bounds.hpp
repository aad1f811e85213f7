#pragma once

#include <functional>
#include <optional>

#include "daemon/decode/heading_model.hpp"

namespace vturn::tools {

/// Fisher information that this population's spikes give on heading each second, averaged over the circle, rad^-2 s^-1:
/// the sum over units of f'(θ)² / f(θ) (Seung & Sompolinsky 1993).
double information_rate(const HeadingModel& model);
/// Expected spikes a second of the whole population, averaged over the circle.
double population_rate_hz(const HeadingModel& model);

/// Heading whose velocity is an Ornstein-Uhlenbeck process and which diffuses beside it.
struct Wander {
  double velocity_sd_rad_s = 0.0;
  double velocity_tau_s = 1.0;
  double diffusion_rad_rt_s = 0.0;
};

/// Variance (rad²) below which no causal estimate of such a heading gets on average: the steady state of the
/// Kalman-Bucy Riccati equation with this information rate (the posterior Cramér-Rao bound, Van Trees 1968). For a
/// Gaussian error the median of its size is 0.6745 standard deviations.
double posterior_variance_bound(double information_rate, const Wander& wander);
double median_error_bound_deg(double information_rate, const Wander& wander);

/// The turns of facts and simulation: velocity of one raised cosine.
struct TurnShape {
  double peak_velocity_rad_s = 0.0;
  double duration_s = 0.0;
  /// Rotated so far, `elapsed_s` after the onset.
  [[nodiscard]] double angle_rad(double elapsed_s) const;
  [[nodiscard]] double velocity_rad_s(double elapsed_s) const;
};

/// Time from its onset at which spikes have told `nats` of information for a turn of known shape against rest, starting
/// from a heading known with this variance (rad²): D(T) = J/2 (∫φ² - (∫φ)² / (T + 1 / (J P0))) = nats. Nothing when the
/// turn and `wait_s` after it do not suffice. One false alarm a minute goes with about 4 nats.
std::optional<double> turn_latency_bound_s(const TurnShape& turn, double information_rate, double variance, double nats,
                                           double wait_s);

}  // namespace vturn::tools
