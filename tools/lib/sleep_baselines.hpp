#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "daemon/sleep/calibration.hpp"

namespace vturn::tools {

struct SleepBaseline {
  std::string_view name;  ///< key of JSON reports
  bool offline = false;   ///< looks ahead: a bound, not a peer
  std::vector<SleepDecision> decisions;
};

/// What else could score this table, with thresholds and emissions of the same calibration: three thresholds (as they
/// are, and with a dwell of 8 s), the Ypnos-like rule, and Viterbi offline (frozen, and on features corrected as the
/// filter corrects them). Rules that the model does not know are left out.
std::vector<SleepBaseline> sleep_baselines(const SleepModel& model, std::span<const LabelledEpoch> epochs);
/// The same on a calibration's held-out blocks, each with what was fitted without it.
std::vector<SleepBaseline> sleep_baselines(const SleepCalibration& calibration, std::span<const LabelledEpoch> epochs);

}  // namespace vturn::tools
