#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "daemon/core/types.hpp"

namespace vturn {

/// Bins of the heading circle: bin j is centred on j * 2π/128. A multiple of 16 wastes no lane of the kernel, and
/// 2.8 degrees is far below the posterior's width.
inline constexpr std::size_t kHeadingAngles = 128;
/// Velocity rows in order of velocity: 6 right (clockwise, negative), 5 rest, 6 left.
inline constexpr std::size_t kRightRows = 6;
inline constexpr std::size_t kRestRows = 5;
inline constexpr std::size_t kLeftRows = 6;
inline constexpr std::size_t kVelocityRows = kRightRows + kRestRows + kLeftRows;
inline constexpr std::size_t kFirstRestRow = kRightRows;
inline constexpr std::size_t kFirstLeftRow = kRightRows + kRestRows;

using HeadingTuning = std::array<float, kHeadingAngles>;
template <class T>
using PerRow = std::array<T, kVelocityRows>;

/// One unit's tuning: expected rate at each heading bin.
struct HeadingUnit {
  UnitId unit = kNoUnit;
  HeadingTuning rate_hz{};               ///< at or above the model's rate floor
  float mean_rate_hz = 0.0F;             ///< occupancy-weighted: the rate of the model without heading
  float information_bits_per_spike = 0;  ///< Skaggs et al. 1993, cross-validated selection uses it
};

/// How heading moves, as a Markov chain over the velocity rows: neighbours exchange (hops), and a mode as a whole
/// switches to another (rest -> left or right, left or right -> rest). Rates per second.
struct HeadingDynamics {
  PerRow<float> velocity_rad_s{};  ///< ascending
  PerRow<float> hop_up_hz{};       ///< to the next faster row; 0 in the last
  PerRow<float> hop_down_hz{};     ///< to the row before; 0 in the first
  PerRow<float> enter{};           ///< where a switch (and the posterior's floor) lands: sums to 1 within each mode
  float rest_to_turn_hz = 0.0F;    ///< to left and right together, half each
  float turn_to_rest_hz = 0.0F;
  std::string name;  ///< which candidate it is, e.g. "ou sd=100 tau=0.2" (told, never parsed)
};

/// How well the model decodes recordings that it was not fitted to (blocks left out one after another).
struct HeadingFigures {
  double median_abs_error_deg = 0.0;
  double mean_abs_error_deg = 0.0;
  double p90_abs_error_deg = 0.0;
  double coverage_95 = 0.0;  ///< share of steps whose 95 % highest-density set holds the truth
  double memoryless_200ms_median_abs_error_deg = 0.0;
  std::uint64_t steps = 0;
  double duration_s = 0.0;  ///< of heading with occupancy
};

/// With this threshold a turn detector gives so many false onsets a minute while the heading rests (daemon/turns;
/// found by simulation on this model's tuning).
struct HeadingTurnThreshold {
  double false_alarms_per_minute = 0.0;
  double threshold_nats = 0.0;  ///< log-odds; of CUSUM, the sum
  double low_per_minute = 0.0;  ///< 95 % Poisson interval
  double high_per_minute = 0.0;
};

/// Whether "left" is known to be the animal's left: a mirrored tracker decodes perfectly and swaps every direction.
enum class Handedness : std::uint8_t { kUnconfirmed = 0, kConfirmed = 1 };

/// Everything the heading filter needs; made by calibration, stored as JSON (daemon/models).
struct HeadingModel {
  std::vector<HeadingUnit> units;           ///< each unit once, ascending
  std::array<HeadingDynamics, 3> dynamics;  ///< indexed by Dynamics
  float temper = 1.0F;                      ///< exponent of the likelihood, (0, 1]; below 1 where spikes are less
                                            ///< independent than Poisson
  float lag_s = 0.0F;                       ///< spikes at t tell the tracked heading of t + lag_s
  float frame_sd_rad = 0.0F;  ///< slow error of frame and tuning, which more spikes do not lessen: widens the posterior
                              ///< that is given out, not the one that is carried on
  float rate_floor_hz = 0.1F;
  float gain_tau_s = 3.0F;  ///< global gain tracker: memory
  float gain_min = 0.2F, gain_max = 5.0F;
  float evidence_tau_s = 0.35F;  ///< memory of the evidence and rate outputs
  Handedness handedness = Handedness::kUnconfirmed;
  HeadingFigures cross_validated;
  std::vector<HeadingTurnThreshold> turn_thresholds;   ///< by falling rate; empty = none simulated
  std::vector<HeadingTurnThreshold> cusum_thresholds;  ///< the same of the CUSUM detector
  std::uint64_t hash = 0;                              ///< of everything above that the filter uses: model_hash()
};

/// FNV-1a over the fields that decide what the filter computes, in a fixed order.
std::uint64_t model_hash(const HeadingModel& model) noexcept;

[[nodiscard]] const char* name_of(Dynamics dynamics) noexcept;

}  // namespace vturn
