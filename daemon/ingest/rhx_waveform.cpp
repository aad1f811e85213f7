#include "daemon/ingest/rhx_waveform.hpp"

#include <algorithm>
#include <utility>

namespace vturn::ingest {
namespace {

// A block that is put together at the end has to be moved to the front: seldom.
constexpr std::size_t kBlocksOfRoom = 2;
// Samples that the controller lost show as a jump within a block; at a wrong width next to every step is one. A jump
// that sets off the first or the last frame alone is more likely a damaged timestamp, which would tell of another run.
constexpr std::size_t kMaxJumps = 4;
constexpr std::uint32_t kMaxJump = 1U << 24;

}  // namespace

std::size_t RhxBlock::contiguous(std::size_t frame) const noexcept {
  std::size_t end = frame + 1;
  while (end < kRhxFramesPerBlock && timestamp(end) == timestamp(end - 1) + 1) ++end;
  return end - frame;
}

RhxWaveformParser::RhxWaveformParser(std::size_t max_words)
    : max_words_(max_words), words_(max_words + 1), buffer_(kBlocksOfRoom * rhx_block_bytes(max_words)) {}

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
    Fit fit = fits(buffer_.held(), words);
    if (fit == Fit::kNo || fit == Fit::kUnknown) fit = infer(words);
    if (fit == Fit::kYes) {
      take(words, block);
      return true;
    }
    const bool as_expected = fit == Fit::kMore && words == words_;
    const std::size_t skipped = fit == Fit::kNo ? 1 : as_expected ? 0 : later_block();
    if (skipped == 0) return false;
    skip(skipped);
  }
  return false;
}

void RhxWaveformParser::take(std::size_t words, RhxBlock& block) noexcept {
  if (counters_.blocks > 0 && words != last_words_) ++counters_.width_changes;
  words_ = last_words_ = words;
  in_step_ = true;
  taken_ = rhx_block_bytes(words);
  counters_.block_bytes += taken_;
  ++counters_.blocks;
  block = RhxBlock(buffer_.held().data() + 4, words);
}

/// A whole magic number stands at the front; what lies before it is skipped.
bool RhxWaveformParser::at_magic() noexcept {
  const std::size_t offset = find_magic(buffer_.held(), kRhxWaveformMagic);
  if (offset > 0) skip(offset);
  return buffer_.held().size() >= 4;
}

/// Do timestamps follow each other as far as they have come? `bytes` begin with a magic number.
RhxWaveformParser::Fit RhxWaveformParser::fits(Bytes bytes, std::size_t words) const noexcept {
  if (words > max_words_) return Fit::kNo;
  const std::size_t frame_bytes = rhx_frame_bytes(words);
  std::size_t jumps = 0;
  for (std::size_t at = 4 + frame_bytes, frame = 1; frame < kRhxFramesPerBlock; ++frame, at += frame_bytes) {
    if (at + 4 > bytes.size()) return frame == 1 ? Fit::kUnknown : Fit::kMore;
    const std::uint32_t step = u32_at(&bytes[at]) - u32_at(&bytes[at - frame_bytes]);
    if (step == 0 || step > kMaxJump) return Fit::kNo;
    const bool at_edge = frame == 1 || frame == kRhxFramesPerBlock - 1;
    if (step > 1 && (at_edge || ++jumps > kMaxJumps)) return Fit::kNo;
  }
  return bytes.size() < rhx_block_bytes(words) ? Fit::kMore : Fit::kYes;
}

RhxWaveformParser::Fit RhxWaveformParser::infer(std::size_t& words) const noexcept {
  const Bytes held = buffer_.held();
  for (std::size_t candidate = 0; candidate <= max_words_; ++candidate) {
    const std::size_t second = 4 + rhx_frame_bytes(candidate);
    if (second + 4 > held.size()) return Fit::kUnknown;
    if (u32_at(&held[second]) != u32_at(&held[4]) + 1) continue;
    const Fit fit = fits(held, candidate);
    if (fit == Fit::kNo) continue;
    words = candidate;
    return fit;
  }
  return Fit::kNo;
}

/// Behind damage: where a whole block of the last known width stands, 0 if none does yet. Without it the remains of
/// the damaged one would have to be refuted at every width that there may be.
std::size_t RhxWaveformParser::later_block() const noexcept {
  const Bytes held = buffer_.held();
  for (std::size_t at = 1; at < held.size(); ++at) {
    at += find_magic(held.subspan(at), kRhxWaveformMagic);
    if (at < held.size() && fits(held.subspan(at), words_) == Fit::kYes) return at;
  }
  return 0;
}

void RhxWaveformParser::skip(std::size_t count) noexcept {
  if (count == 0) return;
  buffer_.drop(count);
  counters_.bytes_skipped += count;
  if (std::exchange(in_step_, false)) ++counters_.resyncs;
}

}  // namespace vturn::ingest
