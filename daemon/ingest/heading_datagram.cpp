#include "daemon/ingest/heading_datagram.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>

#include "daemon/core/angle.hpp"

namespace vturn::ingest {
namespace {

constexpr double kMaxAngle = 1e6;
constexpr double kMaxSequence = 9007199254740992.0;  // 2^53: whole numbers beyond it are not told apart
constexpr int kMaxKeys = 32;

/// Reads the few JSON forms a flat object of plain values has.
class Cursor {
 public:
  explicit Cursor(std::string_view text) noexcept : rest_(text) {}

  bool take(char wanted) noexcept {
    skip_space();
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }
  [[nodiscard]] bool at_end() noexcept {
    skip_space();
    return rest_.empty();
  }
  /// A string without its quotes, escapes left as they are.
  bool string(std::string_view& text) noexcept {
    if (!take('"')) return false;
    std::size_t end = 0;
    while (end < rest_.size() && rest_[end] != '"') end += rest_[end] == '\\' ? 2U : 1U;
    if (end >= rest_.size()) return false;
    text = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return true;
  }
  bool number(double& value) noexcept {
    skip_space();
    // from_chars also reads "inf" and "nan", which JSON does not have.
    const std::size_t sign = rest_.starts_with('-') ? 1 : 0;
    if (rest_.size() <= sign || rest_[sign] < '0' || rest_[sign] > '9') return false;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc{}) return false;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return true;
  }
  /// A number, or null or NaN (as Python writes it) for one that is not there.
  bool optional_number(double& value) noexcept {
    skip_space();
    value = std::numeric_limits<double>::quiet_NaN();
    return word("null") || word("NaN") || number(value);
  }
  bool skip_value() noexcept {
    std::string_view text;
    double value = 0;
    return string(text) || number(value) || word("true") || word("false") || word("null");
  }

 private:
  bool word(std::string_view wanted) noexcept {
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(wanted.size());
    return true;
  }
  void skip_space() noexcept {
    while (!rest_.empty() &&
           (rest_.front() == ' ' || rest_.front() == '\t' || rest_.front() == '\r' || rest_.front() == '\n'))
      rest_.remove_prefix(1);
  }
  std::string_view rest_;
};

struct Fields {
  bool has_rad = false, has_deg = false;
  double angle = 0;          ///< unit as the flag says
  unsigned coordinates = 0;  ///< bits of those that were named, seen or not
  std::array<double, 4> points{};
  bool has_time = false, has_sequence = false;
  double time_s = 0, sequence = 0;
};

constexpr std::array<std::string_view, 4> kCoordinates{"front_x", "front_y", "back_x", "back_y"};
constexpr unsigned kAllCoordinates = (1U << kCoordinates.size()) - 1;

bool take_field(Cursor& cursor, std::string_view key, Fields& fields) noexcept {
  if (key == "heading_rad") return fields.has_rad = cursor.number(fields.angle);
  if (key == "heading_deg") return fields.has_deg = cursor.number(fields.angle);
  if (key == "t_s") return fields.has_time = cursor.number(fields.time_s);
  if (key == "seq") return fields.has_sequence = cursor.number(fields.sequence);
  for (std::size_t i = 0; i < kCoordinates.size(); ++i) {
    if (key != kCoordinates[i]) continue;
    fields.coordinates |= 1U << i;
    return cursor.optional_number(fields.points[i]);
  }
  return cursor.skip_value();
}

bool take_object(Cursor& cursor, Fields& fields) noexcept {
  if (cursor.take('}')) return true;
  for (int i = 0; i < kMaxKeys; ++i) {
    std::string_view key;
    if (!cursor.string(key) || !cursor.take(':') || !take_field(cursor, key, fields)) return false;
    if (cursor.take('}')) return true;
    if (!cursor.take(',')) return false;
  }
  return false;
}

HeadingError take_clock(const Fields& fields, HeadingDatagram& heading) noexcept {
  heading.has_time = fields.has_time;
  heading.time_s = fields.time_s;
  heading.has_sequence = fields.has_sequence;
  heading.sequence = 0;
  if (fields.has_time && !(std::fabs(fields.time_s) <= kMaxTrackerTimeS)) return HeadingError::kRange;
  if (fields.has_sequence && !sequence_of(fields.sequence, heading.sequence)) return HeadingError::kRange;
  return HeadingError::kNone;
}

HeadingError direction_of(const Fields& fields, const TrackerGeometry& geometry, double& angle_rad) noexcept {
  const auto& p = fields.points;
  if (fields.coordinates != 0) return heading_of_points({p[0], p[1]}, {p[2], p[3]}, geometry, angle_rad);
  return heading_of_angle(fields.has_deg ? fields.angle * (kPi / 180.0) : fields.angle, geometry, angle_rad);
}

bool one_direction(const Fields& fields) noexcept {
  const bool points = fields.coordinates == kAllCoordinates;
  if (fields.coordinates != 0 && !points) return false;
  return int{fields.has_rad} + int{fields.has_deg} + int{points} == 1;
}

}  // namespace

