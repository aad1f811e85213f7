#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "tools/simulation/rhx_server.hpp"
#include "tools/simulation/rhx_stimulator.hpp"
#include "tools/simulation/rhx_wire.hpp"

namespace vturn::simulation {

struct RhxAcquisitionSettings {
  std::int64_t first_timestamp = 0;   ///< of the first run; later ones begin at 0
  double seconds_between_blocks = 0;  ///< of wall time, within a burst: what RHX takes to filter a block
};

/// From acquired blocks to TCP writes, as RHX does it: blocks come in USB bursts, the newest waits for its successor
/// (spike detection), TCPNumberDataBlocksPerWrite make one write, waveform first, then their spikes. What is enabled
/// decides at each write. Timestamps begin anew with a run, what was held at its end is never sent.
class RhxAcquisition {
 public:
  using Clock = RhxServer::Clock;

  RhxAcquisition(RhxServer& server, const RhxAcquisitionSettings& settings)
      : server_(server), settings_(settings), stimulator_(server.state().identity.sample_rate_hz) {}

  /// Blocks of one USB read: 8 at 30 kHz, 6 at 25 kHz, 5 at 20 kHz; 1 in playback.
  static std::size_t blocks_per_burst(const RhxIdentity& identity);

  /// A burst that came in at `due` while a run was on.
  void acquire(std::vector<std::unique_ptr<RhxBlock>> burst, Clock::time_point due);
  /// Blocks that wait for their successor and for a whole write.
  [[nodiscard]] std::size_t held() const noexcept { return held_.size(); }
  /// Added to the feed's sample numbers on the wire.
  [[nodiscard]] std::int64_t timestamp_offset() const noexcept { return timestamp_offset_; }
  /// First samples (of the feed) of the stimuli that key presses began; each is told once. `sample_of`: when a press
  /// acts, in blocks that have not been acquired yet.
  std::vector<std::int64_t> take_stimuli(const std::function<std::int64_t(const RhxKeyPress&)>& sample_of);

  struct Run {
    std::int64_t first_sample, first_timestamp;
  };
  [[nodiscard]] const std::vector<Run>& runs() const noexcept { return begun_; }

 private:
  void begin_run(std::int64_t first_sample);
  void write(std::size_t blocks, Clock::time_point due);

  RhxServer& server_;
  RhxAcquisitionSettings settings_;
  RhxStimulator stimulator_;
  std::vector<std::unique_ptr<RhxBlock>> held_;
  std::int64_t timestamp_offset_ = 0;
  std::uint64_t runs_ = 0;  ///< of the state, that were noticed
  std::vector<Run> begun_;
};

}  // namespace vturn::simulation
