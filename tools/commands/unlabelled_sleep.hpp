#pragma once

#include <string>
#include <vector>

#include "tools/commands/sleep_csv.hpp"

namespace vturn::tools {

struct UnlabelledInput {
  const SleepTable& table;
  const std::string& file;  ///< where it came from
  const std::string& out;   ///< the model to write
  bool json = false;
};

// Ways to a sleep model without scored data. Each writes it, tells about it on stdout and returns the exit code;
// refusals are UsageError. Stages that the table happens to hold are not used: they tell how well it went.
int calibrate_unlabelled(const UnlabelledInput& input);
int calibrate_from_template(const std::string& saved, const UnlabelledInput& input);

/// From `name=power` texts: emg, delta, ratio, margin.
int write_manual_model(const std::vector<std::string>& thresholds, const std::string& out, bool json);

}  // namespace vturn::tools
