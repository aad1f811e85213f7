#pragma once

#include <array>

#include "tools/simulation/lfp.hpp"
#include "tools/simulation/noise_band.hpp"
#include "tools/simulation/random.hpp"
#include "tools/simulation/settings.hpp"
#include "tools/simulation/stage_mix.hpp"

namespace vturn::simulation {

inline constexpr int kEmgPerStep = 3;  ///< EMG samples a step: 3 kHz

/// What the muscles show: EMG (microvolts, 3 kHz) and a three-axis accelerometer on the head (volts as an Intan
/// headstage gives them: 1.7 V at 0 g, 0.34 V/g, 1 kHz). Tone per stage and posture, phasic REM with its twitches,
/// micro-arousals of NREM, an arousal at the end of sleep, chewing, jolts and postural movements of wake, a gain that
/// drifts over hours. Tone and its variation over seconds to hours follow mouse61_day1, scored by an expert.
class Body {
 public:
  Body(std::uint64_t seed, std::uint64_t life);
  void step(const Moment& now, const StageMix& mix, bool artefact);

  [[nodiscard]] const std::array<double, kEmgPerStep>& emg_uv() const noexcept { return emg_; }
  [[nodiscard]] const std::array<double, 3>& accelerometer_v() const noexcept { return accelerometer_; }
  /// When the body last woke; scorers mark it some tenths of a second earlier or later.
  [[nodiscard]] double awakening_s() const noexcept { return awakening_s_; }
  [[nodiscard]] BodySigns signs() const noexcept { return {chewing_.level, phasic_.level, jolt_.level}; }

 private:
  /// Something that begins at random and lasts a while.
  struct Episode {
    double until_s = -1.0;
    double level = 0.0;
    void step(double time_s, double per_minute, double shortest_s, double longest_s, Random& random);
  };

  void update_levels(const Moment& now, const StageMix& mix, bool artefact);
  void move();

  Random random_;
  NoiseBand emg_band_;
  std::array<NoiseBand, 3> shake_;
  std::array<OrnsteinUhlenbeck, 3> posture_;
  OrnsteinUhlenbeck posture_tone_, tone_, burst_, drift_, vigour_;
  Episode twitch_, phasic_, arousal_, chewing_, shift_, jolt_;
  bool awake_ = true;
  double awakening_s_ = -1e9;
  double emg_amplitude_ = 0.0, shake_g_ = 0.0, breath_g_ = 0.0;
  std::array<double, kEmgPerStep> emg_{};
  std::array<double, 3> accelerometer_{}, gravity_g_{};
  int countdown_ = 0;
};

}  // namespace vturn::simulation
