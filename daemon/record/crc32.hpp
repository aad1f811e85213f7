#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace vturn::record {

/// Running CRC-32 (polynomial 0xEDB88320, reflected, as zlib and MCAP have it).
class Crc32 {
 public:
  void add(std::string_view bytes) noexcept;
  [[nodiscard]] std::uint32_t value() const noexcept { return ~state_; }

 private:
  std::uint32_t state_ = 0xFFFFFFFFU;
};

inline std::uint32_t crc32(std::string_view bytes) noexcept {
  Crc32 crc;
  crc.add(bytes);
  return crc.value();
}

}  // namespace vturn::record
