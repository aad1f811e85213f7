#pragma once

#include "tools/simulation/hypnogram.hpp"
#include "tools/simulation/random.hpp"

namespace vturn::simulation {

/// How much of each stage a signal shows.
struct StageShares {
  double wake = 1.0, nrem = 0.0, rem = 0.0;
  [[nodiscard]] double blend(double of_wake, double of_nrem, double of_rem) const noexcept {
    return wake * of_wake + nrem * of_nrem + rem * of_rem;
  }
};

/// The stage as the signals show it. A scorer's mark lies on a grid of 4 s and the body does not wait for it: each
/// change comes earlier or later than its mark, in the muscles more so than in the brain, and takes a second or two.
/// Wake fades into sleep through drowsiness, REM follows intermediate sleep: delta falls and tone sinks before the
/// mark. Distributions follow the averages around the changes of an expert-scored mouse.
class StageMix {
 public:
  StageMix(std::uint64_t seed, std::uint64_t life) : random_(seed * 1000003 + life, 10) {}
  void step(const HypnogramWalk& walk, double step_s) noexcept;

  [[nodiscard]] const StageShares& brain() const noexcept { return brain_.shares; }
  [[nodiscard]] const StageShares& muscle() const noexcept { return muscle_.shares; }
  /// Intermediate sleep, 0..1: full at the end of the NREM before REM.
  [[nodiscard]] double intermediate() const noexcept { return intermediate_; }
  /// 0..1: wake that soon ends.
  [[nodiscard]] double drowsy() const noexcept { return drowsy_; }

 private:
  struct Seen {
    double lead_s = 0.0;       ///< of the change to come, before its mark
    double last_lead_s = 0.0;  ///< of the change past
    StageShares shares;
    [[nodiscard]] SleepState stage(const HypnogramWalk& walk, SleepState before) const noexcept;
    void relax(const StageShares& target, double share) noexcept;
  };

  void update(const HypnogramWalk& walk, double step_s) noexcept;
  void draw(const HypnogramWalk& walk) noexcept;

  Random random_;
  Seen brain_, muscle_;
  SleepState stage_ = SleepState::kUnknown, before_ = SleepState::kUnknown;
  double intermediate_ = 0.0, drowsy_ = 0.0, since_update_s_ = 0.0;
};

}  // namespace vturn::simulation
