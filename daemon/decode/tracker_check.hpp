#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "daemon/decode/samples.hpp"

namespace vturn {

/// Why this track cannot be a head's: it stands still for most of the time, or jumps about. Nothing when it can be.
std::optional<std::string> tracker_problem(std::span<const HeadingSample> heading);

/// One row of a gyroscope on the head.
struct GyroscopeSample {
  SessionNs time_ns;
  float angular_velocity_rad_s;  ///< about the vertical, counter-clockwise positive seen from above
};

/// The track's angular velocity against the gyroscope's, both in windows of 200 ms: a mirrored track turns the other
/// way, and every direction that vturn would tell is then the wrong one.
struct HandednessCheck {
  double correlation = 0.0;
  std::size_t windows = 0;  ///< in which the head turned
  [[nodiscard]] bool confirms() const { return windows >= kLeastWindows && correlation > kClear; }
  [[nodiscard]] bool mirrored() const { return windows >= kLeastWindows && correlation < -kClear; }
  static constexpr std::size_t kLeastWindows = 50;
  static constexpr double kClear = 0.5;
};
HandednessCheck compare_with_gyroscope(std::span<const HeadingSample> heading,
                                       std::span<const GyroscopeSample> gyroscope);

/// A fast, large turn in the track, to be looked up on the video by the operator.
struct ExampleTurn {
  double at_s = 0.0;
  double duration_s = 0.0;
  double angle_rad = 0.0;  ///< counter-clockwise positive
};
/// The largest rotations within a second, to either side, at most `count` of them and not overlapping.
std::vector<ExampleTurn> example_turns(std::span<const HeadingSample> heading, std::size_t count);

}  // namespace vturn
