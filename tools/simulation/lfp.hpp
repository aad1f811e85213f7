#pragma once

#include <array>

#include "tools/simulation/noise_band.hpp"
#include "tools/simulation/random.hpp"
#include "tools/simulation/settings.hpp"
#include "tools/simulation/stage_mix.hpp"

namespace vturn::simulation {

/// Local field potential in microvolts, 1 kHz: five bands of noise whose log power depends on the stage and wanders
/// around it, a narrow theta rhythm, a 1/f background. Means between stages and the wander (s.d. ~0.5 of log power in
/// 4 s, correlated between bands) follow an expert-scored mouse, so that the stages overlap as they do in life.
class Lfp {
 public:
  Lfp(std::uint64_t seed, std::uint64_t life);
  double step(const Moment& now, const StageMix& mix, bool artefact, double chewing);

 private:
  struct Band {
    NoiseBand noise;
    OrnsteinUhlenbeck fast, slow;
    double amplitude = 0.0;
  };
  void update_amplitudes(const Moment& now, const StageMix& mix);

  Random random_;
  std::array<Band, 5> bands_;
  NoiseBand rhythm_;
  OrnsteinUhlenbeck common_, drift_, wander_;
  std::array<OrnsteinUhlenbeck, 3> background_;
  double rhythm_amplitude_ = 0.0;
  int countdown_ = 0;
};

}  // namespace vturn::simulation
