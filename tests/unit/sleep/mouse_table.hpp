#pragma once

#include <algorithm>
#include <cmath>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "daemon/sleep/labelled_epochs.hpp"
#include "tests/helpers/shared_data.hpp"

namespace vturn::test {

/// Human-scored 4-s epochs of one mouse over 24 h.
inline std::optional<std::vector<LabelledEpoch>> mouse_table() {
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
      const double power = std::stod(row[i + 1]);
      if (power > 0.0) epoch.frame.set(columns[i], static_cast<float>(std::log(power)));
    }
    epoch.stage = row[7] == "W" ? SleepState::kWake : row[7] == "N" ? SleepState::kNrem : SleepState::kRem;
    epoch.frame.artefact = row[8] == "1";
    epochs.push_back(epoch);
  }
  return epochs;
}

/// Wake bouts of 10 minutes or more, one after another: a record without sleep.
inline std::vector<LabelledEpoch> long_wake(const std::vector<LabelledEpoch>& epochs) {
  std::vector<LabelledEpoch> wake;
  for (std::size_t begin = 0; begin < epochs.size();) {
    std::size_t end = begin;
    while (end < epochs.size() && epochs[end].stage == SleepState::kWake) ++end;
    if (end - begin >= 150)
      wake.insert(wake.end(), epochs.begin() + static_cast<std::ptrdiff_t>(begin),
                  epochs.begin() + static_cast<std::ptrdiff_t>(end));
    begin = std::max(end, begin + 1);
  }
  for (std::size_t i = 0; i < wake.size(); ++i) {
    wake[i].t_s = 4.0 * static_cast<double>(i);
    wake[i].frame.time_ns = static_cast<SessionNs>((wake[i].t_s + 4.0) * 1e9);
  }
  return wake;
}

}  // namespace vturn::test
