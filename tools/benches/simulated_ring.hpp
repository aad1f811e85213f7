#pragma once

#include <cstdint>
#include <vector>

#include "daemon/calibrate/simulated_units.hpp"
#include "daemon/decode/heading_model.hpp"
#include "tools/lib/decoding_bounds.hpp"

namespace vturn::benches {

inline constexpr double kDegree = 0.017453292519943295;

/// Head-direction cells with von Mises tuning drawn at random: width kappa 2.5-5 (61-87 degrees at half height), peak
/// 10-40 Hz, base 0.2-1 Hz, preferred headings spread evenly with jitter. Wake dynamics of an Ornstein-Uhlenbeck
/// process with the given movement, REM dynamics and NREM dynamics as calibration makes them.
HeadingModel random_ring(std::size_t cells, const tools::Wander& wake, std::uint64_t seed);

/// The movement of the accuracy benchmark: 100 deg/s, correlated over 0.25 s.
inline constexpr tools::Wander kBenchWake{100.0 * kDegree, 0.25, 0.0};
/// REM-like rest: slow drift and diffusion.
inline constexpr tools::Wander kBenchRest{20.0 * kDegree, 0.5, 10.0 * kDegree};

/// Heading that wanders, in steps of 1 ms; unwrapped.
class WanderingHeading {
 public:
  WanderingHeading(const tools::Wander& wander, std::uint64_t seed);
  /// Heading after the next millisecond, with an extra velocity (a turn's).
  double step(double extra_velocity_rad_s = 0.0);

 private:
  calibrate::Random random_;
  double decay_, kick_, jitter_;
  double velocity_rad_s_, angle_rad_ = 0.0;
};

struct SimulatedTurn {
  double onset_s;
  tools::TurnShape shape;  ///< signed peak velocity
};

/// Turns of 100-600 deg/s peak velocity and 0.2-0.8 s, left or right, with rest between them: one in about 3.3 s.
std::vector<SimulatedTurn> random_turns(std::size_t count, std::uint64_t seed);

}  // namespace vturn::benches
