#pragma once

#include <algorithm>
#include <utility>

#include "tests/unit/recordings/bytes.hpp"
#include "tools/recordings/byte_source.hpp"

namespace vturn::test {

/// Bytes in memory that the source keeps.
class OwnedSource : public recordings::ByteSource {
 public:
  OwnedSource(Bytes bytes, std::string name) : ByteSource(std::move(name), bytes.size()), bytes_(std::move(bytes)) {}

 private:
  void read_bytes(std::uint64_t offset, std::span<std::uint8_t> out) const override {
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
  }

  Bytes bytes_;
};

}  // namespace vturn::test
