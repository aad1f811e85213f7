#pragma once

#include "tools/simulation/player.hpp"
#include "tools/simulation/rhx_capture.hpp"

namespace vturn::simulation {

struct RhxPlaybackSettings {
  RhxServerSettings server;       ///< its identity is the capture's
  bool running = false;           ///< a run is in progress when clients come; else it waits for `set RunMode Run`
  bool as_fast_as_taken = false;  ///< no pace: wait for clients that do not keep up instead of overrunning
  bool stay = false;              ///< after the end RHX stays there, stopped, until its clients have left
};

/// A captured session of RHX: its data ports send the recorded bytes in the recorded receives, whatever channels the
/// client enables (a different set is told on stderr).
class RhxPlayback : public Playback {
 public:
  RhxPlayback(RhxCapture capture, RhxPlaybackSettings settings);

  [[nodiscard]] std::string announcement() const override { return server_.announcement(); }
  [[nodiscard]] const char* awaits() const override;
  void serve_until(Clock::time_point end) override { server_.serve_until(end); }
  [[nodiscard]] bool ready() override;
  [[nodiscard]] bool acquiring() override;
  [[nodiscard]] bool broken() const override { return server_.state().crashed; }
  [[nodiscard]] std::uint64_t pieces() const override { return capture_.pieces.size(); }
  [[nodiscard]] double duration_s() const override { return capture_.duration_s(); }
  [[nodiscard]] std::optional<double> next_s() const override;
  bool send_next() override;
  bool finish(Clock::time_point end) override { return server_.finish(end, settings_.stay); }
  void report(tools::Json& summary) const override { server_.report(summary); }

  [[nodiscard]] RhxServer& server() noexcept { return server_; }

 private:
  void compare_columns();
  void wait_reconnected();
  void follow_timestamp(const RhxPiece& piece);

  RhxCapture capture_;
  RhxPlaybackSettings settings_;
  RhxServer server_;
  std::size_t next_ = 0;
  bool compared_ = false;
};

}  // namespace vturn::simulation
