#include "tools/lib/svg.hpp"

#include "daemon/core/format.hpp"

namespace vturn::tools::svg {
namespace {

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    if (c == '<')
      safe += "&lt;";
    else if (c == '&')
      safe += "&amp;";
    else if (static_cast<unsigned char>(c) >= 0x20)
      safe += c;
  }
  return safe;
}

}  // namespace

std::string label(double x, double y, const std::string& text, int size) {
  return format("<text x='%.1f' y='%.1f' font-size='%d' font-family='sans-serif'>", x, y, size) + escaped(text) +
         "</text>\n";
}

std::string head(double width, double height) {
  return format(
      "<svg xmlns='http://www.w3.org/2000/svg' width='%.0f' height='%.0f'>\n"
      "<rect width='100%%' height='100%%' fill='#fff'/>\n",
      width, height);
}

std::string Frame::border() const {
  return format("<rect x='%.1f' y='%.1f' width='%.1f' height='%.1f' fill='none' stroke='#999'/>\n", x, y, width,
                height);
}

}  // namespace vturn::tools::svg
