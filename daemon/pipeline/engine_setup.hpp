#pragma once

#include <cstdint>
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

/// Under which triggers and the log name these models.
std::uint64_t models_hash(const ModelTexts& models);

}  // namespace vturn
