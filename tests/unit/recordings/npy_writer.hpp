#pragma once

#include <string>
#include <vector>

#include "tests/unit/recordings/bytes.hpp"

namespace vturn::test {

/// A .npy file as NumPy writes it: the header padded with spaces so that the data begin at a multiple of 64.
template <class T>
Bytes npy(const std::string& type, const std::vector<T>& values, const std::string& shape, int version = 1) {
  std::string header = "{'descr': '";
  header.append(type).append("', 'fortran_order': False, 'shape': ").append(shape).append(", }");
  const std::size_t before = version == 1 ? 10 : 12;
  while ((before + header.size() + 1) % 64 != 0) header += ' ';
  header += '\n';
  ByteWriter out;
  out.text("\x93NUMPY").number(static_cast<std::uint8_t>(version)).number(std::uint8_t{0});
  if (version == 1) {
    out.u16(static_cast<unsigned>(header.size()));
  } else {
    out.u32(static_cast<std::uint32_t>(header.size()));
  }
  out.text(header);
  for (const T& value : values) out.number(value);
  return out.bytes();
}

template <class T>
Bytes npy(const std::string& type, const std::vector<T>& values) {
  return npy(type, values, std::string("(").append(std::to_string(values.size())).append(",)"));
}

}  // namespace vturn::test
