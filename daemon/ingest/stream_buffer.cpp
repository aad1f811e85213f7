#include "daemon/ingest/stream_buffer.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace vturn::ingest {

std::size_t StreamBuffer::store(Bytes bytes) noexcept {
  if (begin_ == end_) begin_ = end_ = 0;
  if (bytes.size() > bytes_.size() - end_ && begin_ > 0) {
    std::memmove(bytes_.data(), bytes_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  const std::size_t taken = std::min(bytes.size(), bytes_.size() - end_);
  if (taken > 0) std::memcpy(bytes_.data() + end_, bytes.data(), taken);
  end_ += taken;
  return taken;
}

std::size_t find_magic(Bytes bytes, std::uint32_t magic) noexcept {
  const std::array<std::uint8_t, 4> wanted = {static_cast<std::uint8_t>(magic), static_cast<std::uint8_t>(magic >> 8),
                                              static_cast<std::uint8_t>(magic >> 16),
                                              static_cast<std::uint8_t>(magic >> 24)};
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    const void* found = std::memchr(bytes.data() + at, wanted[0], bytes.size() - at);
    if (found == nullptr) return bytes.size();
    at = static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - bytes.data());
    if (std::memcmp(found, wanted.data(), std::min(wanted.size(), bytes.size() - at)) == 0) return at;
  }
  return bytes.size();
}

}  // namespace vturn::ingest
