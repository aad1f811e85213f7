#pragma once

#include <cstdint>
#include <span>

#include "daemon/decode/heading_model.hpp"
#include "daemon/decode/samples.hpp"

namespace vturn::calibrate {

struct MisassignedShare {
  double share = 0.0;
  double sd = 0.0;  ///< standard error, from the likelihood's curvature
  std::uint64_t spikes = 0;
};

/// Share of spikes that were given to any unit of the model, all alike: what an online sorter gets wrong, or tuning
/// that has changed since it was fitted. By maximum likelihood of which unit fired, given that one did at the tracked
/// heading: (1 - share) * rate / summed rate + share / units. Both ascending in time; spikes of other units, and
/// without a tracked heading, are left out.
MisassignedShare misassigned_share(const HeadingModel& model, std::span<const SpikeSample> spikes,
                                   std::span<const HeadingSample> heading);

}  // namespace vturn::calibrate
