#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/core/expected.hpp"

namespace vturn::record {

/// Bytes of known length read from front to back or at random.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  [[nodiscard]] virtual std::uint64_t size() const noexcept = 0;
  /// Fills all of `into` from `offset`; false when the medium gives fewer bytes.
  virtual bool read_at(std::uint64_t offset, char* into, std::size_t bytes) noexcept = 0;
};

class MemorySource : public ByteSource {
 public:
  explicit MemorySource(std::string_view bytes) : bytes_(bytes) {}
  [[nodiscard]] std::uint64_t size() const noexcept override { return bytes_.size(); }
  bool read_at(std::uint64_t offset, char* into, std::size_t bytes) noexcept override;

 private:
  std::string_view bytes_;
};

/// A regular file, as long as it was when opened.
Expected<std::unique_ptr<ByteSource>> open_file_source(const std::string& path);

}  // namespace vturn::record
