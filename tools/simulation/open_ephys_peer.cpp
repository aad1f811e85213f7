#include "tools/simulation/open_ephys_peer.hpp"

#include <chrono>
#include <thread>

#include "tools/lib/interrupt.hpp"
#include "tools/simulation/event_broadcaster_wire.hpp"
#include "tools/simulation/falcon_wire.hpp"
#include "tools/simulation/open_ephys_wire.hpp"

namespace vturn::simulation {
namespace {

constexpr int kHighWater = 20000;

std::int64_t unix_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

double monotonic_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::unique_ptr<GuiWire> make_wire(const MouseSettings& mouse, const OpenEphysSettings& settings) {
  switch (settings.plugin) {
    case GuiPlugin::kZmqInterface:
      return std::make_unique<OpenEphysWire>(mouse, settings.wire);
    case GuiPlugin::kFalconOutput:
      return std::make_unique<FalconWire>(mouse, settings.wire);
    default:
      return std::make_unique<EventBroadcasterWire>(mouse, settings.wire,
                                                    settings.plugin == GuiPlugin::kEventBroadcasterRaw);
  }
}

GuiDescription describe(const MouseSettings& mouse, const OpenEphysSettings& settings, const char* plugin) {
  const auto& wire = settings.wire;
  const auto dot = wire.stream.rfind('.');
  return {wire.stream.substr(dot == std::string::npos ? 0 : dot + 1),
          plugin,
          wire.source_node,
          wire.detector_node,
          mouse.rate_hz,
          wire.channels.size()};
}

}  // namespace

OpenEphysPeer::OpenEphysPeer(const MouseSettings& mouse, const OpenEphysSettings& settings)
    : settings_(settings),
      wire_(make_wire(mouse, settings)),
      publisher_(context_, settings.address, kHighWater),
      rate_hz_(mouse.rate_hz) {
  const auto next_port = address_with_port_plus(publisher_.endpoint(), 1);
  if (settings.plugin == GuiPlugin::kZmqInterface && next_port) heartbeat_.emplace(context_, *next_port);
  if (!settings.http.empty()) {
    http_ = std::make_unique<GuiHttp>(settings.http, describe(mouse, settings, wire_->plugin()));
  }
}

std::string OpenEphysPeer::announcement() const {
  std::string text =
      std::string(wire_->plugin()) + " at " + publisher_.endpoint() + ", stream " + settings_.wire.stream;
  const bool broadcaster =
      settings_.plugin == GuiPlugin::kEventBroadcasterJson || settings_.plugin == GuiPlugin::kEventBroadcasterRaw;
  return broadcaster ? text : text + ", " + std::to_string(settings_.wire.channels.size()) + " channels";
}

void OpenEphysPeer::serve_until(Clock::time_point end) {
  publisher_.subscribers();
  if (heartbeat_) heartbeat_->service();
  std::this_thread::sleep_until(end);
}

double OpenEphysPeer::withheld_s() const { return static_cast<double>(next_sample_ - wire_->newest_told()) / rate_hz_; }

void OpenEphysPeer::send(const Block& block, Clock::time_point) {
  next_sample_ = block.first_sample + static_cast<std::int64_t>(block.samples);
  wire_->send(block, {unix_ms(), monotonic_s()}, [&](auto parts) { publisher_.send(parts, tools::interrupted); });
}

}  // namespace vturn::simulation
