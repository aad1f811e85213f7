#pragma once

#include <string>
#include <vector>

#include "daemon/decode/heading_filter.hpp"

namespace vturn::benches {

/// What one build of the filter's arithmetic costs, warm: the same spikes again and again.
struct KernelCost {
  std::string kernel;
  double spike_ns_median = 0.0;     ///< of the filter's update, over batches of spikes 1.7 ms apart
  double estimate_ns_median = 0.0;  ///< what asking for the estimate after each adds
  double spike_ns_p10 = 0.0;        ///< of the batches: the quiet ones on a shared machine
  double spike_ns_p99 = 0.0;        ///< of the batches
  double spikes_per_s = 0.0;        ///< at the median
  double floor_ns = 0.0;  ///< the step's multiplications and additions alone, from registers, in the same build
  double floor_ratio = 0.0;
  std::uint64_t posterior_hash = 0;  ///< equal in all builds
};

/// Every build this machine can run, for a random ring.
std::vector<KernelCost> kernel_costs(std::size_t cells, std::size_t batches, std::uint64_t seed);

}  // namespace vturn::benches
