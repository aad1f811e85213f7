#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/decode/samples.hpp"
#include "daemon/ingest/electrode_table.hpp"
#include "tools/recordings/recording.hpp"

namespace vturn::recordings {

/// Spikes of a recording as units, the way the daemon takes them from the same program's stream.
struct UnitSpikes {
  std::vector<SpikeSample> spikes;  ///< ascending; time 0 is the recording's begin
  std::uint64_t artefacts = 0;      ///< marked by RHX, left out
  std::uint64_t unmapped = 0;       ///< of electrodes without a unit, left out
  std::string unmapped_electrode;   ///< one of them
};

/// What a rig file says when it says nothing: "Electrode {}" from 1 of Open Ephys, "A-{}" from 0 of RHX.
ingest::UnitMapSettings default_units(const RecordingInfo& info);
/// Throws RecordingError when there are no spikes at all, or none of a unit.
UnitSpikes spikes_by_unit(Recording& recording, const ingest::UnitMapSettings& units);

/// Throws RecordingError when sample numbers of this clock jump back: a time would not say which sample is meant.
void require_forward(const RecordingInfo& info, std::size_t timeline);

/// Times in seconds of the rising edges of one line (0-based), of the first source of lines that has any on it.
std::vector<double> pulses_on_line(Recording& recording, int line);

}  // namespace vturn::recordings
