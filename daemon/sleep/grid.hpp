#pragma once

#include <cstdint>

#include "daemon/core/types.hpp"

namespace vturn {

/// The step of a grid of session time to which a moment belongs: (index - 1)·step < time ≤ index·step, so that a sample
/// exactly on the grid belongs to the step that ends there.
constexpr std::int64_t grid_index(SessionNs time_ns, SessionNs step_ns) noexcept {
  const std::int64_t shifted = time_ns - 1;
  const std::int64_t quotient = shifted / step_ns;
  return (shifted % step_ns < 0 ? quotient - 1 : quotient) + 1;
}

}  // namespace vturn
