#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "tools/benches/simulated_ring.hpp"

namespace vturn::benches {

struct GateSettings {
  std::size_t cells = 20;
  std::size_t permutations = 24;  ///< each of a random population of its own
  std::size_t turns = 90;         ///< in each one's session: five minutes
  std::uint64_t seed = 1;
};

/// How well log evidence per spike tells the ring from the same spikes with cell identities permuted: area under the
/// ROC curve, one a permutation.
struct GateRun {
  std::vector<double> auc_window;  ///< evidence and spikes of the last 250 ms, looked at every 250 ms
  std::vector<double> auc_output;  ///< the filter's running mean with a memory of 250 ms, which the product's gate sees
};

GateRun gate_run(const GateSettings& settings, const std::function<void(double)>& progress);

/// P(a > b) + P(a = b) / 2 for one of each, by ranks (Mann-Whitney). NaN without either.
double area_under_roc(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace vturn::benches
