#pragma once

#include "daemon/sleep/emission.hpp"
#include "daemon/sleep/sleep_model.hpp"

namespace vturn {

/// I + (A - I)·dt/4: the transitions of a step of `step_s` ≤ 4 s.
TransitionMatrix transitions_for_step(const TransitionMatrix& per_four_seconds, double step_s) noexcept;
/// Stationary distribution of an irreducible chain (Markov chain tree theorem).
StateVector stationary(const TransitionMatrix& transitions) noexcept;
/// p ← pA.
void predict(const TransitionMatrix& transitions, StateVector& p) noexcept;
/// p ← p·exp(temper·log_likelihood), normalised; returns the log of the normaliser.
double weigh(const StateVector& log_likelihood, double temper, StateVector& p) noexcept;

}  // namespace vturn
