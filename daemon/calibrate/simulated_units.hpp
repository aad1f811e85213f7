#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "daemon/decode/heading_model.hpp"

namespace vturn::calibrate {

/// Random numbers that are the same on every machine and library (SplitMix64; Box-Muller for the normal ones).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t bits() noexcept;
  double uniform() noexcept;  ///< [0, 1)
  double normal() noexcept;   ///< mean 0, SD 1

 private:
  std::uint64_t state_;
  double spare_ = 0.0;
  bool has_spare_ = false;
};

/// Spikes of a model's units for a given heading: Poisson, or clumped as the model's temper says (at 0.5 pairs come as
/// often as single spikes would at half the rate: the same mean, half the information).
class SimulatedUnits {
 public:
  SimulatedUnits(const HeadingModel& model, std::uint64_t seed);
  /// Spikes within a step of dt_s (short against 1 / summed rate changes; at most one is drawn a time, so that dt_s
  /// times the summed rate may be large) at this heading: `spike` gets the offset within the step and the unit.
  void step(double angle_rad, double dt_s, const std::function<void(double, UnitId)>& spike);
  [[nodiscard]] double summed_rate_hz(double angle_rad) const noexcept;

 private:
  std::vector<UnitId> units_;
  std::vector<std::vector<double>> cumulative_hz_;  ///< of clumps, per heading bin, over units
  double spikes_each_;                              ///< of a clump, on average
  Random random_;
};

/// A sorter that takes a share of the spikes for those of any unit of the model, all alike.
class Misassignment {
 public:
  Misassignment(const HeadingModel& model, double share, std::uint64_t seed);
  UnitId operator()(UnitId unit) noexcept;

 private:
  std::vector<UnitId> units_;
  double share_;
  Random random_;
};

}  // namespace vturn::calibrate
