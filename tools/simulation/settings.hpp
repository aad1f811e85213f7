#pragma once

#include <cstddef>
#include <cstdint>

#include "daemon/core/types.hpp"

namespace vturn::simulation {

inline constexpr double kDegree = 3.14159265358979323846 / 180.0;
/// Step of the mouse's inner life; spikes are placed within it, signals sampled finer or coarser.
inline constexpr double kStepS = 1e-3;

/// Which superior colliculus is silenced by TTX. The recorded turn cells are in the left one.
enum class TtxSide : std::uint8_t { kNone = 0, kLeft, kRight };

struct MouseSettings {
  std::uint64_t seed = 1;  ///< the animal: its cells and their tuning
  std::uint64_t life = 0;  ///< the day: same animal, other spikes, turns and signals
  std::size_t heading_cells = 40;
  std::size_t clockwise_cells = 15;
  std::size_t counterclockwise_cells = 8;
  TtxSide ttx = TtxSide::kNone;
  double ttx_from_s = 0.0;
  double rate_hz = 30000.0;

  [[nodiscard]] std::size_t units() const noexcept { return heading_cells + clockwise_cells + counterclockwise_cells; }
};

/// What the parts of the mouse share at one step.
struct Moment {
  double time_s = 0.0;
  SleepState stage = SleepState::kWake;
  bool active = false;  ///< wake: moving about, not quiet
  double since_stage_s = 0.0;
  bool ttx = false;  ///< TTX has taken effect
};

}  // namespace vturn::simulation
