#pragma once

#include <array>
#include <cstddef>

namespace vturn::simulation {

inline constexpr std::size_t kLfpBands = 5;  ///< delta, theta, alpha, beta, gamma
using LfpFactor = std::array<std::array<double, kLfpBands>, kLfpBands>;

/// How the log powers (uV^2) of one stage lie and vary: `fast` and `slow` are lower-triangular factors of the
/// covariances of variation within a second and within half a minute; `skew` bends both, positive to the right.
struct LfpLevels {
  std::array<double, kLfpBands> mean;
  LfpFactor fast, slow;
  double skew;
};

/// Fitted so that the log band powers of 4-s periodograms of the mouse, on the animal's own hypnogram, have the means,
/// covariances and autocorrelations of mouse61_day1, 24 h scored by an expert (tests hold it to that), after one gain.
extern const LfpLevels kWakeLevels, kNremLevels, kRemLevels;

}  // namespace vturn::simulation
