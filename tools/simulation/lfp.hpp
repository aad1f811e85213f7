#pragma once

#include <array>

#include "tools/simulation/lfp_levels.hpp"
#include "tools/simulation/noise_band.hpp"
#include "tools/simulation/random.hpp"
#include "tools/simulation/settings.hpp"
#include "tools/simulation/stage_mix.hpp"

namespace vturn::simulation {

/// What of the body shows in the field potential.
struct BodySigns {
  double chewing = 0.0, phasic = 0.0, jolt = 0.0;  ///< 0..1
};

/// Local field potential in microvolts, 1 kHz: five bands of noise whose log power depends on the stage and wanders
/// around it, a theta rhythm that quickens and grows in phasic REM, a 1/f background, artefacts, a gain that drifts
/// over hours. Levels and variation are those of a scored mouse (lfp_levels.hpp), so that the stages overlap as they do
/// in life.
class Lfp {
 public:
  Lfp(std::uint64_t seed, std::uint64_t life);
  double step(const Moment& now, const StageMix& mix, bool artefact, const BodySigns& body);

 private:
  /// A narrow-band rhythm of unit variance and changing frequency.
  class Rhythm {
   public:
    Rhythm();
    void tune(double hz) noexcept;
    double step(Random& random) noexcept;

   private:
    std::array<double, 2> value_{0.0, 0.0}, turn_{1.0, 0.0};  ///< complex: the rhythm is the real part
    double kick_;
  };

  void update_amplitudes(const Moment& now, const StageMix& mix, const BodySigns& body);
  double artefacts(bool artefact, double jolt);

  Random random_;
  std::array<NoiseBand, kLfpBands> bands_;
  std::array<double, kLfpBands> amplitude_{};
  std::array<OrnsteinUhlenbeck, kLfpBands> fast_, slow_;
  Rhythm rhythm_;
  OrnsteinUhlenbeck drift_, depth_, wander_;
  std::array<OrnsteinUhlenbeck, 3> background_;
  double rhythm_amplitude_ = 0.0;
  int countdown_ = 0;
};

}  // namespace vturn::simulation
