#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "tools/lib/json_out.hpp"

namespace vturn::simulation {

struct PlaySettings {
  std::filesystem::path capture;
  std::string address = "tcp://127.0.0.1:5556";
  std::string follow;          ///< vturnd's PUB, empty = none
  double speed = 1.0;          ///< of the recorded receive times; 0 = as fast as it goes
  double run_ahead_ms = 50.0;  ///< over the published session time, with follow
  double follow_timeout_s = 30.0;
  double linger_s = 10.0;  ///< how long the end may wait for delivery
  bool wait_subscriber = true;
};

struct PlayResult {
  tools::Json summary;
  int exit_code = 0;
};

/// Serves a captured byte stream (framing of daemon/ingest/capture_frames.hpp, plain or zstd) on a PUB socket at its
/// recorded pace, never dropping a message. The capture is checked to its end before anything is sent: a cut-off or
/// damaged one throws with its name, the byte and the number of whole messages before it.
PlayResult play(const PlaySettings& settings);

}  // namespace vturn::simulation
