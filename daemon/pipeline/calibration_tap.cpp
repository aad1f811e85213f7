#include "daemon/pipeline/calibration_tap.hpp"

#include <bit>
#include <cstring>

namespace vturn {

void CalibrationTap::take(const InputEvent& event, SleepState state) noexcept {
  if (boundary_ && push(*boundary_)) boundary_.reset();
  if (event.kind == InputKind::kCommand) return command(event);
  if (!collecting_) return;
  const bool awake = !only_awake_ || state == SleepState::kWake;
  waits_for_wake_.store(!awake, std::memory_order_relaxed);
  if (!awake) return;
  Sample sample{.time_ns = event.session_time_ns, .value = event.payload.spike.unit, .kind = Kind::kSpike};
  if (event.kind == InputKind::kHeading) {
    sample.value = std::bit_cast<std::uint32_t>(event.payload.heading.angle_rad);
    sample.kind = Kind::kHeading;
  } else if (event.kind != InputKind::kSpike || sample.value == kNoUnit) {
    return;
  }
  if (boundary_ || !push(sample)) lost_.fetch_add(1, std::memory_order_relaxed);
}

void CalibrationTap::command(const InputEvent& event) noexcept {
  const CommandInput& command = event.payload.command;
  const bool starts = command.command == CommandKind::kCalibrateStart;
  if (!starts && command.command != CommandKind::kCalibrateStop) return;
  collecting_ = starts;
  waits_for_wake_.store(false, std::memory_order_relaxed);
  const Sample sample{event.session_time_ns, command.value_ns != 0 ? 1U : 0U, starts ? Kind::kStart : Kind::kStop};
  if (!push(sample)) boundary_ = sample;
}

bool CalibrationTap::push(const Sample& sample) noexcept {
  char* const into = ring_.try_claim(sizeof sample);
  if (into == nullptr) return false;
  std::memcpy(into, &sample, sizeof sample);
  ring_.commit();
  return true;
}

bool CalibrationTap::next(Sample& sample) noexcept {
  const std::string_view record = ring_.front();
  if (record.empty()) return false;
  std::memcpy(&sample, record.data(), sizeof sample);
  ring_.release();
  return true;
}

}  // namespace vturn
