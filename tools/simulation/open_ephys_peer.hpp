#pragma once

#include <memory>
#include <optional>
#include <string>

#include "tools/simulation/gui_http.hpp"
#include "tools/simulation/gui_wire.hpp"
#include "tools/simulation/live_run.hpp"
#include "tools/simulation/publisher.hpp"

namespace vturn::simulation {

/// Through which of its plugins the GUI is heard.
enum class GuiPlugin : std::uint8_t { kZmqInterface, kEventBroadcasterJson, kEventBroadcasterRaw, kFalconOutput };

struct OpenEphysSettings {
  GuiPlugin plugin = GuiPlugin::kZmqInterface;
  WireSettings wire;
  std::string address = "tcp://127.0.0.1:5556";
  std::string http = "127.0.0.1:37497";  ///< empty = none
  std::size_t block_samples = 204;
};

/// The Open Ephys GUI with an output plugin: its data socket, the ZMQ Interface's heartbeat socket on the port above,
/// the GUI's HTTP server.
class OpenEphysPeer : public MousePeer {
 public:
  OpenEphysPeer(const MouseSettings& mouse, const OpenEphysSettings& settings);

  [[nodiscard]] std::string announcement() const override;
  [[nodiscard]] const char* awaits() const override { return "a subscriber"; }
  void serve_until(Clock::time_point end) override;
  [[nodiscard]] bool ready() override { return publisher_.subscribers() > 0; }
  [[nodiscard]] std::size_t block_samples() const override { return settings_.block_samples; }
  void send(const Block& block, Clock::time_point due) override;
  [[nodiscard]] std::int64_t sample_offset() const override { return wire_->sample_offset(); }
  [[nodiscard]] double withheld_s() const override;
  void report(tools::Json& summary) const override { summary["messages"] = wire_->messages(); }

 private:
  OpenEphysSettings settings_;
  std::unique_ptr<GuiWire> wire_;
  ZmqContext context_;
  Publisher publisher_;
  std::optional<HeartbeatReply> heartbeat_;
  std::unique_ptr<GuiHttp> http_;
  double rate_hz_;
  std::int64_t next_sample_ = 0;
};

}  // namespace vturn::simulation
