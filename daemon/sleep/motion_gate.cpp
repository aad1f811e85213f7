#include "daemon/sleep/motion_gate.hpp"

#include <bit>

namespace vturn {

void MotionGate::prepare(const SleepModel& model, double step_s) noexcept {
  *this = MotionGate{};
  motion_ = model.motion;
  emg_ = model.emg;
  single_ = step_s > 0.5;
}

void MotionGate::reset() noexcept {
  recent_ = 0;
  moving_ = false;
  level_ = 0.0;
}

bool MotionGate::measure(const FeatureFrame& frame, double emg_offset) noexcept {
  const bool accelerometer = motion_.known && frame.has(SleepFeature::kMotion);
  const bool muscle = emg_.known && frame.has(SleepFeature::kEmg);
  if (!accelerometer && !muscle) {
    level_ = 0.0;
    return false;
  }
  const MotionReference& reference = accelerometer ? motion_ : emg_;
  const SleepFeature feature = accelerometer ? SleepFeature::kMotion : SleepFeature::kEmg;
  const bool fast = (frame.fast_valid & feature_bit(feature)) != 0;
  const float fast_value = accelerometer ? frame.fast_motion : frame.fast_emg;
  const double value =
      static_cast<double>(fast ? fast_value : frame.value(feature)) - (accelerometer ? 0.0 : emg_offset);
  level_ = (value - reference.nrem_median) / reference.nrem_mad;
  return level_ > reference.threshold;
}

bool MotionGate::step(const FeatureFrame& frame, double emg_offset) noexcept {
  const bool above = measure(frame, emg_offset);
  if (single_) return above;
  recent_ = static_cast<std::uint8_t>(static_cast<unsigned>(recent_) << 1U | (above ? 1U : 0U));
  const int count = std::popcount(recent_);
  if (count >= kNeeded) moving_ = true;
  if (count == 0) moving_ = false;
  return moving_;
}

}  // namespace vturn
