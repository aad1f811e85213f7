#include "daemon/core/digest.hpp"

namespace vturn {

void Digest::add(const OutputEvent& event) noexcept {
  ++outputs_;
  enumerator(event.kind);
  integer(event.session_time_ns);
  integer(event.source_sample);
  switch (event.kind) {
    case OutputKind::kHeading:
      return add(event.payload.heading);
    case OutputKind::kSleep:
      return add(event.payload.sleep);
    case OutputKind::kTurn:
      return add(event.payload.turn);
    case OutputKind::kPopulation:
      return add(event.payload.population);
    case OutputKind::kTrigger:
      return add(event.payload.trigger);
    case OutputKind::kVeto:
      return add(event.payload.veto);
    case OutputKind::kSession:
      return add(event.payload.session);
    case OutputKind::kPulseStop:
      return add(event.payload.pulse_stop);
  }
}

void Digest::add(const HeadingOutput& heading) noexcept {
  for (const float value :
       {heading.angle_rad, heading.map_angle_rad, heading.concentration, heading.p_rest, heading.p_left,
        heading.p_right, heading.angular_velocity_rad_s, heading.evidence_nats_per_spike, heading.spikes_per_s,
        heading.credible_95_rad, heading.twin_evidence_nats_per_spike}) {
    real(value);
  }
  enumerator(heading.dynamics);
}

void Digest::add(const SleepOutput& sleep) noexcept {
  enumerator(sleep.state);
  integer(sleep.moving);
  integer(sleep.motion_unmeasured);
  integer(sleep.feature_count);
  for (const float value :
       {sleep.p_wake, sleep.p_nrem, sleep.p_rem, sleep.time_in_state_s, sleep.motion, sleep.quality}) {
    real(value);
  }
  for (std::size_t i = 0; i < sleep.feature_count && i < kMaxSleepFeatures; ++i) real(sleep.features[i]);
}

void Digest::add(const TurnOutput& turn) noexcept {
  enumerator(turn.direction);
  enumerator(turn.phase);
  enumerator(turn.sleep_state);
  integer(turn.onset_time_ns);
  integer(turn.decision_time_ns);
  real(turn.angle_rad);
  real(turn.peak_velocity_rad_s);
  real(turn.log_odds);
}

void Digest::add(const PopulationOutput& population) noexcept {
  enumerator(population.side);
  for (const float value :
       {population.rate_hz, population.z, population.coupling, population.coupling_low, population.coupling_high,
        population.shuffled, population.shuffled_low, population.shuffled_high}) {
    real(value);
  }
}

void Digest::add(const Cause& cause) noexcept {
  enumerator(cause.kind);
  switch (cause.kind) {
    case CauseKind::kTurn:
      return add(cause.value.turn);
    case CauseKind::kPopulation:
      return add(cause.value.population);
    case CauseKind::kSleep:
      return add(cause.value.sleep);
  }
}

void Digest::add(const TriggerOutput& trigger) noexcept {
  add(trigger.cause);
  integer(trigger.valid_until_ns);
  real(trigger.pulse_ms);
  real(trigger.p_state);
  integer(trigger.trigger_id);
  integer(trigger.rule);
  integer(trigger.output);
  enumerator(trigger.arm);
}

void Digest::add(const VetoOutput& veto) noexcept {
  add(veto.cause);
  real(veto.detail);
  real(veto.required);
  integer(veto.rule);
  enumerator(veto.reason);
}

void Digest::add(const SessionOutput& session) noexcept {
  enumerator(session.change);
  enumerator(session.reason);
  integer(session.source);
  integer(session.request);
  integer(session.count);
  integer(session.value_ns);
}

void Digest::add(const PulseStopOutput& stop) noexcept {
  integer(stop.output);
  enumerator(stop.reason);
  integer(stop.trigger_id);
}

}  // namespace vturn
