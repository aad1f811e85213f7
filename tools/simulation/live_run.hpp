#pragma once

#include <optional>
#include <string>

#include "tools/lib/json_out.hpp"
#include "tools/simulation/hypnogram.hpp"
#include "tools/simulation/open_ephys_wire.hpp"

namespace vturn::simulation {

/// `vturn simulate --as open-ephys`.
struct LiveSettings {
  MouseSettings mouse;
  WireSettings wire;
  std::string address = "tcp://127.0.0.1:5556";
  std::string http = "127.0.0.1:37497";  ///< empty = none
  std::string tracking;                  ///< HOST:PORT, empty = none
  std::string stimulation;               ///< HOST:PORT to listen on, empty = none
  std::string follow;                    ///< vturnd's PUB, empty = none
  std::string truth;                     ///< folder, empty = none
  double duration_s = 0.0;               ///< 0 = the hypnogram's
  std::size_t block_samples = 204;
  double speed = 1.0;  ///< 0 = as fast as it goes
  double run_ahead_ms = 50.0;
  double device_latency_ms = 60.0;  ///< a stimulus takes effect so long after the deciding session time
  double follow_timeout_s = 30.0;
  std::optional<double> stall_at_s;  ///< nothing is sent for stall_s of wall time, then it catches up
  double stall_s = 0.0;
  bool wait_subscriber = true;
};

struct LiveResult {
  tools::Json summary;
  int exit_code = 0;
};

/// Runs to the end of the duration or until interrupted. Stimuli that came too late, or a vturnd that stopped
/// publishing, make the exit code 1. Set-up errors throw.
LiveResult run_live(const LiveSettings& settings, Hypnogram hypnogram);

}  // namespace vturn::simulation
