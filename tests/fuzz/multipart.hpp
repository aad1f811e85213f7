#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "daemon/ingest/frames.hpp"

namespace vturn::fuzz {

/// Separates the parts of a message in fuzzer input: readable seeds, and mutations that keep the structure.
inline constexpr std::uint8_t kPartEnd = 0x1E;
/// Separates messages.
inline constexpr std::uint8_t kMessageEnd = 0x1D;

/// Cuts bytes at the first kPartEnd marks into at most three parts, each in a heap block of exactly its size, so that
/// the sanitizer sees any read beyond a part. The last part may hold any byte.
class Multipart {
 public:
  explicit Multipart(ingest::Bytes bytes) {
    for (std::size_t part = 0; part < parts_.size(); ++part) {
      std::size_t length = bytes.size();
      if (part + 1 < parts_.size()) {
        length = 0;
        while (length < bytes.size() && bytes[length] != kPartEnd) ++length;
      }
      parts_[part].assign(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length));
      parts_[part].shrink_to_fit();
      frames_[part] = parts_[part];
      count_ = part + 1;
      if (length == bytes.size()) break;
      bytes = bytes.subspan(length + 1);
    }
  }

  [[nodiscard]] ingest::Frames frames() const { return {frames_.data(), count_}; }

 private:
  std::array<std::vector<std::uint8_t>, 3> parts_;
  std::array<ingest::Bytes, 3> frames_;
  std::size_t count_ = 0;
};

}  // namespace vturn::fuzz
