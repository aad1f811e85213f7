#pragma once

#include <cstdint>

#include "daemon/trigger/settings.hpp"

namespace vturn::trigger {

/// Uniform in [0, 1) from (seed, rule, count) alone: SplitMix64's finaliser (Steele, Lea & Flood 2014) over a counter,
/// so that the n-th arm of a rule is the same whatever other rules did and however often an earlier draw was refused.
double arm_uniform(std::uint64_t seed, std::uint64_t rule, std::uint64_t count) noexcept;

/// The `count`-th arm (from 0) of a rule.
Arm draw_arm(std::uint64_t seed, std::uint64_t rule, std::uint64_t count, const ArmWeights& weights) noexcept;

}  // namespace vturn::trigger
