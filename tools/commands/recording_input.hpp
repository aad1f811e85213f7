#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "daemon/decode/samples.hpp"
#include "daemon/settings/settings.hpp"
#include "tools/recordings/feature_reader.hpp"
#include "tools/recordings/pulse_alignment.hpp"
#include "tools/recordings/unit_spikes.hpp"

namespace vturn::tools {

/// Options of commands that take a recording where they take a CSV: which electrode is which unit, which channel means
/// what. A rig file answers both as the daemon will.
struct RecordingOptions {
  std::string config;   ///< rig file
  std::string pattern;  ///< of electrode names; empty = the rig file's, else the acquisition program's usual one
  std::optional<std::int64_t> first;
  std::optional<double> detect_uv;  ///< find spikes in the wideband channels at this threshold
  recordings::OpenSettings open;

  void add_to(CLI::App& app);
  void add_units_to(CLI::App& app);
  /// The rig file, when one is named. Throws UsageError.
  [[nodiscard]] std::optional<settings::Rig> rig() const;
};

/// Spikes of a recording by unit; says on stderr what was left out. Throws RecordingError, UsageError.
std::vector<SpikeSample> spikes_of(recordings::Recording& recording, const RecordingOptions& options);

/// Moves a tracker's heading onto the recording's clock by pulses that both saw: CSV `t_s` of their rising edges on the
/// tracker's clock, and the line (0-based) that the recording saw them on. Returns the map, for what else is on the
/// tracker's clock.
recordings::PulseAlignment align_heading(std::vector<HeadingSample>& heading, const std::string& pulses_csv, int line,
                                         recordings::Recording& recording);
SessionNs moved(SessionNs time_ns, const recordings::PulseAlignment& clock);

/// Channels named by the options, those left empty by the rig file's [sleep] (without its source names).
recordings::FeatureChannels feature_channels(const recordings::FeatureChannels& named, const RecordingOptions& options);

}  // namespace vturn::tools
