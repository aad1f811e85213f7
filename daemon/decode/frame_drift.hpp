#pragma once

#include <span>
#include <vector>

#include "daemon/decode/samples.hpp"

namespace vturn {

/// One decoded row of a block left out.
struct HeldOutRow {
  SessionNs time_ns;
  float tracked_rad, decoded_rad;
};

/// Slow rotation of the cells' frame against the tracker's (real recordings: 5-15 degrees over minutes): decoded minus
/// tracked heading, averaged on the circle with a Gaussian of `sd_s` in time, one value a second from the first row's
/// time on. Its mean over the rows is 0: the model's frame is the recording's average one. Rows ascending in time.
struct FrameDrift {
  SessionNs from_ns = 0;
  std::vector<float> drift_rad;
  [[nodiscard]] double at(SessionNs time_ns) const;
  [[nodiscard]] double rms_rad() const;
};
FrameDrift frame_drift(std::span<const HeldOutRow> rows, double sd_s);

/// The tracked heading as the cells saw it: turned by the drift.
std::vector<HeadingSample> straightened(std::span<const HeadingSample> heading, const FrameDrift& drift);

}  // namespace vturn
