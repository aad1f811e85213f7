#pragma once

namespace vturn::turns {

/// Spikes seen through an exponential kernel, stationary: shot noise. Its variance is mean_hz / (2 kernel_s) for
/// Poisson spikes (Campbell); a larger one means spikes that come in clusters.
struct ShotNoise {
  double mean_hz;
  double variance;  ///< taken as at least Poisson's
  double kernel_s;
};

/// How often a minute it rises through a level. Each rise is followed by a decay through the level, whose speed is
/// level / kernel_s there, so that rises per second are the density at the level times that speed. For levels above the
/// mean.
double rises_per_minute(const ShotNoise& noise, double level_hz) noexcept;

/// The level above its mean that it rises through so many times a minute.
double level_for(const ShotNoise& noise, double rises_per_minute) noexcept;

}  // namespace vturn::turns
