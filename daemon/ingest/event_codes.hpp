#pragma once

#include <cstdint>

#include "daemon/ingest/frames.hpp"

namespace vturn::ingest {

/// TTL edges in the word per sample that the Falcon Output sends (lines 0..15).
///
/// The plugin leaves the word before each change as it was in an older block, so a line that differs for one sample
/// from what it was before and is after has not changed. A pulse of one sample is lost with that, and an edge may come
/// one sample early, or two late when another edge follows two samples behind it.
class EventCodes {
 public:
  static constexpr unsigned kLines = 16;

  /// The next block follows on nothing: the lines are as it finds them.
  void restart() noexcept { known_ = false; }

  /// `codes`: uint16 little endian, one a sample. Calls `edge(sample index, line, state, word)` in order.
  template <class Edge>
  void block(Bytes codes, Edge&& edge) noexcept {
    const std::size_t count = codes.size() / 2;
    if (count > 0 && !known_) state_ = code_at(codes, 0);
    known_ = known_ || count > 0;
    for (std::size_t i = 0; i < count; ++i) {
      std::uint32_t changed = code_at(codes, i) ^ state_;
      if (changed == 0) continue;
      if (i + 1 < count) changed &= code_at(codes, i + 1) ^ state_;
      for (unsigned line = 0; line < kLines; ++line) {
        if ((changed >> line & 1U) == 0) continue;
        state_ ^= 1U << line;
        edge(i, line, state_ >> line & 1U, state_);
      }
    }
  }

 private:
  static std::uint32_t code_at(Bytes codes, std::size_t index) noexcept {
    return codes[2 * index] | static_cast<std::uint32_t>(codes[2 * index + 1]) << 8;
  }

  std::uint32_t state_ = 0;
  bool known_ = false;
};

}  // namespace vturn::ingest
