#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "daemon/decode/heading_model.hpp"
#include "daemon/turns/detector.hpp"
#include "daemon/turns/thresholds.hpp"

namespace vturn::calibrate {

/// REM-like rest without a turn: the heading's velocity is an Ornstein-Uhlenbeck process, and the heading diffuses.
struct RestSimulation {
  double duration_s = 3600.0;
  double drift_sd_rad_s = 0.349;  ///< 20 deg/s
  double drift_tau_s = 0.5;
  double diffusion_rad_rt_s = 0.175;  ///< 10 degrees per square root of a second
  double misassigned_share = 0.0;     ///< of spikes, given to any unit alike
  std::uint64_t seed = 1;
};

/// The detector that thresholds are found for, behind this model's REM dynamics: without an evidence gate, as the rig
/// file's can only lower the rate.
turns::DetectorSettings ungated_detector(const HeadingModel& model, turns::Method method);

/// Quantile, z standard deviations out, of a Gamma distribution of this shape and mean 1 (Wilson and Hilferty 1931); 0
/// where the approximation would go below.
double gamma_quantile(double shape, double z);
inline constexpr double k95PercentZ = 1.959963984540054;

/// 95 % interval of a Poisson rate from `count` events in `duration`: Garwood's exact limits by Wilson and Hilferty's
/// approximation of the chi-squared quantile (within 1 % from 3 events on).
struct RateInterval {
  double low;
  double high;
};
RateInterval poisson_interval(std::uint64_t count, double duration);

/// Thresholds for the given false-alarm rates (per minute, left and right together) of a turn detector with `settings`
/// (its threshold is ignored) behind a heading filter with this model's REM dynamics, by simulating rest with this
/// model's tuning. Rows are in descending order of rate; a rate above what the lowest threshold gives, or below one
/// false alarm in the whole simulation, is left out. `progress` gets the share done and returns false to stop (the
/// result is then empty). Same seed, same table.
std::vector<HeadingTurnThreshold> simulate_turn_thresholds(const HeadingModel& model,
                                                           const turns::DetectorSettings& settings,
                                                           const RestSimulation& rest,
                                                           std::span<const double> false_alarms_per_minute,
                                                           const std::function<bool(double)>& progress);

}  // namespace vturn::calibrate
