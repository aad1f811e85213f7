#pragma once

#include <memory>
#include <string>

#include "daemon/core/expected.hpp"
#include "plugins/api/vturn_plugin.h"

namespace vturn {

/// A loaded plugin. The shared object stays loaded until the process ends: its threads may still be leaving it.
struct PluginLibrary {
  std::string path;
  const vturn_plugin* plugin = nullptr;
};

/// Loads `type`: a path when it contains '/', else lib/vturn/<type>.so beside the daemon's own folder. Refuses a
/// missing file, a missing entry point and another interface version.
Expected<PluginLibrary> load_plugin(const std::string& type);

}  // namespace vturn
