#pragma once

#include <optional>

#include "daemon/decode/heading_filter.hpp"
#include "daemon/decode/heading_model.hpp"
#include "daemon/sleep/features.hpp"
#include "daemon/sleep/sleep_model.hpp"
#include "daemon/trigger/settings.hpp"
#include "daemon/turns/coupling.hpp"
#include "daemon/turns/detector.hpp"
#include "daemon/turns/population_detector.hpp"

namespace vturn {

/// Everything the engine's behaviour depends on beside its inputs. Made from the rig file and the models, live and in
/// replay by the same function (daemon/pipeline/engine_setup).
struct EngineSettings {
  std::optional<HeadingModel> heading;
  Kernel kernel = Kernel::automatic;
  turns::DetectorSettings turns;
  std::optional<turns::PopulationSettings> population;
  turns::CouplingSettings coupling;
  std::optional<SleepModel> sleep;
  FeatureSettings features;
  std::uint32_t sleep_sources = 0;               ///< bit i: signals of sleep come from source i
  SessionNs stimulus_blank_ns = 100 * kNsPerMs;  ///< after a pulse, in which sleep's signals are not used
  trigger::TriggerSettings trigger;
};

}  // namespace vturn
