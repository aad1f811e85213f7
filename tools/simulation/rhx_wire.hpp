#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "tools/simulation/rhx_board.hpp"

namespace vturn::simulation {

inline constexpr std::size_t kRhxBlockFrames = 128;
inline constexpr std::uint8_t kRhxCrossing = 0x01, kRhxArtefact = 0x80;

/// A threshold crossing; `sample` counts like RhxBlock::first_sample.
struct RhxSpike {
  std::size_t channel;  ///< of the board
  std::int64_t sample;
  std::uint8_t id = kRhxCrossing;
};

using RhxWords = std::array<std::uint16_t, kRhxBlockFrames>;

/// 128 frames that a controller acquired.
class RhxBlock {
 public:
  explicit RhxBlock(std::int64_t first) : first_sample(first) {}
  virtual ~RhxBlock() = default;
  RhxBlock(const RhxBlock&) = delete;
  RhxBlock& operator=(const RhxBlock&) = delete;

  /// The words of a column; of AUX the true signal, each value four times.
  virtual void words(const RhxBoard& board, const RhxColumn& column, RhxWords& out) const = 0;

  std::int64_t first_sample;
  std::vector<RhxSpike> spikes;  ///< by sample, simultaneous ones by channel
};

/// A signal in the words of RHX: microvolts of an amplifier (0.195 a step), volts of AUX and of the analog ports of
/// USB3 and RHS boards.
std::uint16_t rhx_amplifier_word(double microvolts);
std::uint16_t rhx_aux_word(double volts);
std::uint16_t rhx_analog_word(double volts);
inline constexpr std::uint16_t kRhxVddWord = 44118;  ///< 3.3 V
inline constexpr std::uint16_t kRhxZeroVoltsUsb2 = 0, kRhxZeroVolts = 32768, kRhxZeroDc = 512, kRhxIdleStim = 0x0100;

/// What a channel's word is when nothing is connected to it.
std::uint16_t rhx_resting_word(const RhxIdentity& identity, const RhxBoard& board, const RhxColumn& column);

/// One TCP write of the waveform port: the blocks, `timestamp_offset` added to their sample numbers. AUX is sent as RHX
/// sends it: within a write only the first quarter of the true values, each for four times as long.
std::vector<std::uint8_t> rhx_waveform_bytes(std::span<const std::unique_ptr<RhxBlock>> blocks, const RhxBoard& board,
                                             std::int64_t timestamp_offset);
/// The spikes of the blocks, of the channels that send them.
std::vector<std::uint8_t> rhx_spike_bytes(std::span<const std::unique_ptr<RhxBlock>> blocks, const RhxBoard& board,
                                          std::int64_t timestamp_offset);

}  // namespace vturn::simulation
