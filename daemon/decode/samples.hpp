#pragma once

#include "daemon/core/types.hpp"

namespace vturn {

/// One spike of a recording.
struct SpikeSample {
  SessionNs time_ns;
  UnitId unit;
};

/// One row of tracked (or decoded) heading.
struct HeadingSample {
  SessionNs time_ns;
  float angle_rad;  ///< [0, 2π), counter-clockwise positive from above
};

}  // namespace vturn
