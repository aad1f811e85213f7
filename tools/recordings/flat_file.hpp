#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

#include "tools/recordings/byte_source.hpp"

namespace vturn::recordings {

/// A file that is open only while it is read: RHX's one-file-per-channel folders have more files than a process may
/// hold open.
class ShutFile : public ByteSource {
 public:
  explicit ShutFile(std::filesystem::path file);

 private:
  void read_bytes(std::uint64_t offset, std::span<std::uint8_t> out) const override;

  std::filesystem::path path_;
};

/// 16-bit samples of interleaved channels without a header.
class FlatFile {
 public:
  FlatFile(const std::filesystem::path& file, std::size_t channels, bool is_signed);

  [[nodiscard]] const ByteSource& source() const noexcept { return source_; }
  [[nodiscard]] std::size_t channels() const noexcept { return channels_; }
  /// Whole frames in the file.
  [[nodiscard]] std::int64_t frames() const noexcept;
  [[nodiscard]] bool whole() const noexcept;
  void read(std::size_t channel, std::int64_t first, std::span<std::int32_t> out);
  [[nodiscard]] std::int64_t window_frames() const noexcept;

 private:
  [[nodiscard]] std::size_t frame_bytes() const noexcept { return channels_ * sizeof(std::uint16_t); }

  ShutFile source_;
  std::size_t channels_;
  bool signed_;
  Window window_;
};

}  // namespace vturn::recordings
