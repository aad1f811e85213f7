// The tracked-heading datagram: any bytes give a heading in range or an error, for both image axes.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "daemon/core/angle.hpp"
#include "daemon/ingest/heading_datagram.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vturn::ingest;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  HeadingDatagram up, down;
  const HeadingError error = parse_heading(text, ImageY::kUp, up);
  if (parse_heading(text, ImageY::kDown, down) != error || describe(error).empty()) __builtin_trap();
  if (error != HeadingError::kNone) return 0;
  if (!(up.angle_rad >= 0.0 && up.angle_rad < vturn::kTwoPi)) __builtin_trap();
  if (std::fabs(vturn::angle_difference(up.angle_rad, -down.angle_rad)) > 1e-6) __builtin_trap();
  if (up.has_time && !(std::fabs(up.time_s) <= 1e9)) __builtin_trap();
  return 0;
}
