#include "daemon/engine/sleep_stage.hpp"

namespace vturn {

void SleepStage::prepare(const EngineSettings& settings) {
  enabled_ = settings.sleep.has_value();
  if (!enabled_) return;
  features_.prepare(settings.features);
  units_.prepare();
  filter_.prepare(*settings.sleep);
  unknown_after_ns_ = static_cast<SessionNs>(settings.sleep->unknown_after_s * 1e9);
}

void SleepStage::lfp(const InputEvent& event, OutputBuffer& out) noexcept {
  if (!enabled_) return;
  features_.push(event.payload.lfp, event.session_time_ns, event.source_sample);
  heard(event);
  while (features_.next(frame_)) {
    units_.add_to(frame_);
    last_ = filter_.step(frame_);
    out.add(OutputKind::kSleep, frame_.time_ns, event.source_sample).payload.sleep = last_;
  }
}

void SleepStage::tick(const InputEvent& event, OutputBuffer& out) noexcept {
  if (!enabled_) return;
  const bool silent =
      event.session_time_ns - heard_ns_ > unknown_after_ns_ || event.now_mono_ns - heard_mono_ns_ > unknown_after_ns_;
  if (listening_ && !silent) return;
  if (listening_) {
    gap(event.session_time_ns, event.source_sample, out);
    features_.silent();
  }
  heard(event);
}

void SleepStage::heard(const InputEvent& event) noexcept {
  listening_ = true;
  heard_ns_ = event.session_time_ns;
  heard_mono_ns_ = event.now_mono_ns;
}

void SleepStage::heading(const WindowedHeading& heading) noexcept {
  if (!enabled_ || heading.time_ns == heading_ns_) return;
  heading_ns_ = heading.time_ns;
  if (heading.time_ns != INT64_MIN) units_.heading(heading);
}

void SleepStage::gap(SessionNs time_ns, SampleIndex sample, OutputBuffer& out) noexcept {
  if (!enabled_) return;
  features_.gap();
  units_.reset();
  filter_.gap();
  if (last_.state == SleepState::kUnknown) return;
  last_ = SleepOutput{};
  out.add(OutputKind::kSleep, time_ns, sample).payload.sleep = last_;
}

}  // namespace vturn
