#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "tools/simulation/colliculus.hpp"
#include "tools/simulation/random.hpp"
#include "tools/simulation/settings.hpp"

namespace vturn::simulation {

struct CellSpike {
  UnitId unit;
  double time_s;
};

/// Head-direction cell: von Mises tuning, rate = base + (peak - base) exp(kappa (cos(angle - preferred) - 1)) Hz.
struct HeadingCell {
  double preferred_rad, kappa, peak_hz, base_hz;
  double sleep_gain;  ///< of its rate asleep
  [[nodiscard]] double rate_hz(double angle_rad) const noexcept;
};

struct TurnCell {
  Direction side;
  double base_hz;
  double spikes_per_burst;
};

/// The recorded units: head-direction cells first (unit 0..), then clockwise, then counter-clockwise turn cells.
/// A side's turn cells burst so strongly that its summed rate in REM has 2.7-4.2 times the deviation of a Poisson
/// process, as measured on nine cells and more; with fewer cells it stands out less. Poisson spikes at 1 ms steps with
/// 2 ms refractoriness. Asleep the compass cells fire ~15 % less; in NREM they fall silent together for 50-200 ms about
/// once a second.
class Cells {
 public:
  explicit Cells(const MouseSettings& settings);
  void step(const Moment& now, double heading_rad, const Colliculus& colliculus, TtxSide ttx,
            std::vector<CellSpike>& spikes);

  [[nodiscard]] const std::vector<HeadingCell>& heading_cells() const noexcept { return heading_cells_; }
  [[nodiscard]] const std::vector<TurnCell>& turn_cells() const noexcept { return turn_cells_; }

 private:
  static constexpr std::size_t kTable = 720;
  void draw_heading_cells(const MouseSettings& settings);
  void draw_turn_cells(Direction side, std::size_t count);
  void update_down_state(const Moment& now);
  void maybe_spike(Random& random, std::size_t unit, double rate_hz, double time_s, std::vector<CellSpike>& spikes);

  Random anatomy_, random_, turn_random_;
  OrnsteinUhlenbeck gain_;
  std::vector<HeadingCell> heading_cells_;
  std::vector<TurnCell> turn_cells_;
  std::vector<std::array<float, kTable>> tables_;
  std::vector<double> last_spike_s_;
  bool down_ = false;
};

}  // namespace vturn::simulation
