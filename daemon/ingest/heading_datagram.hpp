#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "daemon/core/expected.hpp"

namespace vturn::ingest {

inline constexpr std::size_t kMaxHeadingDatagramBytes = 512;

/// Which way the tracker's y axis points: image rows count down from the top, room coordinates up.
enum class ImageY : std::uint8_t { kUp, kDown };

/// Tracked head direction as one UDP datagram: a plain number in radians, or a flat JSON object with `heading_rad` or
/// `heading_deg` and, optionally, `t_s` (the tracker's own clock, seconds) and `seq` (counts datagrams). Other keys
/// with plain values are ignored.
struct HeadingDatagram {
  double angle_rad = 0;  ///< [0, 2π), counter-clockwise positive seen from above: the image axis is applied
  bool has_time = false;
  bool has_sequence = false;
  double time_s = 0;  ///< finite, within ±1e9
  std::uint64_t sequence = 0;
};

enum class HeadingError : std::uint8_t {
  kNone = 0,
  kTooLong,    ///< beyond kMaxHeadingDatagramBytes
  kSyntax,     ///< neither a number nor a flat JSON object
  kNoHeading,  ///< neither heading_rad nor heading_deg, or both
  kRange,      ///< an angle beyond ±1e6 or not finite, a time beyond ±1e9, a sequence that is no whole number >= 0
};

/// Pure, no allocation, any bytes are safe.
HeadingError parse_heading(std::string_view datagram, ImageY image_y, HeadingDatagram& heading) noexcept;

/// One clear line for the log.
std::string_view describe(HeadingError error) noexcept;

/// "up" or "down" of a rig file.
Expected<ImageY> parse_image_y(std::string_view text);

}  // namespace vturn::ingest
