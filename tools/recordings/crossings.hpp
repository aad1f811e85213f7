#pragma once

#include <functional>

#include "tools/recordings/recording.hpp"
#include "tools/recordings/unit_spikes.hpp"

namespace vturn::recordings {

/// How RHX finds spikes: in the band above a second-order Bessel high-pass, the first sample beyond a threshold, then
/// none for a while.
struct CrossingSettings {
  double threshold_uv = -70.0;  ///< below 0: crossed downwards, above: upwards
  double high_pass_hz = 250.0;
  std::int64_t dead_samples = 51;  ///< measured on RHX 3.4 at 20 and 30 kHz alike
};

/// Finds the threshold crossings of one channel, sample by sample.
class CrossingDetector {
 public:
  CrossingDetector(const CrossingSettings& settings, double rate_hz) noexcept;

  /// Forgets the past; the next sample is taken as the level at which the signal has always been.
  void reset() noexcept;
  /// Whether a spike is found at this sample.
  bool push(double microvolts) noexcept;

 private:
  double threshold_uv_;
  std::int64_t dead_samples_, since_spike_;
  double gain_ = 1.0, a1_ = 0.0, a2_ = 0.0;
  double s1_ = 0.0, s2_ = 0.0;
  bool settled_ = false;
};

/// Spikes of the wideband channels that have a unit: for recordings in which none were saved. `progress` is told the
/// share done. Throws RecordingError when no channel has a unit.
UnitSpikes detect_by_unit(Recording& recording, const ingest::UnitMapSettings& units, const CrossingSettings& settings,
                          const std::function<void(double)>& progress);

}  // namespace vturn::recordings
