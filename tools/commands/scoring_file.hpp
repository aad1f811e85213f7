#pragma once

#include <filesystem>
#include <optional>

#include "tools/commands/sleep_csv.hpp"

namespace vturn::tools {

/// Stages of a recording as its scorer saved them, their time 0 at `at_s`:
/// - CSV `t_s,stage` (read_hypnogram);
/// - buzcode `*.SleepState.states.mat`: SleepState.ints.{WAKEstate,NREMstate,REMstate}, start and stop in seconds, or
///   the same in StateIntervals of older files; microarousals (MAstate) are wake;
/// - AccuSleep `labels` in a .mat (1 REM, 2 wake, 3 NREM, else undefined) and AccuSleePy CSV `brain_state` (the same
///   digits): an epoch each, of `epoch_s`, which those files do not hold.
/// Throws CsvError, MatError, UsageError.
Hypnogram read_scoring(const std::filesystem::path& file, std::optional<double> epoch_s, double at_s = 0.0);

/// Each row gets the stage of the scored epoch that holds its middle; UNKNOWN where there is none.
void label(std::vector<LabelledEpoch>& epochs, const Hypnogram& scoring);

}  // namespace vturn::tools
