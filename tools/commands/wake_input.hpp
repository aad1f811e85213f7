#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "daemon/decode/tracker_check.hpp"
#include "tools/commands/recording_input.hpp"

namespace vturn::tools {

struct WakeData {
  std::vector<SpikeSample> spikes;                          ///< ascending in time
  std::vector<HeadingSample> heading;                       ///< strictly ascending, on the spikes' clock
  std::optional<recordings::PulseAlignment> heading_clock;  ///< the tracker's, when pulses told it
};

/// What calibrations from wake take: spikes of a CSV or a recording, and a tracker's heading on the same clock.
struct WakeInput {
  std::string spikes, heading;
  std::string image_y = "up";
  std::string heading_pulses, gyroscope;
  int pulse_line = -1;
  RecordingOptions recording;

  void add_to(CLI::App& app);
  /// Throws UsageError, CsvError, RecordingError.
  [[nodiscard]] WakeData read() const;
  /// The track's side against the gyroscope's, when there is one. Throws UsageError on a mirrored track; says on stderr
  /// when the gyroscope tells nothing.
  [[nodiscard]] std::optional<HandednessCheck> check_gyroscope(const WakeData& data) const;
};

}  // namespace vturn::tools
