#include "daemon/ingest/heading_datagram.hpp"

#include <charconv>
#include <cmath>
#include <string>

#include "daemon/core/angle.hpp"

namespace vturn::ingest {
namespace {

constexpr double kMaxAngle = 1e6;
constexpr double kMaxTimeS = 1e9;
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
  bool skip_value() noexcept {
    std::string_view text;
    double value = 0;
    if (string(text) || number(value)) return true;
    for (const std::string_view word : {"true", "false", "null"}) {
      if (!rest_.starts_with(word)) continue;
      rest_.remove_prefix(word.size());
      return true;
    }
    return false;
  }

 private:
  void skip_space() noexcept {
    while (!rest_.empty() &&
           (rest_.front() == ' ' || rest_.front() == '\t' || rest_.front() == '\r' || rest_.front() == '\n'))
      rest_.remove_prefix(1);
  }
  std::string_view rest_;
};

struct Fields {
  bool has_rad = false, has_deg = false;
  double angle = 0;  ///< unit as the flag says
  bool has_time = false, has_sequence = false;
  double time_s = 0, sequence = 0;
};

bool take_field(Cursor& cursor, std::string_view key, Fields& fields) noexcept {
  if (key == "heading_rad") return fields.has_rad = cursor.number(fields.angle);
  if (key == "heading_deg") return fields.has_deg = cursor.number(fields.angle);
  if (key == "t_s") return fields.has_time = cursor.number(fields.time_s);
  if (key == "seq") return fields.has_sequence = cursor.number(fields.sequence);
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

bool in_range(const Fields& fields) noexcept {
  if (!(std::fabs(fields.angle) <= kMaxAngle)) return false;
  if (fields.has_time && !(std::fabs(fields.time_s) <= kMaxTimeS)) return false;
  if (!fields.has_sequence) return true;
  return fields.sequence >= 0 && fields.sequence <= kMaxSequence && std::floor(fields.sequence) == fields.sequence;
}

}  // namespace

HeadingError parse_heading(std::string_view datagram, ImageY image_y, HeadingDatagram& heading) noexcept {
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
  if (fields.has_rad == fields.has_deg) return HeadingError::kNoHeading;
  if (!in_range(fields)) return HeadingError::kRange;
  const double angle_rad = fields.has_deg ? fields.angle * (kPi / 180.0) : fields.angle;
  heading.angle_rad = wrap_angle(image_y == ImageY::kDown ? -angle_rad : angle_rad);
  heading.has_time = fields.has_time;
  heading.time_s = fields.time_s;
  heading.has_sequence = fields.has_sequence;
  heading.sequence = fields.has_sequence ? static_cast<std::uint64_t>(fields.sequence) : 0;
  return HeadingError::kNone;
}

std::string_view describe(HeadingError error) noexcept {
  switch (error) {
    case HeadingError::kNone:
      return "usable";
    case HeadingError::kTooLong:
      return "longer than 512 bytes: send one heading a datagram";
    case HeadingError::kSyntax:
      return "neither a number nor a flat JSON object: send {\"heading_rad\": x}";
    case HeadingError::kNoHeading:
      return "needs exactly one of heading_rad and heading_deg";
    case HeadingError::kRange:
      return "a value is out of range (angle within 1e6, t_s within 1e9, seq a whole number from 0)";
  }
  return "unknown";
}

Expected<ImageY> parse_image_y(std::string_view text) {
  if (text == "up") return ImageY::kUp;
  if (text == "down") return ImageY::kDown;
  return Error{"image_y = \"" + std::string(text) + "\": expected \"up\" or \"down\""};
}

}  // namespace vturn::ingest
