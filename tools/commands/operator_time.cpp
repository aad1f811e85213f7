#include "tools/commands/operator_time.hpp"

#include <array>
#include <charconv>

#include "tools/commands/registry.hpp"

namespace vturn::tools {
namespace {

double unit_s(char unit) {
  switch (unit) {
    case 'h':
      return 3600.0;
    case 'm':
      return 60.0;
    case 's':
      return 1.0;
    default:
      return 0.0;
  }
}

// mktime fills in what a month or daylight saving changes; a date that does not exist comes back as another one.
double unix_s(std::tm local, const std::string& text) {
  std::tm normal = local;
  normal.tm_isdst = -1;
  const std::time_t time = std::mktime(&normal);
  if (time == -1 || normal.tm_mday != local.tm_mday || normal.tm_mon != local.tm_mon) {
    throw UsageError("--at " + text + ": there is no such time");
  }
  return static_cast<double>(time);
}

}  // namespace

double parse_duration_s(const std::string& text) {
  double total_s = 0;
  const char* at = text.data();
  const char* const end = at + text.size();
  double last_unit_s = 1e9;
  while (at < end) {
    double value = 0;
    const auto [next, error] = std::from_chars(at, end, value, std::chars_format::fixed);
    const double unit = error == std::errc{} && next < end ? unit_s(*next) : 0.0;
    if (unit <= 0 || unit >= last_unit_s || !(value >= 0 && value < 1e9)) break;
    total_s += value * unit;
    last_unit_s = unit;
    at = next + 1;
  }
  if (at != end || !(total_s > 0)) throw UsageError("--for '" + text + "': write 90s, 30m, 2h or 1h30m");
  return total_s;
}

double parse_wall_time_unix_s(const std::string& text, std::time_t now) {
  std::tm local{};
  localtime_r(&now, &local);
  local.tm_sec = 0;
  const char* rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M", &local);
  if (rest != nullptr && *rest == '\0') return unix_s(local, text);
  localtime_r(&now, &local);
  local.tm_sec = 0;
  rest = strptime(text.c_str(), "%H:%M", &local);
  if (rest == nullptr || *rest != '\0') {
    throw UsageError("--at '" + text + "': write 23:00 or 2026-11-24T23:00, local time");
  }
  const double today_s = unix_s(local, text);
  if (today_s > static_cast<double>(now)) return today_s;
  ++local.tm_mday;
  std::tm tomorrow = local;
  tomorrow.tm_isdst = -1;
  return static_cast<double>(std::mktime(&tomorrow));
}

std::string local_time(double unix_s) {
  const auto time = static_cast<std::time_t>(unix_s);
  std::tm local{};
  localtime_r(&time, &local);
  std::array<char, 40> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M", &local);
  return {text.data(), size};
}

}  // namespace vturn::tools
