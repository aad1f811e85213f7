#include "daemon/trigger/inhibits.hpp"

#include <algorithm>
#include <cmath>

namespace vturn::trigger {

void Inhibits::add(VetoReason reason, std::int64_t hold_ns, bool present, SourceIndex source, std::uint16_t rule) {
  inhibits_.push_back({reason, source, rule, hold_ns, present, present, 0, 0});
}

void Inhibits::add_of_sources(VetoReason reason, std::int64_t hold_ns, const TriggerSettings& settings) {
  std::uint32_t used = 0;
  for (const RuleSettings& rule : settings.rules) used |= rule.sources;
  for (SourceIndex source = 0; source < settings.sources.size(); ++source) {
    if ((used >> source & 1U) == 0) continue;
    // Until a source has been heard it is silent, and until its clock's uncertainty is told it is uncertain.
    const bool present = reason == VetoReason::kSourceSilent ||
                         (reason == VetoReason::kClockUncertain && !settings.sources[source].is_master);
    add(reason, hold_ns, present, source, kNoRule);
  }
}

void Inhibits::prepare(const TriggerSettings& settings) {
  const HoldTimes& hold = settings.hold;
  const auto rules = static_cast<std::uint16_t>(settings.rules.size());
  inhibits_.clear();
  rules_ = settings.rules;
  next_clear_ns_ = kNever;
  add(VetoReason::kMasterLost, hold.master_lost_ns, true, kNoSource, kNoRule);
  add(VetoReason::kNotRecorded, hold.not_recorded_ns, true, kNoSource, kNoRule);
  add_of_sources(VetoReason::kSourceSilent, hold.source_silent_ns, settings);
  add_of_sources(VetoReason::kGap, hold.gap_ns, settings);
  add_of_sources(VetoReason::kClockUncertain, hold.clock_uncertain_ns, settings);
  add(VetoReason::kStateUnknown, hold.state_unknown_ns, true, kNoSource, kNoRule);
  for (std::uint16_t rule = 0; rule < rules; ++rule) {
    add(VetoReason::kWrongState, std::max(hold.wrong_state_ns, rules_[rule].dwell_ns), true, kNoSource, rule);
  }
  add(VetoReason::kMovement, hold.movement_ns, false, kNoSource, kNoRule);
  add(VetoReason::kNoMotionSignal, hold.movement_ns, false, kNoSource, kNoRule);
  for (std::uint16_t rule = 0; rule < rules; ++rule) {
    const bool looks_at_heading = std::isfinite(rules_[rule].min_evidence_nats_per_spike);
    add(VetoReason::kLowEvidence, hold.low_evidence_ns, looks_at_heading, kNoSource, rule);
  }
  for (std::uint16_t rule = 0; rule < rules; ++rule) {
    add(VetoReason::kLateDecision, hold.late_decision_ns, false, kNoSource, rule);
  }
}

Inhibit* Inhibits::find(VetoReason reason, SourceIndex source, std::uint16_t rule) noexcept {
  for (Inhibit& inhibit : inhibits_) {
    if (inhibit.reason == reason && inhibit.source == source && inhibit.rule == rule) return &inhibit;
  }
  return nullptr;
}

bool Inhibits::set(Inhibit& inhibit, bool present, SessionNs now_ns) noexcept {
  if (present == inhibit.present) return false;
  inhibit.present = present;
  if (!present) {
    inhibit.gone_ns = now_ns;
    next_clear_ns_ = std::min(next_clear_ns_, now_ns + inhibit.hold_ns);
    return false;
  }
  if (inhibit.on) return false;
  inhibit.on = true;
  inhibit.since_ns = now_ns;
  return true;
}

bool Inhibits::touch(Inhibit& inhibit, SessionNs now_ns) noexcept {
  const bool came_on = set(inhibit, true, now_ns);
  set(inhibit, false, now_ns);
  return came_on;
}

Inhibit* Inhibits::clear_next(SessionNs now_ns) noexcept {
  if (now_ns < next_clear_ns_) return nullptr;
  next_clear_ns_ = kNever;
  for (Inhibit& inhibit : inhibits_) {
    if (!inhibit.on || inhibit.present) continue;
    if (now_ns - inhibit.gone_ns >= inhibit.hold_ns) {
      inhibit.on = false;
      next_clear_ns_ = now_ns;  // others may be due as well: the caller asks again
      return &inhibit;
    }
    next_clear_ns_ = std::min(next_clear_ns_, inhibit.gone_ns + inhibit.hold_ns);
  }
  return nullptr;
}

bool Inhibits::affects(const Inhibit& inhibit, std::uint16_t rule) const noexcept {
  if (inhibit.rule != kNoRule) return inhibit.rule == rule;
  if (inhibit.source != kNoSource) return (rules_[rule].sources >> inhibit.source & 1U) != 0;
  const bool of_movement = inhibit.reason == VetoReason::kMovement || inhibit.reason == VetoReason::kNoMotionSignal;
  return !of_movement || rules_[rule].movement_inhibits;
}

const Inhibit* Inhibits::first_of(std::uint16_t rule) const noexcept {
  for (const Inhibit& inhibit : inhibits_) {
    if (inhibit.on && affects(inhibit, rule)) return &inhibit;
  }
  return nullptr;
}

std::uint32_t Inhibits::mask() const noexcept {
  std::uint32_t mask = 0;
  for (const Inhibit& inhibit : inhibits_) {
    if (inhibit.on) mask |= 1U << static_cast<unsigned>(inhibit.reason);
  }
  return mask;
}

}  // namespace vturn::trigger
