#pragma once

#include <filesystem>
#include <vector>

#include "daemon/decode/samples.hpp"
#include "daemon/decode/tracker_check.hpp"

namespace vturn::tools {

/// Spikes of a CSV with the columns `unit` (whole number) and `t_s` (seconds), ascending in time. Throws CsvError.
std::vector<SpikeSample> read_spikes_csv(const std::filesystem::path& file);

/// Heading of a CSV with the column `t_s` and one of `hd_rad`, `heading_rad`, `angle_rad`, `hd_deg`, `heading_deg`,
/// `angle_deg`; rows without a number are skipped (tracking lost). Strictly ascending in time, angles in [0, 2π).
/// `mirrored`: the angles turn clockwise (an image whose y axis points down). Throws CsvError.
std::vector<HeadingSample> read_heading_csv(const std::filesystem::path& file, bool mirrored);

/// Leaves the spikes of these units; all when none is named.
void keep_units(std::vector<SpikeSample>& spikes, const std::vector<UnitId>& units);

/// Gyroscope of a CSV with `t_s` and `gyro_rad_s` or `gyro_deg_s` (about the vertical, counter-clockwise positive),
/// ascending in time. Throws CsvError.
std::vector<GyroscopeSample> read_gyroscope_csv(const std::filesystem::path& file);

}  // namespace vturn::tools
