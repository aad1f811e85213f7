#pragma once

#include <stddef.h>  // NOLINT(modernize-deprecated-headers): nothing inline, see kernel.hpp

#include "daemon/decode/kernel.hpp"

namespace vturn::benches {

/// A step's arithmetic in sixteen-lane pairs of one multiplication and one addition: seven a state (interpolation,
/// exchange between rows, switches, likelihood, sums) and twenty an angle (the two exponentials, the sums).
inline constexpr size_t kStepPairs = (kernel::kRows * 7 + 20) * kernel::kChunks;

/// So many steps' multiplications and additions from registers, nothing loaded or stored. `seed` is a run-time number
/// near 0, so that nothing is folded away; so is the result.
float floor_scalar(size_t steps, float seed) noexcept;
#ifdef VTURN_X86_KERNELS
float floor_avx2(size_t steps, float seed) noexcept;
float floor_avx512(size_t steps, float seed) noexcept;
#endif

}  // namespace vturn::benches
