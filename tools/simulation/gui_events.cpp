#include "tools/simulation/gui_events.hpp"

#include <algorithm>
#include <cmath>

namespace vturn::simulation {
namespace {

constexpr std::int64_t kHeldBack = 100;
constexpr std::int64_t kMisaligned = 32;
constexpr float kNoiseUv = 8.0F;

}  // namespace

GuiEvents::GuiEvents(const MouseSettings& mouse)
    : rate_hz_(mouse.rate_hz), random_(mouse.seed, 10), waveform_(kGuiWaveformSamples) {
  for (std::size_t unit = 0; unit < mouse.units(); ++unit) {
    electrodes_.push_back("Electrode " + std::to_string(unit + 1));
    amplitudes_uv_.push_back(static_cast<float>(random_.uniform(110.0, 220.0)));
  }
}

void GuiEvents::take(const Block& block, const std::function<void(const GuiTtl&)>& ttl,
                     const std::function<void(const GuiSpike&)>& spike) {
  for (const auto& edge : gui_pulses(block.first_sample, block.samples, rate_hz_)) ttl(edge);
  spikes(block, spike);
}

std::vector<GuiTtl> gui_pulses(std::int64_t first_sample, std::size_t samples, double rate_hz) {
  std::vector<GuiTtl> edges;
  const auto period = static_cast<std::int64_t>(rate_hz);
  const std::int64_t rise = period / 2, fall = rise + period / 100;
  const std::int64_t end = first_sample + static_cast<std::int64_t>(samples);
  for (std::int64_t second = first_sample / period; second <= end / period; ++second) {
    for (const auto& [edge, state] : {std::pair{rise, std::uint8_t{1}}, std::pair{fall, std::uint8_t{0}}}) {
      const std::int64_t sample = second * period + edge;
      if (sample >= first_sample && sample < end) edges.push_back({sample, 0, state, state});
    }
  }
  return edges;
}

void GuiEvents::draw_waveform(UnitId unit) {
  const float amplitude = amplitudes_uv_[unit];
  for (std::size_t i = 0; i < kGuiWaveformSamples; ++i) {
    const auto x = static_cast<float>(static_cast<double>(i) - static_cast<double>(kGuiTroughIndex));
    const float shape = -std::exp(-x * x / 18.0F) + 0.3F * std::exp(-(x - 12.0F) * (x - 12.0F) / 60.0F);
    waveform_[i] = amplitude * shape + kNoiseUv * static_cast<float>(random_.normal());
  }
}

void GuiEvents::spikes(const Block& block, const std::function<void(const GuiSpike&)>& spike) {
  for (const auto& s : block.spikes) {
    pending_.push_back({s.unit, static_cast<std::int64_t>(std::floor(s.time_s * rate_hz_))});
  }
  const std::int64_t end = block.first_sample + static_cast<std::int64_t>(block.samples) - kHeldBack;
  const auto held =
      std::stable_partition(pending_.begin(), pending_.end(), [&](const auto& s) { return s.sample < end; });
  std::stable_sort(pending_.begin(), held, [](const auto& a, const auto& b) { return a.unit < b.unit; });
  for (auto it = pending_.begin(); it != held; ++it) {
    const bool misaligned = it->sample >= block.first_sample - kMisaligned && it->sample < block.first_sample;
    const std::int64_t early = misaligned ? 4 + static_cast<std::int64_t>(random_.bits() % 4) : 0;
    draw_waveform(it->unit);
    spike({it->unit, electrodes_[it->unit], it->sample - early, waveform_});
  }
  pending_.erase(pending_.begin(), held);
}

}  // namespace vturn::simulation
