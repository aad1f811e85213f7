#include "daemon/trigger/trigger.hpp"

namespace vturn::trigger {
namespace {

/// One that cannot be stopped and is not longer does no harm that an inhibit could have prevented in time.
constexpr std::int64_t kShortPulseNs = 100 * kNsPerMs;

}  // namespace

void Trigger::result(const OutputResultInput& result, OutputBuffer& out) noexcept {
  const bool known = result.output < output_states_.size() &&
                     output_states_[result.output].phase != PulsePhase::kIdle &&
                     output_states_[result.output].trigger_id == result.trigger_id;
  // A failure is taken seriously whatever it belongs to: the output is not what it was thought to be.
  if (!known) {
    ++stray_results_;
    if (result.result == OutputResult::kFailed) disarm(VetoReason::kOutputFailed, kNoSource, 0, out);
    return;
  }
  OutputState& output = output_states_[result.output];
  const bool awaited = output.phase == PulsePhase::kAwaited;
  switch (result.result) {
    case OutputResult::kFired:
    case OutputResult::kSham:
      if (!awaited) break;
      ++rule_states_[output.rule].consumed;
      charge(result.output);
      output.phase = PulsePhase::kRunning;
      break;
    case OutputResult::kRefused:
      output.phase = PulsePhase::kIdle;
      veto(output.rule, output.cause, {VetoReason::kOutputRefused, static_cast<double>(output.trigger_id), 0.0}, out);
      break;
    case OutputResult::kFailed:
      if (awaited) charge(result.output);
      disarm(VetoReason::kOutputFailed, kNoSource, 0, out);
      output.phase = PulsePhase::kIdle;
      break;
    case OutputResult::kNotStopped:
      if (settings_.outputs[result.output].pulse_ns > kShortPulseNs)
        disarm(VetoReason::kOutputFailed, kNoSource, 0, out);
      output.stopped = false;
      break;
    case OutputResult::kStopped:
      if (awaited) charge(result.output);
      output.phase = PulsePhase::kIdle;
      break;
  }
}

void Trigger::charge(std::uint8_t index) noexcept {
  OutputState& output = output_states_[index];
  RuleState& rule = rule_states_[output.rule];
  rule.minute.add(output.decided_ns);
  ++rule.charged;
  rule.fired = true;
  rule.last_fired_ns = output.decided_ns;
  output.duty.add(output.decided_ns);
  ++pulses_;
  on_time_ns_ += settings_.outputs[index].pulse_ns;
}

bool Trigger::pulse_running(std::uint8_t index) const noexcept {
  const OutputState& output = output_states_[index];
  if (output.phase == PulsePhase::kAwaited) return true;
  return output.phase == PulsePhase::kRunning && !output.stopped &&
         now_ns_ < output.decided_ns + settings_.outputs[index].pulse_ns;
}

void Trigger::stop_pulse(std::uint8_t index, VetoReason reason, OutputBuffer& out) noexcept {
  OutputState& output = output_states_[index];
  if (output.stopped || !pulse_running(index)) return;
  output.stopped = true;
  PulseStopOutput& stop = out.add(OutputKind::kPulseStop, now_ns_, sample_).payload.pulse_stop;
  stop.output = index;
  stop.reason = reason;
  stop.trigger_id = output.trigger_id;
}

}  // namespace vturn::trigger
