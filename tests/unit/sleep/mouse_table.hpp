#pragma once

#include <cmath>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "daemon/sleep/calibration.hpp"
#include "tests/helpers/shared_data.hpp"

namespace vturn::test {

/// Gains applied to the table before the logarithm: amplitudes, so powers change by their square.
struct Drift {
  double eeg = 1.0;
  double emg = 1.0;
};

/// Human-scored 4-s epochs of one mouse over 24 h. Its `emg` column is read as an amplitude-like quantity as it stands.
inline std::optional<std::vector<LabelledEpoch>> mouse_table(Drift drift = {}) {
  const auto file = shared_data("sleep/mouse61_day1_4s.csv");
  if (!file) return std::nullopt;
  std::ifstream in(*file);
  std::string line;
  std::getline(in, line);
  std::vector<LabelledEpoch> epochs;
  while (std::getline(in, line)) {
    std::istringstream fields(line);
    std::string field;
    std::vector<std::string> row;
    while (std::getline(fields, field, ',')) row.push_back(field);
    LabelledEpoch epoch;
    epoch.t_s = std::stod(row[0]);
    epoch.frame.time_ns = static_cast<SessionNs>((epoch.t_s + 4.0) * 1e9);
    constexpr std::array columns = {SleepFeature::kDelta, SleepFeature::kTheta, SleepFeature::kAlpha,
                                    SleepFeature::kBeta,  SleepFeature::kGamma, SleepFeature::kEmg};
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const double gain = columns[i] == SleepFeature::kEmg ? drift.emg : drift.eeg;
      const double power = std::stod(row[i + 1]) * gain;
      if (power > 0.0) epoch.frame.set(columns[i], static_cast<float>(std::log(power)));
    }
    epoch.stage = row[7] == "W" ? SleepState::kWake : row[7] == "N" ? SleepState::kNrem : SleepState::kRem;
    epoch.frame.artefact = row[8] == "1";
    epochs.push_back(epoch);
  }
  return epochs;
}

}  // namespace vturn::test
