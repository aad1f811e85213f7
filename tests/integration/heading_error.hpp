#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace vturn::test {

struct Track {
  std::vector<double> t_s, angle_rad;
};

/// `angle`: name of that column.
Track track(const std::filesystem::path& file, const std::string& angle);

/// Median absolute difference in degrees between the newest estimate at each row of the truth and the truth `shift_s`
/// later (past its end it goes on from its start).
double median_error_deg(const Track& decoded, const Track& truth, double shift_s);

}  // namespace vturn::test
