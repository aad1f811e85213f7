#pragma once

#include "tools/simulation/hypnogram.hpp"

namespace vturn::simulation {

/// How much of each stage the signals show. Changes take about half a second, but REM announces itself: from 6 s
/// before a scorer would mark it, theta grows over the spindles and tone falls, and it is complete 4 s after.
class StageMix {
 public:
  void step(const HypnogramWalk& walk, double step_s) noexcept;
  [[nodiscard]] double blend(double wake, double nrem, double rem) const noexcept {
    return wake_ * wake + nrem_ * nrem + rem_ * rem;
  }

 private:
  double wake_ = 1.0, nrem_ = 0.0, rem_ = 0.0;
};

}  // namespace vturn::simulation
