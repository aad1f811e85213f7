#pragma once

#include <array>
#include <vector>

#include "tools/simulation/compass.hpp"
#include "tools/simulation/random.hpp"
#include "tools/simulation/settings.hpp"

namespace vturn::simulation {

inline constexpr double kBurstSdS = 0.09;            ///< of a population burst's Gaussian shape
inline constexpr double kBurstSizeSpread = 0.1;      ///< bursts are 1 -+ this times the usual size
inline constexpr double kRemBurstsPerMinute = 31.5;  ///< of a side

/// Both sides' turn commands: population bursts of the turn cells, ~30 a minute and side, which the compass follows in
/// wake and REM with a probability, 20-70 ms after the burst's centre. Turns also start without
/// a command. Clockwise commands come from the left colliculus, counter-clockwise from the right; TTX in one silences
/// its cells (when they are the recorded, left ones), ends its drive and leaves the other side unopposed: its drive
/// grows and turns into continuous rotations.
class Colliculus {
 public:
  struct Command {
    double centre_s;
    Direction direction;
  };

  Colliculus(std::uint64_t seed, std::uint64_t life);
  void step(const Moment& now, TtxSide ttx, Compass& compass);

  /// Burst intensity of a side now, 1/s: a cell with a gain of k spikes a burst fires at k times this.
  [[nodiscard]] double burst(Direction side) const noexcept { return sides_[index(side)].intensity; }
  std::vector<Command> take_commands();

 private:
  struct Burst {
    double centre_s, size;
  };
  struct Side {
    Direction direction;
    double next_s = 0.5;
    std::vector<Burst> bursts;
    double intensity = 0.0;
  };

  static std::size_t index(Direction side) noexcept { return side == Direction::kClockwise ? 0 : 1; }
  void begin_burst(const Moment& now, Side& side, TtxSide ttx, Compass& compass);
  void spontaneous_turn(const Moment& now, TtxSide ttx, Compass& compass);
  static void update_intensity(const Moment& now, Side& side);

  Random random_;
  std::array<Side, 2> sides_;
  std::vector<Command> commands_;
};

}  // namespace vturn::simulation
