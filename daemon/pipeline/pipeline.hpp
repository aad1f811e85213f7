#pragma once

#include <atomic>
#include <string>

#include "daemon/settings/settings.hpp"

namespace vturn {

struct PipelineReport {
  bool ok = false;
  std::string error;  ///< one line, when the pipeline could not start
};

/// The daemon: builds sources, queue, order, engine, outputs, publisher and recorder from the rig file, runs until
/// `stop` is set (by a signal or the operator), and ends everything in order. Blocks; one call a process.
PipelineReport run_pipeline(const settings::Rig& rig, std::atomic<bool>& stop);

}  // namespace vturn
