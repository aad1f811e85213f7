#include "tools/benches/kernel_cost.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "daemon/core/text_hash.hpp"
#include "daemon/decode/samples.hpp"
#include "tools/benches/kernel_floor.hpp"
#include "tools/benches/simulated_ring.hpp"
#include "tools/benches/spread.hpp"

namespace vturn::benches {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kBatch = 512;
constexpr std::size_t kFloorSteps = 512;

double ns_since(Clock::time_point from) {
  return static_cast<double>(std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - from).count());
}

using Floor = float (*)(std::size_t, float) noexcept;

Floor floor_of(Kernel kernel) {
#ifdef VTURN_X86_KERNELS
  if (kernel == Kernel::avx512) return floor_avx512;
  if (kernel == Kernel::avx2) return floor_avx2;
#endif
  return floor_scalar;
}

std::vector<SpikeSample> simulated_spikes(const HeadingModel& model, std::size_t count, std::uint64_t seed) {
  std::vector<SpikeSample> spikes;
  WanderingHeading heading(kBenchWake, seed);
  calibrate::SimulatedUnits units(model, seed + 1);
  for (SessionNs now_ns = 0; spikes.size() < count; now_ns += kNsPerMs) {
    units.step(heading.step(), 0.001, [&](double at_s, UnitId unit) {
      spikes.push_back({now_ns + static_cast<SessionNs>(at_s * 1e9), unit});
    });
  }
  spikes.resize(count);
  return spikes;
}

std::uint64_t hash_of(const HeadingFilter& filter) {
  std::array<float, kHeadingAngles> posterior{};
  filter.posterior(posterior);
  return text_hash({reinterpret_cast<const char*>(posterior.data()), sizeof posterior});
}

double floor_ns(Kernel kernel, std::size_t batches) {
  const Floor floor = floor_of(kernel);
  std::vector<double> steps_ns;
  volatile float seed = 1e-7F, kept = 0.0F;
  for (std::size_t batch = 0; batch < batches; ++batch) {
    const auto from = Clock::now();
    kept = kept + floor(kFloorSteps, seed);
    steps_ns.push_back(ns_since(from) / static_cast<double>(kFloorSteps));
  }
  return quantile(steps_ns, 0.5);
}

/// Time of a spike in each batch, ns.
std::vector<double> batch_ns(HeadingFilter& filter, const std::vector<SpikeSample>& spikes, bool estimate) {
  std::vector<double> spike_ns;
  spike_ns.reserve(spikes.size() / kBatch);
  volatile float kept = 0.0F;
  filter.reset();
  for (std::size_t first = 0; first + kBatch <= spikes.size(); first += kBatch) {
    const auto from = Clock::now();
    for (std::size_t i = first; i < first + kBatch; ++i) {
      filter.spike(spikes[i].time_ns, spikes[i].unit);
      if (estimate) kept = kept + filter.estimate().angle_rad;
    }
    spike_ns.push_back(ns_since(from) / static_cast<double>(kBatch));
  }
  return spike_ns;
}

KernelCost cost_of(Kernel kernel, const HeadingModel& model, const std::vector<SpikeSample>& spikes,
                   std::size_t batches) {
  HeadingFilter filter;
  filter.prepare(model, kernel);
  const auto asked_ns = batch_ns(filter, spikes, true);
  const auto spike_ns = batch_ns(filter, spikes, false);
  KernelCost cost;
  cost.kernel = name_of(kernel);
  cost.spike_ns_median = quantile(spike_ns, 0.5);
  cost.estimate_ns_median = quantile(asked_ns, 0.5) - cost.spike_ns_median;
  cost.spike_ns_p10 = quantile(spike_ns, 0.1);
  cost.spike_ns_p99 = quantile(spike_ns, 0.99);
  cost.spikes_per_s = 1e9 / cost.spike_ns_median;
  cost.floor_ns = floor_ns(kernel, batches);
  cost.floor_ratio = cost.spike_ns_median / cost.floor_ns;
  cost.posterior_hash = hash_of(filter);
  return cost;
}

}  // namespace

std::vector<KernelCost> kernel_costs(std::size_t cells, std::size_t batches, std::uint64_t seed) {
  const HeadingModel model = random_ring(cells, kBenchWake, seed);
  const auto spikes = simulated_spikes(model, batches * kBatch, seed + 800);
  std::vector<KernelCost> costs;
  for (const Kernel kernel : {Kernel::avx512, Kernel::avx2, Kernel::scalar}) {
    if (kernel_available(kernel)) costs.push_back(cost_of(kernel, model, spikes, batches));
  }
  return costs;
}

}  // namespace vturn::benches
