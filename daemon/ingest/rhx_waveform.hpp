#pragma once

#include <cstddef>
#include <cstdint>

#include "daemon/ingest/stream_buffer.hpp"

namespace vturn::ingest {

inline constexpr std::uint32_t kRhxWaveformMagic = 0x2ef07a08;
inline constexpr std::size_t kRhxFramesPerBlock = 128;
/// More columns than RHX can send: 1024 amplifiers with three bands, and what stands behind them.
inline constexpr std::size_t kRhxMaxWords = 4096;

constexpr std::size_t rhx_frame_bytes(std::size_t words) noexcept { return 4 + 2 * words; }
constexpr std::size_t rhx_block_bytes(std::size_t words) noexcept {
  return 4 + kRhxFramesPerBlock * rhx_frame_bytes(words);
}

/// One block of RHX's waveform stream: 128 frames of a timestamp and `words` columns. A view into the parser.
/// Timestamps rise by 1 from frame to frame but for a few jumps forward, where the controller lost samples.
class RhxBlock {
 public:
  RhxBlock() = default;
  RhxBlock(const std::uint8_t* frames, std::size_t words) noexcept : frames_(frames), words_(words) {}

  [[nodiscard]] std::size_t words() const noexcept { return words_; }
  [[nodiscard]] std::uint32_t timestamp(std::size_t frame) const noexcept { return u32_at(frame_at(frame)); }
  [[nodiscard]] std::uint16_t word(std::size_t frame, std::size_t column) const noexcept {
    return u16_at(frame_at(frame) + 4 + 2 * column);
  }
  /// Frames from `frame` on, itself included, whose timestamps follow each other.
  [[nodiscard]] std::size_t contiguous(std::size_t frame) const noexcept;

 private:
  [[nodiscard]] const std::uint8_t* frame_at(std::size_t frame) const noexcept {
    return frames_ + frame * rhx_frame_bytes(words_);
  }

  const std::uint8_t* frames_ = nullptr;
  std::size_t words_ = 0;
};

/// bytes = blocks + bytes_skipped + what is held.
struct RhxWaveformCounters {
  std::uint64_t bytes = 0, block_bytes = 0, bytes_skipped = 0;
  std::uint64_t blocks = 0;
  std::uint64_t resyncs = 0;        ///< times that the next block did not stand where it should
  std::uint64_t width_changes = 0;  ///< times that a block had another number of columns than the one before
};

/// Takes the waveform stream of Intan RHX (3.0-3.4, port 5001) apart into blocks, from reads split anywhere. The
/// stream does not say how many columns a block has: that is known from the block before or from `expect`, and
/// otherwise found as the distance at which timestamps follow each other. Each block proves its width by 128
/// timestamps, so data that look like a magic number are passed over. No allocation after it is made (about 2 MB
/// for kRhxMaxWords).
class RhxWaveformParser {
 public:
  explicit RhxWaveformParser(std::size_t max_words = kRhxMaxWords);

  /// Blocks are expected to have this many columns; others are found nevertheless.
  void expect(std::size_t words) noexcept;
  /// Drops what is held, counted: what comes next does not continue it (a new connection, bytes read by others).
  void break_off() noexcept;

  /// Takes some of the bytes and says how many; take all blocks with `next` before the next call.
  std::size_t store(Bytes bytes) noexcept;
  bool next(RhxBlock& block) noexcept;

  [[nodiscard]] const RhxWaveformCounters& counters() const noexcept { return counters_; }
  [[nodiscard]] std::size_t held() const noexcept { return buffer_.held().size(); }

 private:
  /// kMore: as far as it has come; kUnknown: too little has come to tell.
  enum class Fit : std::uint8_t { kNo, kUnknown, kMore, kYes };

  [[nodiscard]] bool at_magic() noexcept;
  [[nodiscard]] Fit fits(Bytes bytes, std::size_t words) const noexcept;
  [[nodiscard]] Fit infer(std::size_t& words) const noexcept;
  [[nodiscard]] std::size_t later_block() const noexcept;
  void take(std::size_t words, RhxBlock& block) noexcept;
  void skip(std::size_t count) noexcept;

  std::size_t max_words_;
  std::size_t words_;  ///< tried first
  std::size_t last_words_ = 0;
  StreamBuffer buffer_;
  std::size_t taken_ = 0;  ///< bytes of the block that the caller still looks at
  bool in_step_ = false;   ///< the bytes before belonged to a block
  RhxWaveformCounters counters_;
};

}  // namespace vturn::ingest
