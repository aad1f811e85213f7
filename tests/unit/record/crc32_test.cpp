// CRC-32 against its published check value and against the definition, one bit at a time.
#include "daemon/record/crc32.hpp"

#include <catch2/catch.hpp>
#include <random>

using namespace vturn::record;

namespace {

std::uint32_t crc_by_definition(std::string_view bytes) {
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const char c : bytes) {
    crc ^= static_cast<std::uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1U) != 0 ? (crc >> 1) ^ 0xEDB88320U : crc >> 1;
  }
  return ~crc;
}

}  // namespace

TEST_CASE("crc32 has the published check value") {
  CHECK(crc32("123456789") == 0xCBF43926U);
  CHECK(crc32("") == 0U);
}

TEST_CASE("crc32 equals its definition at every length, in any pieces") {
  std::mt19937 random(1);
  std::string bytes(300, '\0');
  for (auto& c : bytes) c = static_cast<char>(random());
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const std::string_view part = std::string_view(bytes).substr(0, size);
    REQUIRE(crc32(part) == crc_by_definition(part));
    Crc32 pieces;
    const std::size_t cut = size == 0 ? 0 : random() % size;
    pieces.add(part.substr(0, cut));
    pieces.add(part.substr(cut));
    REQUIRE(pieces.value() == crc32(part));
  }
}
