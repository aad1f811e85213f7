#include "tools/simulation/rhx_wire.hpp"

#include <algorithm>
#include <cmath>

namespace vturn::simulation {
namespace {

constexpr std::uint32_t kBlockMagic = 0x2ef07a08, kSpikeMagic = 0x3ae2710f;
constexpr std::size_t kSpikeBytes = 14, kNameBytes = 5;

template <class Integer>
void put(std::uint8_t* at, Integer value) {
  for (std::size_t i = 0; i < sizeof value; ++i) at[i] = static_cast<std::uint8_t>(value >> (8 * i));
}

}  // namespace

std::uint16_t rhx_amplifier_word(double microvolts) {
  return static_cast<std::uint16_t>(std::clamp(std::lround(microvolts / 0.195) + 32768L, 0L, 65535L));
}

std::uint16_t rhx_aux_word(double volts) {
  return static_cast<std::uint16_t>(std::clamp(std::lround(volts / 37.4e-6), 0L, 65535L));
}

std::uint16_t rhx_analog_word(double volts) {
  return static_cast<std::uint16_t>(std::clamp(std::lround(volts / 312.5e-6) + 32768L, 0L, 65535L));
}

std::uint16_t rhx_resting_word(const RhxIdentity& identity, const RhxBoard& board, const RhxColumn& column) {
  switch (board.channels()[column.channel].signal) {
    case RhxSignal::kAmplifier:
      if (column.band == RhxBand::kDc) return kRhxZeroDc;
      return column.band == RhxBand::kStim ? kRhxIdleStim : rhx_amplifier_word(0.0);
    case RhxSignal::kVdd:
      return kRhxVddWord;
    case RhxSignal::kAnalogIn:
    case RhxSignal::kAnalogOut:
      return identity.type == "ControllerRecordUSB2" ? kRhxZeroVoltsUsb2 : kRhxZeroVolts;
    default:
      return 0;
  }
}

std::vector<std::uint8_t> rhx_waveform_bytes(std::span<const std::unique_ptr<RhxBlock>> blocks, const RhxBoard& board,
                                             std::int64_t timestamp_offset) {
  const auto& columns = board.columns();
  const std::size_t frame_bytes = 4 + 2 * columns.size();
  const std::size_t block_bytes = 4 + kRhxBlockFrames * frame_bytes;
  std::vector<std::uint8_t> bytes(blocks.size() * block_bytes);
  const auto frame = [&](std::size_t i) {
    return bytes.data() + i / kRhxBlockFrames * block_bytes + 4 + i % kRhxBlockFrames * frame_bytes;
  };
  const std::size_t frames = blocks.size() * kRhxBlockFrames;
  for (std::size_t i = 0; i < frames; ++i) {
    const auto& block = *blocks[i / kRhxBlockFrames];
    const auto sample = block.first_sample + static_cast<std::int64_t>(i % kRhxBlockFrames) + timestamp_offset;
    put(frame(i), static_cast<std::uint32_t>(sample));
  }
  std::vector<RhxWords> words(blocks.size());
  for (std::size_t c = 0; c < columns.size(); ++c) {
    for (std::size_t b = 0; b < blocks.size(); ++b) blocks[b]->words(board, columns[c], words[b]);
    const std::size_t stretch = board.channels()[columns[c].channel].signal == RhxSignal::kAux ? 4 : 1;
    for (std::size_t i = 0; i < frames; ++i) {
      const std::size_t from = i / stretch;
      put(frame(i) + 4 + 2 * c, words[from / kRhxBlockFrames][from % kRhxBlockFrames]);
    }
  }
  for (std::size_t b = 0; b < blocks.size(); ++b) put(bytes.data() + b * block_bytes, kBlockMagic);
  return bytes;
}

std::vector<std::uint8_t> rhx_spike_bytes(std::span<const std::unique_ptr<RhxBlock>> blocks, const RhxBoard& board,
                                          std::int64_t timestamp_offset) {
  const auto& sends = board.spike_channels();
  std::vector<std::uint8_t> bytes;
  for (const auto& block : blocks) {
    for (const auto& spike : block->spikes) {
      if (!sends[spike.channel]) continue;
      const std::string& name = board.channels()[spike.channel].name;
      bytes.resize(bytes.size() + kSpikeBytes);
      std::uint8_t* const chunk = bytes.data() + bytes.size() - kSpikeBytes;
      put(chunk, kSpikeMagic);
      std::copy_n(name.begin(), std::min(kNameBytes, name.size()), chunk + 4);
      put(chunk + 4 + kNameBytes, static_cast<std::uint32_t>(spike.sample + timestamp_offset));
      chunk[kSpikeBytes - 1] = spike.id;
    }
  }
  return bytes;
}

}  // namespace vturn::simulation
