#pragma once

#include "daemon/sleep/sleep_model.hpp"

namespace vturn::test {

/// Well-separated states: wake = high EMG and motion, NREM = high delta, REM = theta without delta or muscle tone.
inline SleepModel synthetic_model() {
  SleepModel model;
  model.features = {SleepFeature::kDelta, SleepFeature::kTheta, SleepFeature::kEmg};
  constexpr double means[3][3] = {{4.0, 4.0, 6.0}, {6.0, 4.2, 3.0}, {3.5, 5.5, 2.5}};
  for (std::size_t s = 0; s < kSleepStates; ++s) {
    for (std::size_t i = 0; i < 3; ++i) {
      model.emissions[s].mean[i] = means[s][i];
      for (std::size_t j = 0; j < 3; ++j)
        model.emissions[s].covariance[i][j] = i == j ? 0.3 + 0.05 * static_cast<double>(s) : 0.08;
    }
  }
  model.emg = {true, 3.0, 0.3, 4.0};
  model.gain_fit_s = 0.0;
  return model;
}

inline FeatureFrame frame_of(SessionNs time_ns, float delta, float theta, float emg) {
  FeatureFrame frame;
  frame.time_ns = time_ns;
  frame.set(SleepFeature::kDelta, delta);
  frame.set(SleepFeature::kTheta, theta);
  frame.set(SleepFeature::kEmg, emg);
  return frame;
}

inline FeatureFrame wake_frame(SessionNs time_ns) { return frame_of(time_ns, 4.0F, 4.0F, 6.0F); }
inline FeatureFrame nrem_frame(SessionNs time_ns) { return frame_of(time_ns, 6.0F, 4.2F, 3.0F); }
inline FeatureFrame rem_frame(SessionNs time_ns) { return frame_of(time_ns, 3.5F, 5.5F, 2.5F); }

}  // namespace vturn::test
