#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tools/recordings/recording.hpp"

namespace vturn::recordings {

/// What an Open Ephys structure.oebin says (GUI 0.4 to 1.0). Folders are relative to continuous/, events/, spikes/.
struct Oebin {
  struct Continuous {
    std::string folder, stream_name;
    double rate_hz = 0.0;
    std::vector<Channel> channels;  ///< may be empty
  };
  struct Events {
    std::string folder, stream_name;
    double rate_hz = 0.0;
  };
  struct Spikes {
    std::string folder, stream_name;
    double rate_hz = 0.0;
    std::vector<std::string> electrodes;  ///< one from GUI 0.6 on, several before
    std::vector<double> bit_volts;        ///< a channel of the waveform; empty when it is not said
  };
  std::string gui_version;
  std::vector<Continuous> continuous;
  std::vector<Events> events;
  std::vector<Spikes> spikes;
};

/// `name` is what errors call the file. Throws RecordingError.
Oebin parse_oebin(std::string_view text, const std::string& name);

}  // namespace vturn::recordings
