#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "daemon/ingest/frames.hpp"

namespace vturn::ingest {

/// One captured multipart message; the parts are views of the capture's bytes.
struct CapturedMessage {
  std::array<Bytes, kMaxFrames> parts;
  std::size_t part_count = 0;
  double received_s = 0;  ///< Unix time of receipt, finite

  [[nodiscard]] Frames frames() const noexcept { return {parts.data(), part_count}; }
};

enum class CaptureStep : std::uint8_t {
  kMessage = 1,  ///< the message is filled in
  kEnd,          ///< the bytes ended exactly at a message's end
  kTruncated,    ///< the bytes end inside a message
  kPartCount,    ///< 0 or more than kMaxFrames parts: not a capture, or a damaged one
  kTime,         ///< the receive time is not a finite number
};

/// Walks a capture: per message u32 number of parts, for each u32 length + bytes, then f64 receive time (s), little
/// endian. Pure; after anything but kMessage it stays where it is and repeats its answer.
class CaptureFrames {
 public:
  explicit CaptureFrames(Bytes capture) noexcept : capture_(capture) {}

  CaptureStep next(CapturedMessage& message) noexcept;
  /// Bytes of whole messages taken so far: where the trouble starts when next() reports some.
  [[nodiscard]] std::size_t offset() const noexcept { return offset_; }

 private:
  Bytes capture_;
  std::size_t offset_ = 0;
};

}  // namespace vturn::ingest
