#include "daemon/sleep/forward_step.hpp"

#include <algorithm>

#include "daemon/core/math.hpp"

namespace vturn {

TransitionMatrix transitions_for_step(const TransitionMatrix& per_four_seconds, double step_s) noexcept {
  TransitionMatrix result{};
  const double part = std::min(1.0, step_s / kTransitionStepS);
  for (std::size_t i = 0; i < kSleepStates; ++i) {
    for (std::size_t j = 0; j < kSleepStates; ++j) {
      const double identity = i == j ? 1.0 : 0.0;
      result[i][j] = identity + (per_four_seconds[i][j] - identity) * part;
    }
  }
  return result;
}

StateVector stationary(const TransitionMatrix& a) noexcept {
  StateVector p{a[1][0] * a[2][0] + a[1][0] * a[2][1] + a[1][2] * a[2][0],
                a[0][1] * a[2][0] + a[0][1] * a[2][1] + a[0][2] * a[2][1],
                a[0][1] * a[1][2] + a[0][2] * a[1][0] + a[0][2] * a[1][2]};
  const double sum = p[0] + p[1] + p[2];
  for (double& value : p) value = sum > 0.0 ? value / sum : 1.0 / 3.0;
  return p;
}

void predict(const TransitionMatrix& a, StateVector& p) noexcept {
  StateVector next{};
  for (std::size_t i = 0; i < kSleepStates; ++i) {
    for (std::size_t j = 0; j < kSleepStates; ++j) next[j] += p[i] * a[i][j];
  }
  p = next;
}

double weigh(const StateVector& log_likelihood, double temper, StateVector& p) noexcept {
  const double largest = std::max({log_likelihood[0], log_likelihood[1], log_likelihood[2]});
  double sum = 0.0;
  for (std::size_t s = 0; s < kSleepStates; ++s) {
    p[s] *= math::exp(temper * (log_likelihood[s] - largest));
    sum += p[s];
  }
  // The likeliest state had no mass left while the others underflowed: nothing is known then.
  if (!(sum > 1e-300)) {
    p = {1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0};
    return temper * largest - 690.0;
  }
  for (double& value : p) value /= sum;
  return temper * largest + math::log(sum);
}

}  // namespace vturn
