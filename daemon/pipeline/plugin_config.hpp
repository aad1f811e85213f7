#pragma once

#include <string>

#include "daemon/settings/settings.hpp"

namespace vturn {

/// The JSON a plugin instance is created with (plugins/api/vturn_plugin.h): its table of the rig file with all defaults
/// filled in, and what it needs of the rest.
std::string source_config_json(const settings::Rig& rig, SourceIndex index);
std::string output_config_json(const settings::Rig& rig, std::size_t index);

}  // namespace vturn
