#include "daemon/record/crc32.hpp"

#include <array>
#include <bit>
#include <cstring>

namespace vturn::record {

namespace {

using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

// tables[k][b] is the CRC of byte b followed by k zero bytes: eight look-ups then advance eight bytes at once.
constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0U);
    tables[0][byte] = crc;
  }
  for (std::size_t k = 1; k < tables.size(); ++k) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = tables[k - 1][byte];
      tables[k][byte] = (before >> 8) ^ tables[0][before & 0xFFU];
    }
  }
  return tables;
}

constexpr Tables kTables = make_tables();
static_assert(std::endian::native == std::endian::little, "words are read in file order");

std::uint32_t eight_bytes(std::uint32_t state, const char* data) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, data, sizeof word);
  word ^= state;
  std::uint32_t next = 0;
  for (std::size_t i = 0; i < 8; ++i) next ^= kTables[7 - i][(word >> (8 * i)) & 0xFFU];
  return next;
}

}  // namespace

void Crc32::add(std::string_view bytes) noexcept {
  const char* data = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; left -= 8, data += 8) state_ = eight_bytes(state_, data);
  for (; left > 0; --left, ++data) {
    state_ = (state_ >> 8) ^ kTables[0][(state_ ^ static_cast<std::uint8_t>(*data)) & 0xFFU];
  }
}

}  // namespace vturn::record
