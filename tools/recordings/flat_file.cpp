#include "tools/recordings/flat_file.hpp"

#include <algorithm>

namespace vturn::recordings {
namespace {

/// One channel's file: there may be a thousand.
constexpr std::size_t kNarrowBytes = 65536;

std::uint64_t size_of(const std::filesystem::path& file) {
  std::error_code failure;
  const auto bytes = std::filesystem::file_size(file, failure);
  if (failure) throw RecordingError(file.string() + ": cannot be read: " + failure.message());
  return bytes;
}

}  // namespace

ShutFile::ShutFile(std::filesystem::path file) : ByteSource(file.string(), size_of(file)), path_(std::move(file)) {}

void ShutFile::read_bytes(std::uint64_t offset, std::span<std::uint8_t> out) const {
  FileSource(path_).read(offset, out);
}

FlatFile::FlatFile(const std::filesystem::path& file, std::size_t channels, bool is_signed)
    : source_(file),
      channels_(channels),
      signed_(is_signed),
      window_(source_, channels > 1 ? Window::kBytes : kNarrowBytes) {}

std::int64_t FlatFile::frames() const noexcept { return static_cast<std::int64_t>(source_.size() / frame_bytes()); }

bool FlatFile::whole() const noexcept { return source_.size() % frame_bytes() == 0; }

std::int64_t FlatFile::window_frames() const noexcept {
  const std::size_t bytes = channels_ > 1 ? Window::kBytes : kNarrowBytes;
  return static_cast<std::int64_t>(std::max<std::size_t>(1, bytes / frame_bytes()));
}

void FlatFile::read(std::size_t channel, std::int64_t first, std::span<std::int32_t> out) {
  while (!out.empty()) {
    const auto count = std::min(out.size(), static_cast<std::size_t>(window_frames()));
    const auto bytes = window_.at(static_cast<std::uint64_t>(first) * frame_bytes(), count * frame_bytes());
    const std::uint8_t* at = bytes.data() + channel * sizeof(std::uint16_t);
    for (std::size_t i = 0; i < count; ++i, at += frame_bytes()) {
      out[i] = signed_ ? std::int32_t{little<std::int16_t>(at)} : std::int32_t{little<std::uint16_t>(at)};
    }
    out = out.subspan(count);
    first += static_cast<std::int64_t>(count);
  }
}

}  // namespace vturn::recordings
