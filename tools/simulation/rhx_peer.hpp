#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/simulation/faults.hpp"
#include "tools/simulation/live_run.hpp"
#include "tools/simulation/rhx_acquisition.hpp"
#include "tools/simulation/rhx_mouse.hpp"
#include "tools/simulation/rhx_server.hpp"

namespace vturn::simulation {

struct RhxPeerSettings {
  RhxServerSettings server;  ///< its ports are those that the mouse needs, its rate is the mouse's
  RhxMouseSettings mouse;
  FaultSettings faults;
  std::optional<std::int64_t> first_timestamp;  ///< of the first run; else 0, of RHS 50 ms
  bool running = false;                         ///< a run is in progress when clients come
  bool stay = false;                            ///< after the end RHX stays, stopped, until its clients have left
  double speed = 1.0;                           ///< of the run; 0 = as fast as its clients take it
};

/// Intan RHX with the digital mouse on its controller. Time passes while a run is on.
class RhxPeer : public MousePeer {
 public:
  RhxPeer(const MouseSettings& mouse, const RhxPeerSettings& settings);

  [[nodiscard]] std::string announcement() const override;
  [[nodiscard]] const char* awaits() const override;
  void serve_until(Clock::time_point end) override { server_.serve_until(end); }
  [[nodiscard]] bool ready() override;
  [[nodiscard]] bool acquiring() override { return server_.state().running(); }
  [[nodiscard]] double withheld_s() const override;
  [[nodiscard]] bool broken() const override { return server_.state().crashed; }
  [[nodiscard]] std::size_t block_samples() const override { return block_samples_; }
  void send(const Block& block, Clock::time_point due) override;
  [[nodiscard]] std::int64_t sample_offset() const override { return acquisition_.timestamp_offset(); }
  std::vector<double> take_stimuli() override;
  bool finish(Clock::time_point end) override { return server_.finish(end, settings_.stay); }
  void report(tools::Json& summary) const override;

  [[nodiscard]] RhxServer& server() noexcept { return server_; }

 private:
  [[nodiscard]] std::int64_t sample_at(double steady_s) const;

  RhxPeerSettings settings_;
  MouseSettings mouse_settings_;
  RhxServer server_;
  RhxMouse mouse_;
  RhxAcquisition acquisition_;
  Faults faults_;
  std::size_t block_samples_;
  std::int64_t next_sample_ = 0;         ///< that the mouse has not lived yet
  std::optional<double> next_begins_s_;  ///< on the steady clock, when it goes at a pace
  std::uint64_t spikes_ = 0;
};

}  // namespace vturn::simulation
