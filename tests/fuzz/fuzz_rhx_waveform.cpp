// A waveform stream of RHX, made block by block and damaged as the input says, in reads of any size. Every byte is
// accounted for, every block that comes out has timestamps that follow each other, and of an undamaged stream none is
// missing.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "daemon/ingest/rhx_waveform.hpp"

using namespace vturn::ingest;

namespace {

constexpr std::size_t kMaxWords = 12;
constexpr std::size_t kMaxStreamBytes = 8 * 1024;
// Each read costs a look at the whole block again; single bytes are the unit tests' part.
constexpr std::size_t kMaxReads = 24;

void require(bool holds) {
  if (!holds) std::abort();
}

/// Two bytes a step: what, and how much.
class Stream {
 public:
  Stream(Bytes program, std::vector<std::uint8_t>& bytes) : bytes_(bytes) {
    bytes_.clear();
    for (std::size_t i = 0; i + 1 < program.size() && bytes_.size() < kMaxStreamBytes; i += 2)
      step(program[i], program[i + 1]);
  }
  [[nodiscard]] bool whole() const noexcept { return whole_; }
  [[nodiscard]] std::uint64_t blocks() const noexcept { return blocks_; }

 private:
  void step(std::uint8_t what, std::uint8_t much) {
    switch (what % 8) {
      case 0:
        words_ = much % (kMaxWords + 1);
        return block(0);
      case 1:
        return block(0);
      case 2:  // another run
        timestamp_ = much * 500U;
        return block(0);
      case 3:  // samples lost between blocks
        timestamp_ += much * 100U;
        return block(0);
      case 4:  // samples lost within
        return block(1 + much % 127);
      case 5:
        return litter(much);
      case 6:
        bytes_.resize(bytes_.size() - std::min<std::size_t>(bytes_.size(), much));
        break;
      default:
        if (!bytes_.empty()) bytes_[bytes_.size() - 1 - (much * 7U) % bytes_.size()] ^= static_cast<std::uint8_t>(what);
        break;
    }
    whole_ = false;
  }
  void block(std::size_t jump_at) {
    put(kRhxWaveformMagic, 4);
    for (std::size_t frame = 0; frame < kRhxFramesPerBlock; ++frame) {
      if (jump_at > 0 && frame == jump_at) timestamp_ += 9;
      put(timestamp_++, 4);
      for (std::size_t column = 0; column < words_; ++column) put(static_cast<std::uint32_t>(frame * column), 2);
    }
    // A jump that sets off a block's first or last frame is taken for damage.
    if (jump_at == 1 || jump_at == kRhxFramesPerBlock - 1) whole_ = false;
    ++blocks_;
  }
  /// Bytes that begin like a block.
  void litter(std::uint8_t much) {
    put(kRhxWaveformMagic, 1 + much % 4);
    for (int i = 0; i < much; ++i) put(much * 0x01010101U, 1);
    whole_ = false;
  }
  void put(std::uint32_t value, int size) {
    for (int i = 0; i < size; ++i) bytes_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }

  std::vector<std::uint8_t>& bytes_;
  std::size_t words_ = 1;
  std::uint32_t timestamp_ = 0xFFFFFF00U;
  std::uint64_t blocks_ = 0;
  bool whole_ = true;
};

void check(const RhxBlock& block) {
  require(block.words() <= kMaxWords);
  std::size_t stretches = 0, frames = 0;
  for (; frames < kRhxFramesPerBlock; ++stretches) frames += block.contiguous(frames);
  require(frames == kRhxFramesPerBlock && stretches <= 5);
  std::uint32_t sum = 0;
  for (std::size_t column = 0; column < block.words(); ++column) sum += block.word(127, column);
  volatile std::uint32_t kept = sum;
  static_cast<void>(kept);
}

}  // namespace

/// Input: expected columns, size of reads, then the stream's steps.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  static RhxWaveformParser parser(kMaxWords);
  static std::vector<std::uint8_t> bytes;
  const Stream stream(Bytes(data + 2, size - 2), bytes);
  parser.break_off();
  parser.expect(data[0]);
  const RhxWaveformCounters before = parser.counters();
  const std::size_t read = std::max<std::size_t>(1 + data[1] * 13U, bytes.size() / kMaxReads);
  for (Bytes left(bytes); !left.empty();) {
    left = left.subspan(parser.store(left.first(std::min(read, left.size()))));
    RhxBlock block;
    while (parser.next(block)) check(block);
  }
  const RhxWaveformCounters& after = parser.counters();
  require(after.bytes == after.block_bytes + after.bytes_skipped + parser.held());
  require(after.bytes - before.bytes == bytes.size());
  if (!stream.whole()) return 0;
  require(after.blocks - before.blocks == stream.blocks());
  require(after.bytes_skipped == before.bytes_skipped && parser.held() == 0);
  return 0;
}
