#include <cmath>

#include "daemon/trigger/trigger.hpp"

namespace vturn::trigger {
namespace {

/// The rig's own faults; the others are the animal's doing and happen all night.
bool is_fault(VetoReason reason) noexcept {
  switch (reason) {
    case VetoReason::kGap:
    case VetoReason::kLateDecision:
    case VetoReason::kClockUncertain:
    case VetoReason::kNotRecorded:
    case VetoReason::kMasterLost:
    case VetoReason::kSourceSilent:
      return true;
    default:
      return false;
  }
}

constexpr std::int64_t kHourNs = 3600 * kNsPerS;

}  // namespace

void Trigger::inhibit(Inhibit* inhibit, bool present, OutputBuffer& out) noexcept {
  if (inhibit != nullptr && inhibits_.set(*inhibit, present, now_ns_)) inhibited(*inhibit, out);
}

void Trigger::inhibit_once(Inhibit* inhibit, OutputBuffer& out) noexcept {
  if (inhibit != nullptr && inhibits_.touch(*inhibit, now_ns_)) inhibited(*inhibit, out);
}

void Trigger::inhibited(const Inhibit& inhibit, OutputBuffer& out) noexcept {
  if (inhibit.rule == kNoRule) session(SessionChange::kInhibitOn, inhibit.reason, out).source = inhibit.source;
  for (std::uint8_t i = 0; i < output_states_.size(); ++i) {
    if (pulse_running(i) && inhibits_.affects(inhibit, output_states_[i].rule)) stop_pulse(i, inhibit.reason, out);
  }
  if (!armed_ || !is_fault(inhibit.reason)) return;
  const bool too_many = faults_.full(now_ns_, kHourNs);
  faults_.add(now_ns_);
  if (too_many) disarm(VetoReason::kTooManyInhibits, inhibit.source, 0, out);
}

void Trigger::clear_inhibits(OutputBuffer& out) noexcept {
  while (const Inhibit* cleared = inhibits_.clear_next(now_ns_)) {
    if (cleared->rule != kNoRule) continue;
    SessionOutput& told = session(SessionChange::kInhibitOff, cleared->reason, out);
    told.source = cleared->source;
    told.value_ns = now_ns_ - cleared->since_ns;
  }
}

void Trigger::set_state(SleepState state, OutputBuffer& out) noexcept {
  if (state == state_) return;
  state_ = state;
  state_since_ns_ = now_ns_;
  inhibit(inhibits_.find(VetoReason::kStateUnknown), state == SleepState::kUnknown, out);
  for (std::uint16_t i = 0; i < rule_states_.size(); ++i) {
    rule_states_[i].entry_seen = false;
    inhibit(inhibits_.find(VetoReason::kWrongState, kNoSource, i), state != settings_.rules[i].state, out);
  }
}

void Trigger::observe_sleep(const SleepOutput& sleep, OutputBuffer& out) noexcept {
  sleep_ = sleep;
  sleep_seen_ = true;
  last_sleep_ns_ = now_ns_;
  set_state(sleep.state, out);
  inhibit(inhibits_.find(VetoReason::kStateUnknown), sleep.state == SleepState::kUnknown, out);
  inhibit(inhibits_.find(VetoReason::kMovement), sleep.moving != 0, out);
  const bool blind = sleep.motion_unmeasured != 0 && !motion_acknowledged_absent();
  inhibit(inhibits_.find(VetoReason::kNoMotionSignal), blind, out);
  clear_inhibits(out);
}

void Trigger::observe_heading(const HeadingOutput& heading, OutputBuffer& out) noexcept {
  for (std::uint16_t i = 0; i < rule_states_.size(); ++i) {
    const float required = settings_.rules[i].min_evidence_nats_per_spike;
    if (!std::isfinite(required)) continue;
    rule_states_[i].evidence = heading.evidence_nats_per_spike;
    const bool enough = heading.evidence_nats_per_spike >= required;  // false for NaN
    inhibit(inhibits_.find(VetoReason::kLowEvidence, kNoSource, i), !enough, out);
  }
  clear_inhibits(out);
}

}  // namespace vturn::trigger
