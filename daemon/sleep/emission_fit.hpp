#pragma once

#include <span>
#include <string>
#include <vector>

#include "daemon/sleep/labelled_epochs.hpp"

namespace vturn {

/// For people.
inline constexpr std::array<const char*, kSleepStates> kSleepStateNames = {"wake", "NREM", "REM"};

/// Whether an epoch can teach: scored, no artefact, all of `features` present.
bool teaches(const LabelledEpoch& epoch, const std::vector<SleepFeature>& features) noexcept;

/// Why these features teach too little of a state, or an empty string: fewer minutes of it than these hold them all.
std::string refuse_untaught(std::span<const LabelledEpoch> epochs, const std::vector<SleepFeature>& features,
                            double minutes);

/// Sample mean and covariance of each state, off-diagonals shrunk by 1 - shrinkage. States without epochs keep a unit
/// covariance: no model may be made of them (refuse_untaught).
std::array<SleepEmission, kSleepStates> fit_emissions(std::span<const LabelledEpoch> epochs,
                                                      const std::vector<SleepFeature>& features, double shrinkage);

/// NREM median and MAD of a log motion feature, and the level that 97.5 % of sleep stays below.
MotionReference fit_motion(std::span<const LabelledEpoch> epochs, SleepFeature feature);

}  // namespace vturn
