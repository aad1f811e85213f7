#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace vturn::wire {

/// Names of the rig file behind the indices that events carry, in the rig file's order.
struct Names {
  std::vector<std::string> rules;
  std::vector<std::string> outputs;
  std::vector<std::string> sources;
  std::vector<std::string> signals = {};  ///< of sleep, distinct
};

}  // namespace vturn::wire
