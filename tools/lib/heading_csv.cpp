#include "tools/lib/heading_csv.hpp"

#include <algorithm>
#include <cmath>

#include "daemon/core/angle.hpp"
#include "tools/lib/csv.hpp"
#include "tools/lib/interrupt.hpp"

namespace vturn::tools {
namespace {

/// Times beyond this (31 years) are no seconds of a recording, and would overflow nanoseconds before long.
constexpr double kLargestTimeS = 1e9;

SessionNs time_at(const CsvReader& csv, std::size_t column) {
  const double time_s = csv.real(column);
  if (std::fabs(time_s) > kLargestTimeS) throw csv.error_at(column, "is no time in seconds (over 1e9)");
  return static_cast<SessionNs>(std::llround(time_s * 1e9));
}

}  // namespace

std::vector<SpikeSample> read_spikes_csv(const std::filesystem::path& file) {
  CsvReader csv(file);
  const std::size_t unit_column = csv.column("unit");
  const std::size_t time_column = csv.column("t_s");
  std::vector<SpikeSample> spikes;
  while (csv.next()) {
    const std::int64_t unit = csv.integer(unit_column);
    if (unit < 0 || unit >= static_cast<std::int64_t>(kMaxUnits)) {
      throw csv.error_at(unit_column, "must be from 0 to " + std::to_string(kMaxUnits - 1));
    }
    spikes.push_back({time_at(csv, time_column), static_cast<UnitId>(unit)});
    if (spikes.size() % 65536 == 0) throw_if_interrupted();
  }
  std::stable_sort(spikes.begin(), spikes.end(),
                   [](const SpikeSample& a, const SpikeSample& b) { return a.time_ns < b.time_ns; });
  return spikes;
}

std::vector<HeadingSample> read_heading_csv(const std::filesystem::path& file, bool mirrored) {
  CsvReader csv(file);
  const std::size_t time_column = csv.column("t_s");
  const std::size_t angle_column =
      csv.column({"hd_rad", "heading_rad", "angle_rad", "hd_deg", "heading_deg", "angle_deg"});
  const bool in_degrees = csv.header()[angle_column].ends_with("_deg");
  std::vector<HeadingSample> heading;
  while (csv.next()) {
    const auto value = csv.optional_real(angle_column);
    if (!value) continue;
    if (std::fabs(*value) > 1e6) throw csv.error_at(angle_column, "is no angle");
    const double angle_rad = (mirrored ? -1.0 : 1.0) * (in_degrees ? *value * kPi / 180.0 : *value);
    const auto narrowed = static_cast<float>(wrap_angle(angle_rad));
    heading.push_back({time_at(csv, time_column), narrowed < static_cast<float>(kTwoPi) ? narrowed : 0.0F});
    if (heading.size() % 65536 == 0) throw_if_interrupted();
  }
  std::stable_sort(heading.begin(), heading.end(),
                   [](const HeadingSample& a, const HeadingSample& b) { return a.time_ns < b.time_ns; });
  const auto last = std::unique(heading.begin(), heading.end(),
                                [](const HeadingSample& a, const HeadingSample& b) { return a.time_ns == b.time_ns; });
  heading.erase(last, heading.end());
  return heading;
}

void keep_units(std::vector<SpikeSample>& spikes, const std::vector<UnitId>& units) {
  if (units.empty()) return;
  std::erase_if(spikes, [&units](const SpikeSample& spike) {
    return std::find(units.begin(), units.end(), spike.unit) == units.end();
  });
}

std::vector<GyroscopeSample> read_gyroscope_csv(const std::filesystem::path& file) {
  CsvReader csv(file);
  const std::size_t time_column = csv.column("t_s");
  const std::size_t velocity_column = csv.column({"gyro_rad_s", "gyro_deg_s"});
  const double unit = csv.header()[velocity_column].ends_with("_deg_s") ? kPi / 180.0 : 1.0;
  std::vector<GyroscopeSample> rows;
  while (csv.next()) {
    const auto value = csv.optional_real(velocity_column);
    if (!value) continue;
    if (std::fabs(*value) > 1e5) throw csv.error_at(velocity_column, "is no angular velocity");
    rows.push_back({time_at(csv, time_column), static_cast<float>(unit * *value)});
    if (rows.size() % 65536 == 0) throw_if_interrupted();
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const GyroscopeSample& a, const GyroscopeSample& b) { return a.time_ns < b.time_ns; });
  return rows;
}

}  // namespace vturn::tools
