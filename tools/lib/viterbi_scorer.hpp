#pragma once

#include <span>
#include <vector>

#include "daemon/sleep/labelled_epochs.hpp"

namespace vturn::tools {

/// The offline peer of the sleep filter: the most likely sequence of states of the whole table (Viterbi), with the same
/// emissions and transitions. It looks ahead: a bound to compare with, never a thing to run. Frozen, or on features
/// corrected by the offsets that the filter had learnt by then.
std::vector<SleepDecision> viterbi_scorer(const SleepModel& model, std::span<const LabelledEpoch> epochs, bool adapted);

}  // namespace vturn::tools
