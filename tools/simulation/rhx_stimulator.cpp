#include "tools/simulation/rhx_stimulator.hpp"

#include <algorithm>
#include <cmath>

namespace vturn::simulation {
namespace {

const std::string& text(const RhxChannel& channel, const char* item) { return find_item(channel.items, item)->value; }
int number(const RhxChannel& channel, const char* item) { return find_item(channel.items, item)->number(); }

/// Which of its group's 16 lines a digital channel is.
std::size_t line_of(const RhxBoard& board, std::size_t channel) {
  std::size_t line = 0;
  while (line < channel && board.channels()[channel - line - 1].signal == RhxSignal::kDigitalOut) ++line;
  return line;
}

}  // namespace

std::int64_t RhxStimulator::samples(const RhxChannel& channel, const char* microseconds_item) const {
  return std::llround(number(channel, microseconds_item) * 1e-6 * rate_hz_);
}

std::optional<std::int64_t> RhxStimulator::press(const RhxKeyPress& key, std::int64_t sample, const RhxState& state) {
  std::optional<std::int64_t> first;
  const std::string source = "KeyPressF" + std::to_string(key.key);
  const auto& channels = state.board.channels();
  for (std::size_t i = 0; i < channels.size(); ++i) {
    const RhxItem* enabled = find_item(channels[i].items, "StimEnabled");
    const bool uploaded =
        std::find(state.uploaded.begin(), state.uploaded.end(), channels[i].name) != state.uploaded.end();
    if (enabled == nullptr || !enabled->is_true() || !uploaded || text(channels[i], "Source") != source) continue;
    // A level trigger repeats its pulse while it is held; one pulse is what a press is sure to give.
    if (!key.on) continue;
    const std::int64_t at = sample + samples(channels[i], "PostTriggerDelayMicroseconds");
    const auto busy = std::any_of(pulses_.begin(), pulses_.end(), [&](const Pulse& p) {
      return p.channel == i && sample < p.end + samples(channels[i], "RefractoryPeriodMicroseconds");
    });
    if (busy) continue;
    const std::size_t before = pulses_.size();
    begin(i, channels[i], at);
    if (channels[i].signal == RhxSignal::kDigitalOut) {
      const auto bit = static_cast<std::uint16_t>(1U << line_of(state.board, i));
      for (std::size_t p = before; p < pulses_.size(); ++p) pulses_[p].word = bit;
    }
    first = std::min(first.value_or(at), at);
  }
  return first;
}

void RhxStimulator::begin(std::size_t channel, const RhxChannel& with, std::int64_t sample) {
  const bool train = text(with, "PulseOrTrain") == "PulseTrain";
  const int count = train ? number(with, "NumberOfStimPulses") : 1;
  const std::int64_t period = samples(with, "PulseTrainPeriodMicroseconds");
  const std::int64_t phase = std::max<std::int64_t>(1, samples(with, "FirstPhaseDurationMicroseconds"));
  const bool amplifier = with.signal == RhxSignal::kAmplifier;
  const int microamps = amplifier ? number(with, "FirstPhaseAmplitudeMicroAmps") : 0;
  const auto magnitude = static_cast<std::uint16_t>(std::min(255, microamps / 10));  // steps of 10 uA
  const auto negative = static_cast<std::uint16_t>(amplifier && text(with, "Polarity") == "NegativeFirst" ? 0x100 : 0);
  for (int i = 0; i < count; ++i) {
    const std::int64_t at = sample + i * period;
    pulses_.push_back({channel, at, at + phase, static_cast<std::uint16_t>(magnitude | negative)});
    if (!amplifier) continue;
    const std::int64_t second = std::max<std::int64_t>(1, samples(with, "SecondPhaseDurationMicroseconds"));
    pulses_.push_back(
        {channel, at + phase, at + phase + second, static_cast<std::uint16_t>(magnitude | (negative ^ 0x100))});
  }
}

void RhxStimulator::overlay(const RhxBoard& board, const RhxColumn& column, std::int64_t first_sample,
                            RhxWords& words) const {
  const RhxSignal signal = board.channels()[column.channel].signal;
  const bool digital = signal == RhxSignal::kDigitalOut;
  if (!digital && column.band != RhxBand::kStim) return;
  const auto last = first_sample + static_cast<std::int64_t>(words.size());
  for (const auto& pulse : pulses_) {
    if (digital ? board.channels()[pulse.channel].signal != signal : pulse.channel != column.channel) continue;
    for (auto sample = std::max(pulse.begin, first_sample); sample < std::min(pulse.end, last); ++sample) {
      auto& word = words[static_cast<std::size_t>(sample - first_sample)];
      word = digital ? static_cast<std::uint16_t>(word | pulse.word) : pulse.word;
    }
  }
}

void RhxStimulator::forget_before(std::int64_t sample) {
  // The refractory period is longer than the pulse: a second more than enough.
  std::erase_if(pulses_, [&](const Pulse& p) { return p.end + static_cast<std::int64_t>(rate_hz_) < sample; });
}

}  // namespace vturn::simulation
