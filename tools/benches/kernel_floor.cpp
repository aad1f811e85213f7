// Compiled once per instruction set like the filter's step (VTURN_KERNEL_FLOOR names the function).
#include "tools/benches/kernel_floor.hpp"

#include "daemon/decode/lanes.hpp"

namespace vturn::benches {
namespace {

using namespace kernel;

/// Independent chains: enough to hide an operation's latency.
constexpr size_t kChains = 10;

}  // namespace

float VTURN_KERNEL_FLOOR(size_t steps, float seed) noexcept {
  Part product[kChains], sum[kChains];
  for (size_t i = 0; i < kChains; ++i) {
    product[i] = splat(1.0F + seed * static_cast<float>(i));
    sum[i] = splat(seed * static_cast<float>(i));
  }
  const Part factor = splat(1.0F + seed), term = splat(seed);
  constexpr size_t kLoops = kStepPairs * (kLanes / kPartLanes) / kChains;
  for (size_t step = 0; step < steps; ++step) {
    for (size_t loop = 0; loop < kLoops; ++loop) {
#pragma GCC unroll 16
      for (size_t i = 0; i < kChains; ++i) {
        product[i] = product[i] * factor;
        sum[i] = sum[i] + term;
      }
    }
  }
  float total = 0.0F;
  for (size_t i = 0; i < kChains; ++i) {
    float lanes[kPartLanes];
    store(lanes, product[i] + sum[i]);
    total = total + lanes[0];
  }
  return total;
}

}  // namespace vturn::benches
