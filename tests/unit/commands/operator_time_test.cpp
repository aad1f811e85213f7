// Times as an operator types them: a misread one would arm a night's stimulation for the wrong hours.
#include "tools/commands/operator_time.hpp"

#include <catch2/catch.hpp>

#include "tools/commands/registry.hpp"

namespace {

using namespace vturn::tools;

std::time_t local(int year, int month, int day, int hour, int minute) {
  std::tm time{};
  time.tm_year = year - 1900;
  time.tm_mon = month - 1;
  time.tm_mday = day;
  time.tm_hour = hour;
  time.tm_min = minute;
  time.tm_isdst = -1;
  return std::mktime(&time);
}

TEST_CASE("durations add up from the larger unit to the smaller") {
  CHECK(parse_duration_s("90s") == 90);
  CHECK(parse_duration_s("30m") == 1'800);
  CHECK(parse_duration_s("1h30m") == 5'400);
  CHECK(parse_duration_s("1.5h") == 5'400);
  CHECK(parse_duration_s("1h0m5s") == 3'605);
  for (const std::string text : {"", "30", "m", "30min", "-5m", "5m1h", "1h1h", "0s", "nan", "1e3s", "30m ", "infs"}) {
    CHECK_THROWS_AS(parse_duration_s(text), UsageError);
  }
}

TEST_CASE("a time of day is its next occurrence; a date is itself") {
  const std::time_t now = local(2026, 11, 24, 22, 30);
  CHECK(parse_wall_time_unix_s("23:00", now) == static_cast<double>(now + 1'800));
  CHECK(parse_wall_time_unix_s("22:30", now) == static_cast<double>(local(2026, 11, 25, 22, 30)));
  CHECK(parse_wall_time_unix_s("06:15", now) == static_cast<double>(local(2026, 11, 25, 6, 15)));
  CHECK(parse_wall_time_unix_s("2026-12-31T23:59", now) == static_cast<double>(local(2026, 12, 31, 23, 59)));
  CHECK(parse_wall_time_unix_s("00:10", local(2026, 12, 31, 23, 0)) == static_cast<double>(local(2027, 1, 1, 0, 10)));
  for (const std::string text : {"", "25:00", "23", "23:00:00x", "2026-02-30T10:00", "noon", "2026-11-24 23:00"}) {
    CHECK_THROWS_AS(parse_wall_time_unix_s(text, now), UsageError);
  }
}

}  // namespace
