#pragma once

#include <string>

#include "daemon/core/format.hpp"

namespace vturn::tools::svg {

/// Text of any origin at a place.
std::string label(double x, double y, const std::string& text, int size = 12);

/// The file's begin, with a white ground. Ends with "</svg>\n", which the caller adds.
std::string head(double width, double height);

/// A rectangle of the picture with axes of its own.
struct Frame {
  double x, y, width, height;
  double from_x, to_x, from_y, to_y;
  [[nodiscard]] double at_x(double value) const { return x + width * (value - from_x) / (to_x - from_x); }
  [[nodiscard]] double at_y(double value) const { return y + height * (1.0 - (value - from_y) / (to_y - from_y)); }
  [[nodiscard]] std::string border() const;
};

/// Points joined, or begun anew.
class Line {
 public:
  explicit Line(const char* colour) : text_(format("<path fill='none' stroke='%s' stroke-width='1.3' d='", colour)) {}
  void to(double x, double y, bool joined) {
    text_ += format("%s%.1f %.1f", joined && started_ ? "L" : "M", x, y);
    started_ = true;
  }
  std::string finished() { return text_ + "'/>\n"; }

 private:
  std::string text_;
  bool started_ = false;
};

}  // namespace vturn::tools::svg
