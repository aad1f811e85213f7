#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tools/simulation/mouse.hpp"

namespace vturn::simulation {

struct GuiTtl {
  std::int64_t sample;  ///< the mouse's
  std::uint8_t line, state;
  std::uint64_t word;
};

inline constexpr std::size_t kGuiWaveformSamples = 40;
inline constexpr std::size_t kGuiTroughIndex = 9;  ///< measured on the GUI: pre-peak + 1
inline constexpr double kGuiThresholdUv = -60.0;

struct GuiSpike {
  UnitId unit;
  const std::string& electrode;
  std::int64_t sample;
  const std::vector<float>& waveform_uv;  ///< until the next one
};

/// The events of a block in the order in which the GUI hands them on: TTL edges (1 Hz, 10 ms, line 0), then the spikes
/// of its Spike Detector electrode by electrode, so not in time order. Those of a block's last 100 samples come with
/// the next block, and a crossing in the last 32 samples is stamped 4-7 samples early, as GUI 1.0.1 does.
class GuiEvents {
 public:
  explicit GuiEvents(const MouseSettings& mouse);

  void take(const Block& block, const std::function<void(const GuiTtl&)>& ttl,
            const std::function<void(const GuiSpike&)>& spike);
  /// Spikes held back are lost: acquisition began anew.
  void forget() { pending_.clear(); }

 private:
  struct Pending {
    UnitId unit;
    std::int64_t sample;
  };
  void spikes(const Block& block, const std::function<void(const GuiSpike&)>& spike);
  void draw_waveform(UnitId unit);

  double rate_hz_;
  std::vector<std::string> electrodes_;
  std::vector<float> amplitudes_uv_;
  Random random_;
  std::vector<Pending> pending_;
  std::vector<float> waveform_;
};

/// Rises and falls of the pulse line in [first, first + samples).
std::vector<GuiTtl> gui_pulses(std::int64_t first_sample, std::size_t samples, double rate_hz);

}  // namespace vturn::simulation
