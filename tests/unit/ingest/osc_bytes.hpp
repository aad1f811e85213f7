#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace vturn::test {

using OscValue = std::variant<std::int32_t, float, double, std::int64_t, std::string>;

inline std::string big_endian(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(value >> (8 * i));
  return text;
}

inline std::string osc_string(std::string text) {
  text.resize((text.size() / 4 + 1) * 4, '\0');
  return text;
}

/// An OSC message as the specification says it, made without the product's code.
inline std::string osc_message(const std::string& address, const std::vector<OscValue>& values) {
  std::string types = ",", body;
  for (const OscValue& value : values) {
    types += "ifdhs"[value.index()];
    if (const auto* i = std::get_if<std::int32_t>(&value)) body += big_endian(static_cast<std::uint32_t>(*i), 4);
    if (const auto* f = std::get_if<float>(&value)) body += big_endian(std::bit_cast<std::uint32_t>(*f), 4);
    if (const auto* d = std::get_if<double>(&value)) body += big_endian(std::bit_cast<std::uint64_t>(*d), 8);
    if (const auto* h = std::get_if<std::int64_t>(&value)) body += big_endian(static_cast<std::uint64_t>(*h), 8);
    if (const auto* s = std::get_if<std::string>(&value)) body += osc_string(*s);
  }
  return osc_string(address) + osc_string(types) + body;
}

inline std::string osc_bundle(const std::vector<std::string>& elements) {
  std::string bundle("#bundle\0\0\0\0\0\0\0\0\1", 16);
  for (const std::string& element : elements) bundle += big_endian(element.size(), 4) + element;
  return bundle;
}

}  // namespace vturn::test
