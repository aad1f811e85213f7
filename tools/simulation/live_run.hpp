#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/lib/json_out.hpp"
#include "tools/simulation/hypnogram.hpp"
#include "tools/simulation/mouse.hpp"
#include "tools/simulation/pace.hpp"

namespace vturn::simulation {

/// The program that the mouse's data come out of.
class MousePeer : public Peer {
 public:
  /// Samples that it acquires at once.
  [[nodiscard]] virtual std::size_t block_samples() const = 0;
  /// Sends what the mouse did in one block, whose last sample was due at `due` by the wall clock.
  virtual void send(const Block& block, Clock::time_point due) = 0;
  /// Sample number on the wire of the mouse's sample 0: shifts when acquisition begins anew.
  [[nodiscard]] virtual std::int64_t sample_offset() const = 0;
  /// When (s of the mouse) stimuli that its own outputs delivered take effect, in order; each is told once.
  virtual std::vector<double> take_stimuli() { return {}; }
};

/// `vturn simulate`: one run of the mouse, whatever the program.
struct LiveSettings : PaceSettings {
  MouseSettings mouse;
  std::string tracking;              ///< HOST:PORT, empty = none
  std::string stimulation;           ///< HOST:PORT to listen on, empty = none
  std::string truth;                 ///< folder, empty = none
  double duration_s = 0.0;           ///< 0 = the hypnogram's
  double device_latency_ms = 60.0;   ///< a stimulus takes effect so long after the deciding session time
  std::optional<double> stall_at_s;  ///< nothing is sent for stall_s of wall time, then it catches up
  double stall_s = 0.0;
  double linger_s = 10.0;  ///< how long the end may wait for delivery
};

struct LiveResult {
  tools::Json summary;
  int exit_code = 0;
};

/// Runs to the end of the duration or until interrupted. Stimuli that came too late, or a vturnd that stopped
/// publishing, make the exit code 1. Set-up errors throw.
LiveResult run_live(const LiveSettings& settings, Hypnogram hypnogram, MousePeer& peer);

}  // namespace vturn::simulation
