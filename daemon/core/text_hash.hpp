#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace vturn {

/// FNV-1a, 64 bits: names a configuration or a set of models in triggers and logs.
constexpr std::uint64_t text_hash(std::string_view text) noexcept {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (const char c : text) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001B3ULL;
  return hash;
}

using HashDigits = std::array<char, 16>;

/// Hexadecimal, without allocating.
constexpr HashDigits hash_digits(std::uint64_t hash) noexcept {
  HashDigits digits{};
  for (std::size_t i = 0; i < digits.size(); ++i) digits[i] = "0123456789abcdef"[hash >> (60 - 4 * i) & 0xFU];
  return digits;
}

inline std::string hash_text(std::uint64_t hash) {
  const HashDigits digits = hash_digits(hash);
  return {digits.begin(), digits.end()};
}

}  // namespace vturn
