#pragma once

#include "daemon/core/input_event.hpp"
#include "daemon/core/output_buffer.hpp"
#include "daemon/engine/engine_settings.hpp"
#include "daemon/sleep/sleep_filter.hpp"
#include "daemon/sleep/unit_features.hpp"

namespace vturn {

/// LFP, EMG, accelerometer and spikes to sleep states at 10 Hz of session time.
class SleepStage {
 public:
  void prepare(const EngineSettings& settings);
  void lfp(const InputEvent& event, OutputBuffer& out) noexcept;
  /// Time goes on: the state is UNKNOWN when no sample has come for as long as a bad signal may last, by the master's
  /// clock or, should that stand still, by the monotonic one.
  void tick(const InputEvent& event, OutputBuffer& out) noexcept;
  /// Of any unit.
  void spike(SessionNs time_ns) noexcept {
    if (enabled_) units_.spike(time_ns);
  }
  /// The newest windowed heading; the same one again is nothing new.
  void heading(const WindowedHeading& heading) noexcept;
  /// A stimulus from `from_ns` on, which rings until `until_ns`.
  void blank(SessionNs from_ns, SessionNs until_ns) noexcept {
    if (enabled_) features_.blank(from_ns, until_ns);
  }
  /// Data were lost or a new epoch began: UNKNOWN until re-established.
  void gap(SessionNs time_ns, SampleIndex sample, OutputBuffer& out) noexcept;

  /// The newest that the filter took.
  [[nodiscard]] const FeatureFrame& frame() const noexcept { return frame_; }
  [[nodiscard]] std::span<const SignalQuality> quality() const noexcept { return features_.quality(); }
  [[nodiscard]] bool gains_refused() const noexcept { return enabled_ && filter_.gains_refused(); }
  [[nodiscard]] SleepState state() const noexcept { return last_.state; }

 private:
  void heard(const InputEvent& event) noexcept;

  FeatureExtractor features_;
  UnitFeatures units_;
  SessionNs heading_ns_ = INT64_MIN;
  SleepFilter filter_;
  FeatureFrame frame_;
  SleepOutput last_{};
  SessionNs unknown_after_ns_ = 0;
  SessionNs heard_ns_ = 0;
  MonoNs heard_mono_ns_ = 0;
  bool listening_ = false;  ///< the two above are set
  bool enabled_ = false;
};

}  // namespace vturn
