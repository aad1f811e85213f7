#pragma once

#include <string>

#include "daemon/core/expected.hpp"
#include "daemon/engine/engine_settings.hpp"
#include "daemon/settings/settings.hpp"

namespace vturn {

/// The files a rig file names, as text: what the session log keeps, so that replay needs nothing else.
struct ModelTexts {
  std::string heading;  ///< JSON, "" = none
  std::string sleep;    ///< JSON
  std::string cells;    ///< CSV unit,side
};

Expected<ModelTexts> load_models(const settings::Rig& rig);

/// The engine's settings from the rig file and the models' texts: the same function for the daemon and for replay.
Expected<EngineSettings> engine_settings(const settings::Rig& rig, const ModelTexts& models);

/// FNV-1a of a text, 16 hexadecimal digits: names a configuration or model in triggers and logs.
std::string text_hash(const std::string& text);

}  // namespace vturn
