#pragma once

#include <array>
#include <span>

#include "daemon/core/expected.hpp"
#include "daemon/sleep/labelled_epochs.hpp"

namespace vturn {

struct TemplateFit {
  SleepModel model;
  double brain_gain = 1.0;  ///< power of brain signals against the saved model's recording
  double emg_gain = 1.0;
};

/// A saved model moved to another recording's gains: what the daemon does in its first minutes, done beforehand on ten
/// minutes of features or more. The shapes of the states are taken as they are; figures and epochs of the saved model's
/// recording are not. Refuses, with the reason, too little data, gains beyond a factor of 15, and thresholds set by
/// hand.
Expected<TemplateFit> fit_template(const SleepModel& saved, std::span<const LabelledEpoch> epochs);

}  // namespace vturn
