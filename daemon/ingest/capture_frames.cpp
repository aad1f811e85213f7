#include "daemon/ingest/capture_frames.hpp"

#include <bit>
#include <cmath>
#include <optional>

namespace vturn::ingest {
namespace {

/// Little-endian reads that know where the bytes end.
class Cursor {
 public:
  explicit Cursor(Bytes bytes) noexcept : bytes_(bytes) {}

  std::optional<Bytes> take(std::size_t count) noexcept {
    if (bytes_.size() - at_ < count) return std::nullopt;
    const Bytes taken = bytes_.subspan(at_, count);
    at_ += count;
    return taken;
  }

  template <class T>
  std::optional<T> little_endian() noexcept {
    const auto taken = take(sizeof(T));
    if (!taken) return std::nullopt;
    T value = 0;
    for (std::size_t i = sizeof(T); i-- > 0;) value = static_cast<T>((value << 8) | (*taken)[i]);
    return value;
  }

  [[nodiscard]] std::size_t at() const noexcept { return at_; }

 private:
  Bytes bytes_;
  std::size_t at_ = 0;
};

}  // namespace

CaptureStep CaptureFrames::next(CapturedMessage& message) noexcept {
  if (offset_ == capture_.size()) return CaptureStep::kEnd;
  Cursor cursor(capture_.subspan(offset_));
  const auto part_count = cursor.little_endian<std::uint32_t>();
  if (!part_count) return CaptureStep::kTruncated;
  if (*part_count == 0 || *part_count > kMaxFrames) return CaptureStep::kPartCount;
  for (std::size_t part = 0; part < *part_count; ++part) {
    const auto length = cursor.little_endian<std::uint32_t>();
    const auto bytes = length ? cursor.take(*length) : std::nullopt;
    if (!bytes) return CaptureStep::kTruncated;
    message.parts[part] = *bytes;
  }
  const auto time_bits = cursor.little_endian<std::uint64_t>();
  if (!time_bits) return CaptureStep::kTruncated;
  message.received_s = std::bit_cast<double>(*time_bits);
  if (!std::isfinite(message.received_s)) return CaptureStep::kTime;
  message.part_count = *part_count;
  offset_ += cursor.at();
  return CaptureStep::kMessage;
}

}  // namespace vturn::ingest
