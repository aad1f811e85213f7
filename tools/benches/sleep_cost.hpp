#pragma once

#include <cstddef>

namespace vturn::benches {

/// Shares of one core, CPU time over session time; noise as signals.
struct SleepCost {
  std::size_t channels = 0;
  double session_s = 0.0;
  double features_share = 0.0;    ///< all bands of each channel delivered at 1 kHz, and the sleep filter at 10 Hz
  double floor_share = 0.0;       ///< the same filters on the same samples and nothing else, in the same run
  double decimation_share = 0.0;  ///< the same channels from 30 kHz to 1 kHz
};
SleepCost sleep_cost(std::size_t channels, double session_s);

}  // namespace vturn::benches
