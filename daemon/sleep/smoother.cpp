#include "daemon/sleep/smoother.hpp"

#include <algorithm>

#include "daemon/sleep/forward_step.hpp"

namespace vturn {
namespace {

/// p ← Ap: what the next epoch says of this one.
void step_back(const TransitionMatrix& transitions, StateVector& p) noexcept {
  StateVector result{};
  for (std::size_t i = 0; i < kSleepStates; ++i) {
    for (std::size_t j = 0; j < kSleepStates; ++j) result[i] += transitions[i][j] * p[j];
  }
  p = result;
}

}  // namespace

std::vector<StateVector> smooth_states(const SleepModel& model, std::span<const LabelledEpoch> epochs) {
  const double step_s = filter_step_s(model, epochs);
  const double temper = std::min(1.0, step_s / model.evidence_constant_s);
  const TransitionMatrix transitions = transitions_for_step(model.transitions, step_s);
  Emission emission;
  emission.prepare(model);
  const std::array<double, kSleepFeatures> offset{};
  std::vector<StateVector> evidence(epochs.size());
  std::vector<StateVector> result(epochs.size());
  StateVector p = stationary(model.transitions);
  for (std::size_t t = 0; t < epochs.size(); ++t) {
    predict(transitions, p);
    if (!emission.log_likelihood(epochs[t].frame, offset, evidence[t])) evidence[t] = {};
    weigh(evidence[t], temper, p);
    result[t] = p;
  }
  StateVector later = {1.0, 1.0, 1.0};
  for (std::size_t t = epochs.size(); t-- > 0;) {
    double total = 0.0;
    for (std::size_t s = 0; s < kSleepStates; ++s) total += result[t][s] * later[s];
    for (std::size_t s = 0; s < kSleepStates; ++s) result[t][s] *= later[s] / total;
    weigh(evidence[t], temper, later);
    step_back(transitions, later);
  }
  return result;
}

}  // namespace vturn
