#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "daemon/ingest/frames.hpp"

namespace vturn::ingest {

/// Bytes of a TCP stream that wait for the rest of their message, whatever pieces they come in. Fixed room.
class StreamBuffer {
 public:
  explicit StreamBuffer(std::size_t capacity) : bytes_(capacity) {}

  /// Takes as much as fits and says how much that was: never 0 while less than the capacity is held.
  std::size_t store(Bytes bytes) noexcept;
  /// What is held, oldest first; valid until the next store.
  [[nodiscard]] Bytes held() const noexcept { return {bytes_.data() + begin_, end_ - begin_}; }
  void drop(std::size_t count) noexcept { begin_ += count; }

 private:
  std::vector<std::uint8_t> bytes_;
  std::size_t begin_ = 0, end_ = 0;
};

/// Where these bytes first agree with the little-endian `magic` as far as they go: an offset with less than 4 bytes
/// behind it may still become one. Their size when there is none.
std::size_t find_magic(Bytes bytes, std::uint32_t magic) noexcept;

/// Little-endian values; the bounds are the caller's to keep.
inline std::uint16_t u16_at(const std::uint8_t* at) noexcept {
  return static_cast<std::uint16_t>(at[0] | (at[1] << 8));
}
inline std::uint32_t u32_at(const std::uint8_t* at) noexcept {
  return u16_at(at) | (static_cast<std::uint32_t>(u16_at(at + 2)) << 16);
}

}  // namespace vturn::ingest
