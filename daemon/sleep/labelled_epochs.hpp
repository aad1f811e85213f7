#pragma once

#include <span>
#include <vector>

#include "daemon/sleep/scoring.hpp"
#include "daemon/sleep/sleep_model.hpp"

namespace vturn {

/// One row of a features table.
struct LabelledEpoch {
  double t_s = 0.0;                         ///< its begin
  FeatureFrame frame;                       ///< log powers; artefact as marked; time_ns = end of the epoch
  SleepState stage = SleepState::kUnknown;  ///< UNKNOWN = not scored
};

/// Whether it is no artefact and has all of these features.
bool holds_all(const LabelledEpoch& epoch, const std::vector<SleepFeature>& features) noexcept;

/// Median spacing of the rows; 0 when there are fewer than two.
double epoch_length_s(std::span<const LabelledEpoch> epochs);
std::vector<TruthEpoch> truth_of(std::span<const LabelledEpoch> epochs);

/// Step of a filter that runs over this table.
double filter_step_s(const SleepModel& model, std::span<const LabelledEpoch> epochs);
/// Runs the filter over a table, causally: decision i is made at the end of epoch i. The frames' artefact marks count
/// only with `use_artefact_marks` (a scorer's marks are not known online).
std::vector<SleepDecision> decide_epochs(const SleepModel& model, std::span<const LabelledEpoch> epochs,
                                         bool use_artefact_marks = false);
/// A decision of a rule, which is certain of everything it says.
SleepDecision certain(const LabelledEpoch& epoch, SleepState state) noexcept;

/// The table as amplifiers of another gain would have given it: powers of brain signals times `brain`, of EMG times
/// `emg`.
std::vector<LabelledEpoch> with_gain(std::span<const LabelledEpoch> epochs, double brain, double emg);

}  // namespace vturn
