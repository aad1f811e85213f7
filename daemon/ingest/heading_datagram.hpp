#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "daemon/core/expected.hpp"

namespace vturn::ingest {

inline constexpr std::size_t kMaxHeadingDatagramBytes = 512;

/// Which way the tracker's y axis points: image rows count down from the top, room coordinates up.
enum class ImageY : std::uint8_t { kUp, kDown };

/// How a tracker's angles become headings seen from above.
struct TrackerGeometry {
  TrackerGeometry(ImageY y = ImageY::kDown, double offset = 0, double distance = 0) noexcept
      : image_y(y), offset_rad(offset), min_distance(distance) {}

  ImageY image_y;
  double offset_rad;    ///< added at the end, counter-clockwise positive: points that do not lie along the head
  double min_distance;  ///< between two points, in the tracker's unit: closer ones say nothing of a direction
};

/// Tracked head direction as one UDP datagram: a plain number in radians, or a flat JSON object with `heading_rad` or
/// `heading_deg` or two points (`front_x`, `front_y`, `back_x`, `back_y`; null or NaN = not seen) and, optionally,
/// `t_s` (the tracker's own clock, seconds) and `seq` (counts datagrams). Other keys with plain values are ignored.
struct HeadingDatagram {
  double angle_rad = 0;  ///< [0, 2π), counter-clockwise positive seen from above: the geometry is applied
  bool has_time = false;
  bool has_sequence = false;
  double time_s = 0;  ///< finite, within ±kMaxTrackerTimeS
  std::uint64_t sequence = 0;
};

inline constexpr double kMaxTrackerTimeS = 1e9;

enum class HeadingError : std::uint8_t {
  kNone = 0,
  kTooLong,    ///< beyond kMaxHeadingDatagramBytes
  kSyntax,     ///< not the format
  kNoHeading,  ///< none or more than one of heading_rad, heading_deg and points, or too few numbers
  kRange,      ///< an angle beyond ±1e6 or not finite, a time beyond ±1e9, a sequence that is no whole number >= 0
  kUnseen,     ///< well-formed; a point was not seen, or the two are too close
  kPending,    ///< well-formed; its other point is still to come, or it was for somebody else
};

/// Pure, no allocation, any bytes are safe. With kUnseen, time and sequence are filled in too.
HeadingError parse_heading(std::string_view datagram, const TrackerGeometry& geometry,
                           HeadingDatagram& heading) noexcept;

/// A point of an image or a room; not finite = not seen.
struct TrackedPoint {
  double x = 0, y = 0;
};
/// From the back point to the front one: kNone and `angle_rad` filled in, or kUnseen.
HeadingError heading_of_points(TrackedPoint front, TrackedPoint back, const TrackerGeometry& geometry,
                               double& angle_rad) noexcept;
/// kNone and `angle_rad` filled in, or kRange.
HeadingError heading_of_angle(double tracked_rad, const TrackerGeometry& geometry, double& angle_rad) noexcept;
/// A counter out of a number; false when it is none.
bool sequence_of(double number, std::uint64_t& sequence) noexcept;

/// One clear line for the log.
std::string_view describe(HeadingError error) noexcept;

/// "up" or "down" of a rig file.
Expected<ImageY> parse_image_y(std::string_view text);

}  // namespace vturn::ingest
