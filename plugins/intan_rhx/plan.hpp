#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plugins/intan_rhx/pulses.hpp"
#include "plugins/intan_rhx/settings.hpp"

namespace vturn::plugins {

/// What RHX is told to send and to do, and what its blocks look like then.
struct RhxPlan {
  ingest::RhxColumns columns;
  std::vector<std::string> commands;
  std::vector<std::string> uploads;  ///< channels whose stimulus parameters go to the controller, one by one
  std::uint64_t hash = 0;            ///< of all of it; never 0
};

/// Throws std::runtime_error when this controller lacks something that is asked for.
RhxPlan make_rhx_plan(const RhxSettings& settings, const RhxPulses& pulses, ingest::RhxController controller);

}  // namespace vturn::plugins
