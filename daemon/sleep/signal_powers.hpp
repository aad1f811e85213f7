#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "daemon/core/input_event.hpp"
#include "daemon/sleep/band_pass.hpp"
#include "daemon/sleep/burst_gate.hpp"
#include "daemon/sleep/sleep_features.hpp"
#include "daemon/sleep/stimulus_blank.hpp"

namespace vturn {

enum class SignalRole : std::uint8_t { kBrain, kEmg, kMotion };

/// Features that are band powers: delta to motion.
inline constexpr std::size_t kPowerFeatures = static_cast<std::size_t>(SleepFeature::kMotion) + 1;

/// Powers of one signal at one point of the 10 Hz grid.
struct PowerSnapshot {
  std::int64_t index = INT64_MIN;
  std::array<double, kPowerFeatures> power{};  ///< smoothed, by feature; of the bands asked for
  double fast_power = 0.0;                     ///< mean over the last 100 ms
  bool usable = false;                         ///< settled, neither flat nor in an artefact
  bool artefact = false;
  SignalProblem problem = SignalProblem::kNone;  ///< why it is not usable
};

/// Band powers of one signal: samples in, one snapshot per 100 ms of session time out. The average takes whole 100 ms
/// pieces, so a piece found to be an artefact never enters it.
class SignalPowers {
 public:
  struct Settings {
    int signal = -1;
    SignalRole role = SignalRole::kBrain;
    SleepFeatureMask bands = 0;
    double smoothing_s = 0.75;
    double saturation = 0.0;  ///< 0 = none
  };

  void prepare(const Settings& settings) noexcept;
  void reset() noexcept;
  void push(const LfpInput& block, SessionNs first_sample_time_ns) noexcept;
  /// A stimulus rings in what is sampled in (from, until]: an artefact there. Never shortens the blank before.
  void blank(SessionNs from_ns, SessionNs until_ns) noexcept { blank_.add(from_ns, until_ns); }

  [[nodiscard]] const Settings& settings() const noexcept { return settings_; }
  [[nodiscard]] std::int64_t newest_index() const noexcept { return newest_; }
  [[nodiscard]] const PowerSnapshot* at(std::int64_t index) const noexcept;

  static constexpr SessionNs kPieceNs = 100 * kNsPerMs;
  static constexpr std::size_t kKept = 8;
  static constexpr std::size_t kBands = kPowerFeatures;

 private:
  struct Band {
    BandPass filter;
    double sum = 0.0;
    double smoothed = 0.0;
    bool possible = false;  ///< the band lies below the Nyquist frequency
  };
  struct Piece {
    std::int64_t index = INT64_MIN;
    std::size_t samples = 0;
    std::size_t bad_samples = 0;
    double broad_sum = 0.0;
    bool flat = true;
  };

  void design(float rate_hz) noexcept;
  void design_band(SleepFeature feature) noexcept;
  void restart(SessionNs time_ns) noexcept;
  void sample(float value, SessionNs time_ns) noexcept;
  void close_piece() noexcept;
  bool smooth_powers() noexcept;

  Settings settings_{};
  std::array<Band, kBands> bands_{};
  BandPass broad_{};
  BurstGate burst_gate_{};
  Piece piece_{};
  std::array<PowerSnapshot, kKept> kept_{};
  double rate_hz_ = 0.0;
  double smoothing_rate_ = 1.0;
  double weight_ = 0.0;
  double baseline_ = 0.0;
  double last_good_ = 0.0;
  std::size_t settle_pieces_ = 0;
  std::size_t hold_pieces_ = 0;
  bool held_artefact_ = false;
  SignalProblem held_problem_ = SignalProblem::kNone;
  StimulusBlank blank_;
  bool running_ = false;
  SessionNs expected_ns_ = 0;
  std::int64_t newest_ = INT64_MIN;
};

}  // namespace vturn
