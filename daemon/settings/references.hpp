#pragma once

#include "daemon/settings/settings.hpp"
#include "daemon/settings/toml_section.hpp"

namespace vturn::settings {

/// What one table of a rig says of another holds: the one master, outputs and models that rules name, sources that
/// signals and outputs name. Throws SettingsError, at `root`'s lines.
void check_references(const Section& root, const Rig& rig);

}  // namespace vturn::settings
