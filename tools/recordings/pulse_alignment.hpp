#pragma once

#include <cstddef>
#include <span>

#include "daemon/core/expected.hpp"

namespace vturn::recordings {

/// A clock as another one tells it: other = offset_s + rate * own.
struct PulseAlignment {
  double offset_s = 0.0;
  double rate = 1.0;
  std::size_t pulses = 0;        ///< found on both clocks
  double largest_error_s = 0.0;  ///< of a pulse, from the line through all

  [[nodiscard]] double operator()(double own_s) const noexcept { return offset_s + rate * own_s; }
};

/// Maps a tracker's clock onto a recording's by pulses that both saw: ascending times in seconds. Either may have
/// missed some at its begin or end, none in between. Refuses what does not fit on one line within 10 ms, and regular
/// pulses of unequal number, which fit in several ways.
Expected<PulseAlignment> align_pulses(std::span<const double> recording_s, std::span<const double> tracker_s);

}  // namespace vturn::recordings
