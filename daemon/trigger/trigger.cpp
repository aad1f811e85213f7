#include "daemon/trigger/trigger.hpp"

#include <algorithm>
#include <stdexcept>

namespace vturn::trigger {
namespace {

/// The master's time may lag behind by a reordered burst and run ahead by a missed second; anything beyond is not the
/// same recording going on.
constexpr std::int64_t kMaxBackwardNs = kNsPerS;
constexpr std::int64_t kMaxForwardNs = 5 * kNsPerS;
constexpr std::int64_t kMaxArmingNs = 86400 * kNsPerS;

bool carries_data(InputKind kind) noexcept {
  return kind == InputKind::kSpike || kind == InputKind::kLfp || kind == InputKind::kHeading || kind == InputKind::kTtl;
}

/// Clock events come with data that make no other event, such as frames of channels that nobody uses.
bool shows_life(const InputEvent& event) noexcept {
  return carries_data(event.kind) ||
         (event.kind == InputKind::kSource && event.payload.source.change == SourceChange::kClock);
}

std::size_t pulses_per_window(const LimitSettings& limits, const OutputSettings& output) {
  if (output.pulse_ns == 0) return 0;
  return static_cast<std::size_t>(limits.duty_max * static_cast<double>(limits.duty_window_ns) /
                                  static_cast<double>(output.pulse_ns));
}

}  // namespace

void Trigger::prepare(const TriggerSettings& settings) {
  if (const std::string problem = problem_of(settings); !problem.empty()) throw std::invalid_argument(problem);
  *this = Trigger{};
  settings_ = settings;
  inhibits_.prepare(settings);
  rule_states_.resize(settings.rules.size());
  output_states_.resize(settings.outputs.size());
  faults_.prepare(settings.limits.max_inhibits_per_hour);
  for (std::size_t i = 0; i < settings.rules.size(); ++i) {
    rule_states_[i].minute.prepare(settings.rules[i].max_per_minute);
    used_sources_ |= settings.rules[i].sources;
  }
  for (std::size_t i = 0; i < settings.outputs.size(); ++i) {
    output_states_[i].duty.prepare(pulses_per_window(settings.limits, settings.outputs[i]));
  }
  for (SourceIndex i = 0; i < settings.sources.size(); ++i) {
    if (settings.sources[i].is_master) master_ = i;
    any_motion_ = any_motion_ || settings.sources[i].carries_motion;
  }
}

void Trigger::input(const InputEvent& event, OutputBuffer& out) noexcept {
  now_mono_ns_ = event.now_mono_ns;
  sample_ = event.source_sample;
  advance_clock(event, out);
  if (armed_ && now_ns_ >= armed_until_ns_) disarm(VetoReason::kArmingLapsed, kNoSource, 0, out);
  note_arrival(event, out);
  clear_inhibits(out);
  switch (event.kind) {
    case InputKind::kTick:
      check_liveness(out);
      check_outputs(out);
      break;
    case InputKind::kSource:
      source_changed(event, out);
      break;
    case InputKind::kCommand:
      command(event, out);
      break;
    case InputKind::kOutputResult:
      result(event.payload.output, out);
      break;
    case InputKind::kRecorder:
      inhibit(inhibits_.find(VetoReason::kNotRecorded), event.payload.recorder.state != RecorderState::kRecording, out);
      break;
    default:
      break;
  }
  if (delayed_ > 0) run_delayed(event, out);
}

void Trigger::advance_clock(const InputEvent& event, OutputBuffer& out) noexcept {
  const bool tells_time = event.kind == InputKind::kTick || (event.source == master_ && carries_data(event.kind));
  if (!tells_time) return;
  const SessionNs time_ns = event.session_time_ns;
  if (!clock_started_) {
    clock_started_ = true;
    now_ns_ = time_ns;
    return;
  }
  if (time_ns < now_ns_ - kMaxBackwardNs || time_ns > now_ns_ + kMaxForwardNs) {
    disarm(VetoReason::kNewEpoch, master_, 0, out);
  }
  now_ns_ = std::max(now_ns_, time_ns);
}

void Trigger::note_arrival(const InputEvent& event, OutputBuffer& out) noexcept {
  if (event.source >= settings_.sources.size() || !shows_life(event)) return;
  SourceState& source = sources_[event.source];
  source.last_arrival_mono_ns =
      source.seen ? std::max(source.last_arrival_mono_ns, event.arrival_mono_ns) : event.arrival_mono_ns;
  source.seen = true;
  // A source that comes back is told at once; that one has gone is for the ticks to find out.
  if (source.silent && alive(event.source, settings_.sources[event.source].silent_after_ns)) check_liveness(out);
}

bool Trigger::alive(SourceIndex source, std::int64_t silent_after_ns) const noexcept {
  return sources_[source].seen && now_mono_ns_ - sources_[source].last_arrival_mono_ns <= silent_after_ns;
}

bool Trigger::master_alive() const noexcept { return alive(master_, settings_.master_lost_after_ns); }

void Trigger::check_liveness(OutputBuffer& out) noexcept {
  for (SourceIndex i = 0; i < settings_.sources.size(); ++i) {
    sources_[i].silent = !alive(i, settings_.sources[i].silent_after_ns);
    inhibit(inhibits_.find(VetoReason::kSourceSilent, i), sources_[i].silent, out);
  }
  inhibit(inhibits_.find(VetoReason::kMasterLost), !master_alive(), out);
  const bool stale = !sleep_seen_ || now_ns_ - last_sleep_ns_ > settings_.sleep_stale_after_ns;
  inhibit(inhibits_.find(VetoReason::kStateUnknown), stale || state_ == SleepState::kUnknown, out);
  clear_inhibits(out);
  // Session time stands still without its master: an arming in session time would never end.
  if (!master_alive()) disarm(VetoReason::kArmingLapsed, master_, 0, out);
}

void Trigger::check_outputs(OutputBuffer& out) noexcept {
  for (std::uint8_t i = 0; i < output_states_.size(); ++i) {
    OutputState& output = output_states_[i];
    if (output.phase != PulsePhase::kAwaited) continue;
    if (now_mono_ns_ - output.issued_mono_ns <= settings_.output_timeout_ns) continue;
    charge(i);  // it may have fired: dose is counted on the safe side
    disarm(VetoReason::kOutputFailed, kNoSource, 0, out);
    output.phase = PulsePhase::kIdle;
  }
}

void Trigger::source_changed(const InputEvent& event, OutputBuffer& out) noexcept {
  const SourceIndex index = event.source;
  if (index >= settings_.sources.size()) return;
  const SourceInput& change = event.payload.source;
  const SourceSettings& source = settings_.sources[index];
  switch (change.change) {
    case SourceChange::kEpoch:
      if (change.carries_spikes == 0 && change.carries_motion == 0 && !source.carries_spikes && !source.carries_motion)
        break;
      set_state(SleepState::kUnknown, out);
      disarm(VetoReason::kNewEpoch, index, 0, out);
      break;
    case SourceChange::kGap:
    case SourceChange::kOverflow:
      inhibit_once(inhibits_.find(VetoReason::kGap, index), out);
      break;
    case SourceChange::kClock:
      sources_[index].clock_uncertainty_ns = change.value_ns;
      inhibit(inhibits_.find(VetoReason::kClockUncertain, index),
              change.value_ns < 0 || change.value_ns > settings_.max_clock_uncertainty_ns, out);
      break;
    case SourceChange::kDown:
    case SourceChange::kRefused:
      sources_[index].seen = false;
      check_liveness(out);
      break;
    case SourceChange::kUp:
      break;
  }
}

void Trigger::command(const InputEvent& event, OutputBuffer& out) noexcept {
  const CommandInput& command = event.payload.command;
  switch (command.command) {
    case CommandKind::kArm:
      return arm(command, out);
    case CommandKind::kDisarm:
    case CommandKind::kShutdown:
      return shut(command, out);
    case CommandKind::kSelfTest:
      return self_tested(command, out);
    case CommandKind::kAcknowledgeNoMotion:
      no_motion_acknowledged_ = true;
      return;
    case CommandKind::kLoadModel:
      return disarm(VetoReason::kModelChanged, kNoSource, command.request, out);
    case CommandKind::kNote:
    case CommandKind::kCalibrateStart:
    case CommandKind::kCalibrateStop:
      return;
  }
}

void Trigger::shut(const CommandInput& command, OutputBuffer& out) noexcept {
  if (armed_) return disarm(VetoReason::kOperator, kNoSource, command.request, out);
  disarm_reason_ = VetoReason::kOperator;
  session(SessionChange::kDisarmed, VetoReason::kOperator, out).request = command.request;
}

void Trigger::self_tested(const CommandInput& command, OutputBuffer& out) noexcept {
  self_test_passed_ = command.value_ns == 1;
  const VetoReason reason = self_test_passed_ ? VetoReason::kNone : VetoReason::kSelfTestFailed;
  SessionOutput& told = session(SessionChange::kSelfTest, reason, out);
  told.request = command.request;
  told.value_ns = command.value_ns;
  if (!self_test_passed_) disarm(VetoReason::kSelfTestFailed, kNoSource, 0, out);
}

VetoReason Trigger::arm_refusal(const CommandInput& command, SourceIndex& source) const noexcept {
  if (command.value_ns <= 0 || command.value_ns > kMaxArmingNs) return VetoReason::kNotArmed;
  if (!self_test_passed_) return VetoReason::kSelfTestFailed;
  if (totals_reached()) return VetoReason::kLimitReached;
  source = master_;
  if (!clock_started_ || !master_alive()) return VetoReason::kMasterLost;
  for (source = 0; source < settings_.sources.size(); ++source) {
    const bool used = (used_sources_ >> source & 1U) != 0;
    if (used && !alive(source, settings_.sources[source].silent_after_ns)) return VetoReason::kSourceSilent;
  }
  source = kNoSource;
  const bool told = any_motion_ && settings_.movement_told;
  return told || motion_acknowledged_absent() ? VetoReason::kNone : VetoReason::kNoMotionSignal;
}

void Trigger::arm(const CommandInput& command, OutputBuffer& out) noexcept {
  SourceIndex source = kNoSource;
  if (const VetoReason reason = arm_refusal(command, source); reason != VetoReason::kNone) {
    SessionOutput& refused = session(SessionChange::kArmRefused, reason, out);
    refused.source = source;
    refused.request = command.request;
    refused.value_ns = command.value_ns;
    return;
  }
  if (!armed_) faults_.clear();
  armed_ = true;
  armed_until_ns_ = now_ns_ + command.value_ns;
  SessionOutput& told = session(SessionChange::kArmed, VetoReason::kNone, out);
  told.request = command.request;
  told.value_ns = armed_until_ns_;
}

void Trigger::disarm(VetoReason reason, SourceIndex source, std::uint32_t request, OutputBuffer& out) noexcept {
  if (!armed_) return;
  armed_ = false;
  disarm_reason_ = reason;
  SessionOutput& told = session(SessionChange::kDisarmed, reason, out);
  told.source = source;
  told.request = request;
  for (std::uint8_t i = 0; i < output_states_.size(); ++i) stop_pulse(i, reason, out);
  for (std::uint16_t i = 0; i < rule_states_.size(); ++i) {
    Delayed& delayed = rule_states_[i].delayed;
    if (!delayed.pending) continue;
    delayed.pending = false;
    --delayed_;
    veto(i, delayed.cause, {reason, 0.0, 1.0}, out);
  }
}

SessionOutput& Trigger::session(SessionChange change, VetoReason reason, OutputBuffer& out) noexcept {
  SessionOutput& session = out.add(OutputKind::kSession, now_ns_, sample_).payload.session;
  session.change = change;
  session.reason = reason;
  session.source = kNoSource;
  return session;
}

}  // namespace vturn::trigger
