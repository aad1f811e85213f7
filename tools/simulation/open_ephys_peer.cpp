#include "tools/simulation/open_ephys_peer.hpp"

#include <array>
#include <chrono>
#include <thread>

#include "tools/lib/interrupt.hpp"

namespace vturn::simulation {
namespace {

constexpr int kHighWater = 20000;

std::int64_t unix_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

GuiDescription describe(const MouseSettings& mouse, const WireSettings& wire) {
  const auto dot = wire.stream.rfind('.');
  return {wire.stream.substr(dot == std::string::npos ? 0 : dot + 1), wire.source_node, wire.detector_node,
          mouse.rate_hz, wire.channels.size()};
}

}  // namespace

OpenEphysPeer::OpenEphysPeer(const MouseSettings& mouse, const OpenEphysSettings& settings)
    : settings_(settings), wire_(mouse, settings.wire), publisher_(context_, settings.address, kHighWater) {
  if (const auto listen = address_with_port_plus(publisher_.endpoint(), 1)) heartbeat_.emplace(context_, *listen);
  if (!settings.http.empty()) http_ = std::make_unique<GuiHttp>(settings.http, describe(mouse, settings.wire));
}

std::string OpenEphysPeer::announcement() const {
  return publisher_.endpoint() + ", stream " + settings_.wire.stream + ", " +
         std::to_string(settings_.wire.channels.size()) + " channels";
}

void OpenEphysPeer::serve_until(Clock::time_point end) {
  publisher_.subscribers();
  if (heartbeat_) heartbeat_->service();
  std::this_thread::sleep_until(end);
}

void OpenEphysPeer::send(const Block& block, Clock::time_point) {
  wire_.send(block, unix_ms(), [&](const WireMessage& message) { publish(message); });
}

void OpenEphysPeer::publish(const WireMessage& message) {
  const auto bytes = [](std::string_view text) {
    return std::span<const std::uint8_t>{reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
  };
  const std::array<std::span<const std::uint8_t>, 3> parts{bytes(message.envelope), bytes(message.header),
                                                           message.payload};
  publisher_.send(parts, tools::interrupted);
}

}  // namespace vturn::simulation
