#include "daemon/sleep/motion_gate.hpp"

#include <algorithm>
#include <bit>

namespace vturn {
namespace {

/// Of the last 100 ms where there is such a value.
double latest(const FeatureFrame& frame, SleepFeature feature) noexcept {
  float value = frame.value(feature);
  if ((frame.fast_valid & feature_bit(feature)) != 0) {
    value = feature == SleepFeature::kMotion ? frame.fast_motion
            : feature == SleepFeature::kEmg  ? frame.fast_emg
                                             : frame.fast_emg_lfp;
  }
  return static_cast<double>(value);
}

}  // namespace

void MotionGate::prepare(const SleepModel& model, double step_s) noexcept {
  *this = MotionGate{};
  measures_ = {
      {{SleepFeature::kMotion, model.motion}, {SleepFeature::kEmg, model.emg}, {SleepFeature::kEmgLfp, model.emg_lfp}}};
  step_s_ = step_s;
  single_ = step_s > 0.5;
}

void MotionGate::reset() noexcept {
  recent_ = 0;
  moving_ = false;
  level_ = unmeasured_s_ = 0.0;
}

bool MotionGate::measure(const FeatureFrame& frame, double emg_offset) noexcept {
  level_ = 0.0;
  above_ = false;
  const auto found = std::find_if(measures_.begin(), measures_.end(), [&](const Measure& measure) {
    return measure.reference.known && frame.has(measure.feature);
  });
  if (found == measures_.end()) return false;
  const double offset = found->feature == SleepFeature::kEmg ? emg_offset : 0.0;
  level_ = (latest(frame, found->feature) - offset - found->reference.nrem_median) / found->reference.nrem_mad;
  above_ = level_ > found->reference.threshold;
  return true;
}

bool MotionGate::step(const FeatureFrame& frame, double emg_offset) noexcept {
  if (!measure(frame, emg_offset)) {
    // What is not seen is not stillness: stimuli that blank the EMG must not hide an arousal between them.
    unmeasured_s_ += step_s_;
    return !single_ && moving_;
  }
  unmeasured_s_ = 0.0;
  if (single_) return above_;
  recent_ = static_cast<std::uint8_t>(static_cast<unsigned>(recent_) << 1U | (above_ ? 1U : 0U));
  const int count = std::popcount(recent_);
  if (count >= kNeeded) moving_ = true;
  if (count == 0) moving_ = false;
  return moving_;
}

}  // namespace vturn
