#include "daemon/ingest/rhx_waveform.hpp"

#include <algorithm>
#include <utility>

namespace vturn::ingest {
namespace {

// Room beside the block that is being put together, so that blocks are seldom moved.
constexpr std::size_t kSlackBytes = 64 * 1024;
// Samples that the controller lost show as a jump within a block; at a wrong width next to every step is one.
constexpr std::size_t kMaxJumps = 4;
constexpr std::uint32_t kMaxJump = 1U << 24;

}  // namespace

std::size_t RhxBlock::contiguous(std::size_t frame) const noexcept {
  std::size_t end = frame + 1;
  while (end < kRhxFramesPerBlock && timestamp(end) == timestamp(end - 1) + 1) ++end;
  return end - frame;
}

RhxWaveformParser::RhxWaveformParser(std::size_t max_words)
    : max_words_(max_words), words_(max_words + 1), buffer_(rhx_block_bytes(max_words) + kSlackBytes) {}

void RhxWaveformParser::expect(std::size_t words) noexcept { words_ = words; }

void RhxWaveformParser::break_off() noexcept {
  buffer_.drop(std::exchange(taken_, 0));
  skip(buffer_.held().size());
  in_step_ = false;
}

std::size_t RhxWaveformParser::store(Bytes bytes) noexcept {
  buffer_.drop(std::exchange(taken_, 0));
  const std::size_t stored = buffer_.store(bytes);
  counters_.bytes += stored;
  return stored;
}

bool RhxWaveformParser::next(RhxBlock& block) noexcept {
  buffer_.drop(std::exchange(taken_, 0));
  while (at_magic()) {
    std::size_t words = words_;
    Fit fit = words <= max_words_ ? fits(words) : Fit::kNo;
    if (fit == Fit::kNo) fit = infer(words);
    if (fit == Fit::kMore) return false;
    if (fit == Fit::kNo) {
      skip(1);
      continue;
    }
    if (counters_.blocks > 0 && words != last_words_) ++counters_.width_changes;
    words_ = last_words_ = words;
    in_step_ = true;
    taken_ = rhx_block_bytes(words);
    counters_.block_bytes += taken_;
    ++counters_.blocks;
    block = RhxBlock(buffer_.held().data() + 4, words);
    return true;
  }
  return false;
}

/// A whole magic number stands at the front; what lies before it is skipped.
bool RhxWaveformParser::at_magic() noexcept {
  const std::size_t offset = find_magic(buffer_.held(), kRhxWaveformMagic);
  if (offset > 0) skip(offset);
  return buffer_.held().size() >= 4;
}

/// Do timestamps follow each other as far as they have come?
RhxWaveformParser::Fit RhxWaveformParser::fits(std::size_t words) const noexcept {
  const Bytes held = buffer_.held();
  const std::size_t frame_bytes = rhx_frame_bytes(words);
  std::size_t jumps = 0;
  for (std::size_t at = 4 + frame_bytes, frame = 1; frame < kRhxFramesPerBlock; ++frame, at += frame_bytes) {
    if (at + 4 > held.size()) return Fit::kMore;
    const std::uint32_t step = u32_at(&held[at]) - u32_at(&held[at - frame_bytes]);
    if (step == 0 || step > kMaxJump) return Fit::kNo;
    if (step > 1 && ++jumps > kMaxJumps) return Fit::kNo;
  }
  return held.size() < rhx_block_bytes(words) ? Fit::kMore : Fit::kYes;
}

RhxWaveformParser::Fit RhxWaveformParser::infer(std::size_t& words) const noexcept {
  const Bytes held = buffer_.held();
  for (std::size_t candidate = 0; candidate <= max_words_; ++candidate) {
    const std::size_t second = 4 + rhx_frame_bytes(candidate);
    if (second + 4 > held.size()) return Fit::kMore;
    if (u32_at(&held[second]) != u32_at(&held[4]) + 1) continue;
    const Fit fit = fits(candidate);
    if (fit == Fit::kNo) continue;
    words = candidate;
    return fit;
  }
  return Fit::kNo;
}

void RhxWaveformParser::skip(std::size_t count) noexcept {
  if (count == 0) return;
  buffer_.drop(count);
  counters_.bytes_skipped += count;
  if (std::exchange(in_step_, false)) ++counters_.resyncs;
}

}  // namespace vturn::ingest
