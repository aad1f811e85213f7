#include "daemon/trigger/arms.hpp"

namespace vturn::trigger {
namespace {

constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15ULL;

std::uint64_t finalise(std::uint64_t z) noexcept {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

}  // namespace

double arm_uniform(std::uint64_t seed, std::uint64_t rule, std::uint64_t count) noexcept {
  const std::uint64_t stream = finalise(seed + kGolden * (rule + 1));
  const std::uint64_t bits = finalise(stream + kGolden * (count + 1));
  return static_cast<double>(bits >> 11) * 0x1.0p-53;
}

Arm draw_arm(std::uint64_t seed, std::uint64_t rule, std::uint64_t count, const ArmWeights& weights) noexcept {
  const double total = weights.stim + weights.sham + weights.delayed;
  const double draw = arm_uniform(seed, rule, count) * total;
  if (draw < weights.stim) return Arm::kStim;
  if (draw < weights.stim + weights.sham) return Arm::kSham;
  // Rounding may leave the draw at the very end of the scale: never an arm that was given no weight.
  if (weights.delayed > 0.0) return Arm::kDelayed;
  return weights.sham > 0.0 ? Arm::kSham : Arm::kStim;
}

}  // namespace vturn::trigger
