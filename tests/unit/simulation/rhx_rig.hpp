#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/simulation/rhx_client.hpp"
#include "tools/simulation/rhx_peer.hpp"

namespace vturn::simulation::test {

using UnitSamples = std::map<std::string, std::vector<std::int64_t>>;

inline RhxPeerSettings make_settings(const std::string& type = "ControllerRecordUSB3") {
  RhxPeerSettings s;
  s.server.address = "127.0.0.1:0";
  s.server.waveform_port = s.server.spike_port = 0;
  s.server.identity.type = type;
  s.speed = 0.0;
  return s;
}

/// A mouse, its RHX and a client of all ports.
struct Rig {
  explicit Rig(const RhxPeerSettings& settings, double rate_hz = 30000.0, MouseSettings of = {})
      : mouse_settings((of.rate_hz = rate_hz, of)),
        mouse(mouse_settings, *Hypnogram::parse("W40 N40")),
        peer(mouse_settings, settings),
        client(peer.server()) {}

  void enable(const std::vector<std::string>& items, int blocks_per_write = 1) {
    std::string message =
        "execute clearalldataoutputs;set tcpnumberdatablocksperwrite " + std::to_string(blocks_per_write) + ";";
    for (const auto& item : items) message += "set " + item + " true;";
    REQUIRE(client.say(message).empty());
    for (const auto& column : peer.server().state().board.columns())
      columns.push_back(peer.server().state().board.column_name(column));
  }
  void connect() {
    client.connect_waveform();
    client.connect_spike();
  }
  void run() { REQUIRE(client.say("set runmode run;").empty()); }
  void stop() { REQUIRE(client.say("set runmode stop;").empty()); }

  void live(int bursts) {
    for (int i = 0; i < bursts; ++i) {
      for (const double at_s : peer.take_stimuli()) effects_s.push_back(at_s);
      lived.push_back(mouse.step(peer.block_samples()));
      peer.send(lived.back(), Peer::Clock::now());
      pump_all();
    }
  }

  /// All that RHX has written so far.
  void pump_all() {
    const auto& server = peer.server();
    client.pump_until([&] {
      return server.bytes_sent(RhxStream::kWaveform) == client.waveform.size() &&
             server.bytes_sent(RhxStream::kSpike) == client.spikes.size() && server.everything_sent();
    });
  }

  [[nodiscard]] std::vector<Frame> frames() const { return parse_frames(client.waveform, columns.size()); }
  [[nodiscard]] std::size_t column(const std::string& name) const {
    const auto at = std::find(columns.begin(), columns.end(), name);
    REQUIRE(at != columns.end());
    return static_cast<std::size_t>(at - columns.begin());
  }
  /// Of one of the mouse's channels, over all that it lived.
  [[nodiscard]] std::vector<float> signal(std::size_t channel) const {
    std::vector<float> all;
    for (const auto& block : lived)
      all.insert(all.end(), block.channels[channel].begin(), block.channels[channel].end());
    return all;
  }

  MouseSettings mouse_settings;
  Mouse mouse;
  RhxPeer peer;
  RhxClient client;
  std::vector<std::string> columns;
  std::vector<Block> lived;
  std::vector<double> effects_s;
};

/// Without a helper of the simulation: 63 units on.
inline std::string amplifier(std::size_t unit) {
  std::string number = std::to_string(unit);
  return "A-" + std::string(3 - number.size(), '0') + number;
}

inline std::vector<std::string> spike_items(std::size_t units = 63) {
  std::vector<std::string> items;
  for (std::size_t unit = 0; unit < units; ++unit) items.push_back(amplifier(unit) + ".tcpdataoutputenabledspike");
  return items;
}

inline bool contiguous(const std::vector<Frame>& frames, std::size_t begin, std::size_t end, std::uint32_t first) {
  for (std::size_t i = begin; i < end; ++i) {
    if (frames[i].timestamp != first + static_cast<std::uint32_t>(i - begin)) return false;
  }
  return true;
}

inline UnitSamples by_name(const std::vector<Chunk>& chunks) {
  UnitSamples all;
  for (const auto& chunk : chunks) all[chunk.name].push_back(chunk.timestamp);
  return all;
}

}  // namespace vturn::simulation::test
