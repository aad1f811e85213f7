#pragma once

#include <span>
#include <vector>

#include "daemon/core/expected.hpp"
#include "daemon/sleep/labelled_epochs.hpp"

namespace vturn {

struct UnsupervisedCalibration {
  SleepModel model;
  std::vector<SleepState> stages;  ///< of the table, as the model sees it looking ahead
  std::array<double, kSleepStates> share{};
  std::size_t rem_seeds = 0;  ///< epochs that looked like REM before any model
  double separation = 0.0;    ///< of the two kinds of muscle tone, Ashman's D
};

/// From features alone, 2 h or more that hold wake, NREM and REM. Seeds of each state by what mouse sleep looks like
/// (muscle tone of two kinds; NREM the slower half of low tone; REM low tone with theta instead of delta), then six
/// steps of expectation-maximisation that stay near the seeds. Precision of the seeds decides, so it refuses, with the
/// reason, rather than take quiet wake for REM: tone of one kind, too few REM seeds, a share of REM that no mouse
/// shows, REM that is not theta-high and of low tone.
Expected<UnsupervisedCalibration> calibrate_sleep_unsupervised(std::span<const LabelledEpoch> epochs);

}  // namespace vturn
