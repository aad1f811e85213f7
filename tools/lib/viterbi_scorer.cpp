#include "tools/lib/viterbi_scorer.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "daemon/sleep/emission.hpp"
#include "daemon/sleep/forward_step.hpp"
#include "daemon/sleep/sleep_filter.hpp"

namespace vturn::tools {
namespace {

using Predecessors = std::array<std::uint8_t, kSleepStates>;

/// Log likelihoods of every epoch; zero where nothing was observed.
std::vector<StateVector> evidence(const SleepModel& model, std::span<const LabelledEpoch> epochs, bool adapted) {
  const double step_s = filter_step_s(model, epochs);
  const double temper = std::min(1.0, step_s / model.evidence_constant_s);
  SleepFilter filter;
  filter.prepare(model, step_s);
  Emission emission;
  emission.prepare(model);
  std::array<double, kSleepFeatures> offset{};
  std::vector<StateVector> result;
  for (const LabelledEpoch& epoch : epochs) {
    FeatureFrame frame = epoch.frame;
    frame.artefact = false;
    if (adapted) {
      offset = filter.offsets();
      filter.step(frame);
    }
    StateVector log_likelihood{};
    const bool brain = (frame.valid & emission.features() & kBrainFeatures) != 0;
    if (!brain || !emission.log_likelihood(frame, offset, log_likelihood)) log_likelihood = {};
    for (double& value : log_likelihood) value *= temper;
    result.push_back(log_likelihood);
  }
  return result;
}

}  // namespace

std::vector<SleepDecision> viterbi_scorer(const SleepModel& model, std::span<const LabelledEpoch> epochs,
                                          bool adapted) {
  if (epochs.empty()) return {};
  const TransitionMatrix transitions = transitions_for_step(model.transitions, filter_step_s(model, epochs));
  const StateVector start = stationary(model.transitions);
  const std::vector<StateVector> observed = evidence(model, epochs, adapted);
  StateVector score{};
  for (std::size_t s = 0; s < kSleepStates; ++s) score[s] = std::log(start[s]) + observed[0][s];
  std::vector<Predecessors> from(epochs.size());
  for (std::size_t t = 1; t < epochs.size(); ++t) {
    StateVector next{};
    for (std::size_t s = 0; s < kSleepStates; ++s) {
      StateVector by{};
      for (std::size_t r = 0; r < kSleepStates; ++r) by[r] = score[r] + std::log(transitions[r][s]);
      const auto best = std::max_element(by.begin(), by.end());
      from[t][s] = static_cast<std::uint8_t>(best - by.begin());
      next[s] = *best + observed[t][s];
    }
    score = next;
  }
  auto state = static_cast<std::size_t>(std::max_element(score.begin(), score.end()) - score.begin());
  std::vector<SleepDecision> result(epochs.size());
  for (std::size_t t = epochs.size(); t-- > 0;) {
    result[t] = certain(epochs[t], sleep_state_of(state));
    state = from[t][state];
  }
  return result;
}

}  // namespace vturn::tools