HeadingError parse_heading(std::string_view datagram, const TrackerGeometry& geometry,
                           HeadingDatagram& heading) noexcept {
  if (datagram.size() > kMaxHeadingDatagramBytes) return HeadingError::kTooLong;
  Cursor cursor(datagram);
  Fields fields;
  if (cursor.take('{')) {
    if (!take_object(cursor, fields)) return HeadingError::kSyntax;
  } else {
    fields.has_rad = cursor.number(fields.angle);
    if (!fields.has_rad) return HeadingError::kSyntax;
  }
  if (!cursor.at_end()) return HeadingError::kSyntax;
  if (!one_direction(fields)) return HeadingError::kNoHeading;
  const HeadingError error = take_clock(fields, heading);
  return error != HeadingError::kNone ? error : direction_of(fields, geometry, heading.angle_rad);
}

HeadingError heading_of_points(TrackedPoint front, TrackedPoint back, const TrackerGeometry& geometry,
                               double& angle_rad) noexcept {
  const double x = front.x - back.x, y = front.y - back.y;
  const double distance = std::hypot(x, y);
  // Not finite when a coordinate is not: no distance exceeds it then.
  if (!(distance > 0 && distance >= geometry.min_distance && std::isfinite(distance))) return HeadingError::kUnseen;
  return heading_of_angle(std::atan2(y, x), geometry, angle_rad);
}

HeadingError heading_of_angle(double tracked_rad, const TrackerGeometry& geometry, double& angle_rad) noexcept {
  if (!(std::fabs(tracked_rad) <= kMaxAngle)) return HeadingError::kRange;
  const double seen_rad = geometry.image_y == ImageY::kDown ? -tracked_rad : tracked_rad;
  // The smallest negative numbers wrap to themselves.
  angle_rad = std::max(0.0, wrap_angle(seen_rad + geometry.offset_rad));
  return HeadingError::kNone;
}

bool sequence_of(double number, std::uint64_t& sequence) noexcept {
  if (!(number >= 0 && number <= kMaxSequence && std::floor(number) == number)) return false;
  sequence = static_cast<std::uint64_t>(number);
  return true;
}

std::string_view describe(HeadingError error) noexcept {
  switch (error) {
    case HeadingError::kNone:
      return "usable";
    case HeadingError::kTooLong:
      return "too long: send one heading a datagram";
    case HeadingError::kSyntax:
      return "not the format that the rig file says: for json send {\"heading_rad\": x}, for osc a whole OSC packet";
    case HeadingError::kNoHeading:
      return "needs exactly one of heading_rad, heading_deg and the two points, and for osc its numbers";
    case HeadingError::kRange:
      return "a value is out of range (angle within 1e6, t_s within 1e9 and no 32-bit float, seq a whole number from "
             "0)";
    case HeadingError::kUnseen:
      return "a point was not seen, or the two are too close";
    case HeadingError::kPending:
      return "its other point is still to come";
  }
  return "unknown";
}

Expected<ImageY> parse_image_y(std::string_view text) {
  if (text == "up") return ImageY::kUp;
  if (text == "down") return ImageY::kDown;
  return Error{"image_y = \"" + std::string(text) + "\": expected \"up\" or \"down\""};
}

}  // namespace vturn::ingest
