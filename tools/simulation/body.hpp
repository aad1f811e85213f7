#pragma once

#include <array>

#include "tools/simulation/noise_band.hpp"
#include "tools/simulation/random.hpp"
#include "tools/simulation/settings.hpp"
#include "tools/simulation/stage_mix.hpp"

namespace vturn::simulation {

inline constexpr int kEmgPerStep = 3;  ///< EMG samples a step: 3 kHz

/// What the muscles show: EMG (microvolts, 3 kHz) and a three-axis accelerometer on the head (volts as an Intan
/// headstage gives them: 1.7 V at 0 g, 0.34 V/g, 1 kHz). Tone per stage, REM twitches, micro-arousals of NREM, an
/// arousal at the end of sleep, chewing and postural movements of wake, a gain that drifts over hours.
class Body {
 public:
  Body(std::uint64_t seed, std::uint64_t life);
  void step(const Moment& now, const StageMix& mix, bool artefact);

  [[nodiscard]] const std::array<double, kEmgPerStep>& emg_uv() const noexcept { return emg_; }
  [[nodiscard]] const std::array<double, 3>& accelerometer_v() const noexcept { return accelerometer_; }
  /// 0..1
  [[nodiscard]] double chewing() const noexcept { return chewing_.level; }

 private:
  /// Something that begins at random and lasts a while.
  struct Episode {
    double until_s = -1.0;
    double level = 0.0;
    void step(double time_s, double per_minute, double shortest_s, double longest_s, Random& random);
  };

  void update_levels(const Moment& now, const StageMix& mix, bool artefact);
  void move(const Moment& now);

  Random random_;
  NoiseBand emg_band_;
  std::array<NoiseBand, 3> shake_;
  std::array<OrnsteinUhlenbeck, 3> posture_;
  OrnsteinUhlenbeck tone_, burst_, drift_, vigour_;
  Episode twitch_, arousal_, chewing_, shift_;
  double emg_amplitude_ = 0.0, shake_g_ = 0.0;
  std::array<double, kEmgPerStep> emg_{};
  std::array<double, 3> accelerometer_{}, gravity_g_{};
  int countdown_ = 0;
};

}  // namespace vturn::simulation
