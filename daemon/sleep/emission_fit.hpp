#pragma once

#include <span>
#include <vector>

#include "daemon/sleep/labelled_epochs.hpp"

namespace vturn {

/// Whether an epoch can teach: scored, no artefact, all of `features` present.
bool teaches(const LabelledEpoch& epoch, const std::vector<SleepFeature>& features) noexcept;

/// Sample mean and covariance of each state, off-diagonals shrunk by 1 - shrinkage. States without epochs keep a unit
/// covariance.
std::array<SleepEmission, kSleepStates> fit_emissions(std::span<const LabelledEpoch> epochs,
                                                      const std::vector<SleepFeature>& features, double shrinkage);

/// NREM median and MAD of a log motion feature, and the level that 97.5 % of sleep stays below.
MotionReference fit_motion(std::span<const LabelledEpoch> epochs, SleepFeature feature);

}  // namespace vturn
