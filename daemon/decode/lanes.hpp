#pragma once

#include <stdint.h>  // NOLINT(modernize-deprecated-headers): nothing inline, see kernel.hpp

#include "daemon/decode/kernel.hpp"

// The widest piece of sixteen lanes that one register of this build holds: VTURN_PART_BYTES 4, 32 or 64. Private to the
// kernel's builds: the anonymous namespace gives each its own copy.

namespace vturn::kernel {
namespace {

#define VTURN_ALWAYS_INLINE inline __attribute__((always_inline))

#if VTURN_PART_BYTES == 4
using Part = float;
using PartBits = uint32_t;
using UnalignedPart = float;
VTURN_ALWAYS_INLINE Part splat(float value) { return value; }
#else
typedef float Part __attribute__((vector_size(VTURN_PART_BYTES)));
typedef uint32_t PartBits __attribute__((vector_size(VTURN_PART_BYTES)));
typedef float UnalignedPart __attribute__((vector_size(VTURN_PART_BYTES), aligned(4), may_alias));
// Spelt out: "Part{} + value" would be a real addition before each broadcast.
#if VTURN_PART_BYTES == 32
VTURN_ALWAYS_INLINE Part splat(float v) { return Part{v, v, v, v, v, v, v, v}; }
#else
VTURN_ALWAYS_INLINE Part splat(float v) { return Part{v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v}; }
#endif
#endif
constexpr size_t kPartLanes = VTURN_PART_BYTES / sizeof(float);

VTURN_ALWAYS_INLINE Part load(const float* from) { return *reinterpret_cast<const UnalignedPart*>(from); }
VTURN_ALWAYS_INLINE void store(float* to, Part value) { *reinterpret_cast<UnalignedPart*>(to) = value; }

/// Of e^x, from the sixth power down.
constexpr float kTaylor[] = {1.0F / 720.0F, 1.0F / 120.0F, 1.0F / 24.0F, 1.0F / 6.0F, 0.5F, 1.0F, 1.0F};
constexpr float kNearOne = 0.34F;  ///< exponents that exponential_near_one() takes

VTURN_ALWAYS_INLINE Part clamp(Part value, float low, float high) {
  const Part lows = splat(low);
  const Part highs = splat(high);
  const Part raised = value < lows ? lows : value;
  return raised > highs ? highs : raised;
}

/// The same bits as exponential() where |x| < ln 2 / 2: there n is 0.
VTURN_ALWAYS_INLINE Part exponential_near_one(Part x) {
  Part result = splat(1.0F / 5040.0F);
  for (const float coefficient : kTaylor) result = result * x + splat(coefficient);
  return result;
}

/// e^x for |x| <= 80 (clamped), relative error below 2e-7: x = n ln 2 + r, |r| <= ln 2 / 2, Taylor to r^7 / 7!.
VTURN_ALWAYS_INLINE Part exponential(Part x) {
  constexpr float kRoundToInteger = 12582912.0F;  // 1.5 * 2^23: adding it leaves the nearest integer in the low bits
  const Part bounded = clamp(x, -80.0F, 80.0F);
  const Part rounded = bounded * splat(1.44269504F) + splat(kRoundToInteger);
  const Part n = rounded - splat(kRoundToInteger);
  const Part r = (bounded - n * splat(0.693359375F)) - n * splat(-2.12194440e-4F);
  const Part result = exponential_near_one(r);
  const PartBits power = __builtin_bit_cast(PartBits, rounded) << 23;
  return __builtin_bit_cast(Part, __builtin_bit_cast(PartBits, result) + power);
}

/// Sixteen running sums in memory: lane i adds up the angles i, i + 16, ... in every build.
struct alignas(64) Lanes {
  float lane[kLanes];
};

VTURN_ALWAYS_INLINE void add(Lanes& sums, size_t lane, Part value) {
  store(sums.lane + lane, load(sums.lane + lane) + value);
}

VTURN_ALWAYS_INLINE float sum(Lanes value) {
  for (size_t half = kLanes / 2; half > 0; half /= 2) {
    for (size_t i = 0; i < half; ++i) value.lane[i] = value.lane[i] + value.lane[i + half];
  }
  return value.lane[0];
}

}  // namespace
}  // namespace vturn::kernel
