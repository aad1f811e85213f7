#pragma once

#include "daemon/core/input_event.hpp"
#include "daemon/core/output_buffer.hpp"
#include "daemon/engine/engine_settings.hpp"
#include "daemon/sleep/sleep_filter.hpp"

namespace vturn {

/// LFP, EMG and accelerometer to sleep states at 10 Hz of session time.
class SleepStage {
 public:
  void prepare(const EngineSettings& settings);
  void lfp(const InputEvent& event, OutputBuffer& out) noexcept;
  /// Data were lost or a new epoch began: UNKNOWN until re-established.
  void gap(SessionNs time_ns, SampleIndex sample, OutputBuffer& out) noexcept;

  [[nodiscard]] SleepState state() const noexcept { return last_.state; }

 private:
  FeatureExtractor features_;
  SleepFilter filter_;
  SleepOutput last_{};
  bool enabled_ = false;
};

}  // namespace vturn
