#pragma once

#include <stddef.h>  // NOLINT(modernize-deprecated-headers): see below

// Included by sources that are compiled for newer instruction sets: nothing here or in what it includes may define an
// inline function, because the linker could pick the newer machine's copy of it for the whole program.

namespace vturn::kernel {

inline constexpr size_t kLanes = 16;
inline constexpr size_t kAngles = 128;
inline constexpr size_t kRows = 17;
inline constexpr size_t kRightRows = 6;
inline constexpr size_t kRestRows = 5;
inline constexpr size_t kChunks = kAngles / kLanes;
/// Copies of the circle's ends on both sides of a row, so that a shifted read never wraps.
inline constexpr size_t kHalo = kLanes;
inline constexpr size_t kStride = kAngles + 2 * kHalo;
/// Largest shift of a step, in bins, that the halo allows with the interpolation's neighbour.
inline constexpr float kMaxShiftBins = 14.0F;

struct alignas(64) Rows {
  float p[kRows][kStride];
  float turning[kAngles];  ///< summed over the right and left rows: what a switch to rest takes from
  float resting[kAngles];  ///< over the rest rows
};

struct alignas(64) Circle {
  float value[kAngles];
};

struct Dynamics {
  float shift_bins_per_s[kRows];
  float velocity_rad_s[kRows];
  float hop_up_hz[kRows];
  float hop_down_hz[kRows];
  float enter[kRows];
  float rest_to_turn_hz;
  float turn_to_rest_hz;
  float floor;  ///< mass a mode gets at every angle and step, so that the filter can always lock again
};

struct StepInput {
  const Rows* from;
  Rows* to;
  const Dynamics* dynamics;
  const Circle* spike_ratio;     ///< rate over mean rate of the unit that fired; ones without a spike
  const Circle* spike_tempered;  ///< the same to the power `temper`
  const Circle* rate_excess_hz;  ///< summed rate minus its mean
  float largest_excess_hz;       ///< of its magnitudes
  const Circle* rate_total_hz;
  const Circle* cosine;
  const Circle* sine;
  float inverse_norm;  ///< 1 / norm of the step before
  float dt_s;
  float gain_dt_s;  ///< gain * dt
  float temper;
};

/// Sums over the new, unnormalised posterior.
struct StepOutput {
  Circle marginal;
  float norm;
  float evidence;  ///< sum of prediction * untempered likelihood ratio
  float cosine, sine;
  float right, rest, left;
  float velocity_rad_s;
  float rate_hz;
};

/// One prediction and one observation. Bit-identical in all builds: elementwise IEEE operations on 16 lanes, one fixed
/// order of reduction, no contraction.
using Step = void (*)(const StepInput&, StepOutput&) noexcept;

void step_scalar(const StepInput& in, StepOutput& out) noexcept;
#ifdef VTURN_X86_KERNELS
void step_avx2(const StepInput& in, StepOutput& out) noexcept;
void step_avx512(const StepInput& in, StepOutput& out) noexcept;
#endif

}  // namespace vturn::kernel
