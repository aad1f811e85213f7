#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "daemon/decode/tracker_check.hpp"
#include "tools/commands/recording_input.hpp"
#include "tools/lib/head_turns.hpp"

namespace vturn::tools {

struct WakeData {
  std::vector<SpikeSample> spikes;                          ///< ascending in time
  std::vector<HeadingSample> heading;                       ///< strictly ascending, on the spikes' clock
  std::optional<recordings::PulseAlignment> heading_clock;  ///< the tracker's, when pulses told it
};

/// Stretches of a CSV with start_s and end_s, in order of time. Throws UsageError, CsvError.
std::vector<Stretch> read_intervals(const std::string& file);

/// What calibrations from wake take: spikes of a CSV, a recording or a session, and a tracker's heading on the same
/// clock. Heading outside wake is left out: what the named stretches are not, or else a session's own sleep stage says.
struct WakeInput {
  std::string spikes, heading;
  std::string image_y = "up";
  std::string heading_pulses, gyroscope;
  std::string wake;  ///< CSV of stretches
  int pulse_line = -1;
  RecordingOptions recording;

  void add_to(CLI::App& app);
  /// Throws UsageError, CsvError, RecordingError.
  [[nodiscard]] WakeData read() const;
  /// The track's side against the gyroscope's, when there is one. Throws UsageError on a mirrored track; says on stderr
  /// when the gyroscope tells nothing.
  [[nodiscard]] std::optional<HandednessCheck> check_gyroscope(const WakeData& data) const;

 private:
  [[nodiscard]] WakeData read_all() const;
};

}  // namespace vturn::tools
