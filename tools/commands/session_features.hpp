#pragma once

#include <functional>
#include <string>
#include <vector>

#include "daemon/sleep/labelled_epochs.hpp"

namespace vturn::tools {

/// Sleep features of a session log, once a second, by replaying its engine: of the signals that its rig file names, and
/// of units where it had a heading model. Epochs are not scored; t_s is session time. `progress` is told the share
/// read. Throws UsageError.
std::vector<LabelledEpoch> read_session_features(const std::string& file, const std::function<void(double)>& progress);

}  // namespace vturn::tools
