#pragma once

#include <array>
#include <cstdint>

#include "daemon/sleep/sleep_model.hpp"

namespace vturn {

/// Whether the animal moves: log motion (accelerometer, else EMG, else EMG from LFP) against its NREM median. Movement
/// shows in most of the last 0.8 s that were measured; a REM twitch is shorter and does not pass.
class MotionGate {
 public:
  void prepare(const SleepModel& model, double step_s) noexcept;
  void reset() noexcept;
  /// `emg_offset`: offset of log EMG against the model. True while moving.
  bool step(const FeatureFrame& frame, double emg_offset) noexcept;
  /// Above the NREM median, in its MADs; 0 without a motion signal.
  [[nodiscard]] double level() const noexcept { return level_; }
  /// Nothing has told movement for more than a second.
  [[nodiscard]] bool unmeasured() const noexcept { return unmeasured_s_ > kLongestUnmeasuredS; }

 private:
  static constexpr int kWindow = 8;
  static constexpr int kNeeded = 6;
  static constexpr double kLongestUnmeasuredS = 1.0;

  /// Sets the level; false without a motion signal.
  [[nodiscard]] bool measure(const FeatureFrame& frame, double emg_offset) noexcept;

  /// What movement can be told by, the best first.
  struct Measure {
    SleepFeature feature = SleepFeature::kMotion;
    MotionReference reference;
  };
  std::array<Measure, 3> measures_{};
  double step_s_ = 0.1;
  double unmeasured_s_ = 0.0;
  bool single_ = false;  ///< a step is longer than the window: each frame decides alone
  std::uint8_t recent_ = 0;
  bool moving_ = false;
  double level_ = 0.0;
  bool above_ = false;
};

}  // namespace vturn
