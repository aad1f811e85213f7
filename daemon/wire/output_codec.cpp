#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include "daemon/core/text_hash.hpp"
#include "daemon/wire/codec.hpp"

namespace vturn::wire {
namespace {

// The wire's enumerators have the numbers of daemon/core's, so that conversion is a cast.
static_assert(static_cast<int>(SleepState::kRem) == v1::SLEEP_STATE_REM);
static_assert(static_cast<int>(Direction::kCounterclockwise) == v1::DIRECTION_COUNTERCLOCKWISE);
static_assert(static_cast<int>(Dynamics::kNrem) == v1::DYNAMICS_NREM);
static_assert(static_cast<int>(TurnPhase::kEnd) == v1::TURN_PHASE_END);
static_assert(static_cast<int>(Arm::kDelayed) == v1::ARM_DELAYED);
static_assert(static_cast<int>(VetoReason::kGap) == v1::VETO_REASON_GAP);
static_assert(static_cast<int>(VetoReason::kNotArmed) == v1::VETO_REASON_NOT_ARMED);
static_assert(static_cast<int>(VetoReason::kOutputRefused) == v1::VETO_REASON_OUTPUT_REFUSED);
static_assert(static_cast<int>(VetoReason::kCount) == v1::VetoReason_ARRAYSIZE);
static_assert(static_cast<int>(SessionChange::kTuningGood) == v1::SESSION_CHANGE_TUNING_GOOD);

template <class Wire, class Core>
constexpr Wire wire(Core value) noexcept {
  return static_cast<Wire>(value);
}

template <class Core>
bool core(int value, Core first, Core last, Core& out) noexcept {
  if (value < static_cast<int>(first) || value > static_cast<int>(last)) return false;
  out = static_cast<Core>(value);
  return true;
}

bool core(int value, SleepState& out) noexcept { return core(value, SleepState::kUnknown, SleepState::kRem, out); }
bool core(int value, Direction& out) noexcept {
  return core(value, Direction::kNone, Direction::kCounterclockwise, out);
}
bool core(int value, VetoReason& out) noexcept {
  return core(value, VetoReason::kNone, VetoReason::kOutputRefused, out);
}

std::string_view name_at(const std::vector<std::string>& names, std::size_t index) noexcept {
  return index < names.size() ? std::string_view(names[index]) : std::string_view{};
}

void assign(std::string& target, std::string_view text) { target.assign(text.data(), text.size()); }

template <class Index>
bool index_of(const std::vector<std::string>& names, const std::string& name, Index& out) noexcept {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return false;
  out = static_cast<Index>(found - names.begin());
  return true;
}

template <class Message>
void cause_to_proto(const Cause& cause, Message& message) {
  switch (cause.kind) {
    case CauseKind::kTurn:
      return to_proto(cause.value.turn, *message.mutable_turn());
    case CauseKind::kPopulation:
      return to_proto(cause.value.population, *message.mutable_population());
    case CauseKind::kSleep:
      return to_proto(cause.value.sleep, *message.mutable_sleep());
  }
  message.clear_cause();
}

bool body_from_proto(const v1::Heading& message, HeadingOutput& heading) noexcept {
  heading = {.angle_rad = message.angle_rad(),
             .map_angle_rad = message.map_angle_rad(),
             .concentration = message.concentration(),
             .p_rest = message.p_rest(),
             .p_left = message.p_left(),
             .p_right = message.p_right(),
             .angular_velocity_rad_s = message.angular_velocity_rad_s(),
             .evidence_nats_per_spike = message.evidence_nats_per_spike(),
             .spikes_per_s = message.spikes_per_s(),
             .dynamics = Dynamics::kWake,
             .credible_95_rad = message.credible_95_rad(),
             .twin_evidence_nats_per_spike = message.twin_evidence_nats_per_spike()};
  return core(message.dynamics(), Dynamics::kWake, Dynamics::kNrem, heading.dynamics);
}

bool body_from_proto(const v1::Sleep& message, SleepOutput& sleep) noexcept {
  if (message.features_size() > static_cast<int>(kMaxSleepFeatures)) return false;
  sleep = {.state = SleepState::kUnknown,
           .feature_count = static_cast<std::uint8_t>(message.features_size()),
           .moving = static_cast<std::uint8_t>(message.moving() ? 1 : 0),
           .p_wake = message.p_wake(),
           .p_nrem = message.p_nrem(),
           .p_rem = message.p_rem(),
           .time_in_state_s = message.time_in_state_s(),
           .motion = message.motion(),
           .quality = message.quality(),
           .features = {},
           .motion_unmeasured = static_cast<std::uint8_t>(message.motion_unmeasured() ? 1 : 0)};
  std::copy(message.features().begin(), message.features().end(), sleep.features.begin());
  return core(message.state(), sleep.state);
}

bool body_from_proto(const v1::Turn& message, TurnOutput& turn) noexcept {
  turn = {.onset_time_ns = message.onset_time_ns(),
          .decision_time_ns = message.decision_time_ns(),
          .angle_rad = message.angle_rad(),
          .peak_velocity_rad_s = message.peak_velocity_rad_s(),
          .log_odds = message.log_odds(),
          .direction = Direction::kNone,
          .phase = TurnPhase::kOnset,
          .sleep_state = SleepState::kUnknown};
  return core(message.direction(), turn.direction) && core(message.sleep_state(), turn.sleep_state) &&
         core(message.phase(), TurnPhase::kOnset, TurnPhase::kEnd, turn.phase);
}

bool body_from_proto(const v1::Population& message, PopulationOutput& population) noexcept {
  population = {.side = Direction::kNone,
                .rate_hz = message.rate_hz(),
                .z = message.z(),
                .coupling = message.coupling(),
                .coupling_low = message.coupling_low(),
                .coupling_high = message.coupling_high(),
                .shuffled = message.shuffled(),
                .shuffled_low = message.shuffled_low(),
                .shuffled_high = message.shuffled_high()};
  return core(message.side(), population.side);
}

template <class Message>
bool cause_from_proto(const Message& message, Cause& cause) noexcept {
  switch (message.cause_case()) {
    case Message::kTurn:
      cause.kind = CauseKind::kTurn;
      return body_from_proto(message.turn(), cause.value.turn);
    case Message::kPopulation:
      cause.kind = CauseKind::kPopulation;
      return body_from_proto(message.population(), cause.value.population);
    case Message::kSleep:
      cause.kind = CauseKind::kSleep;
      return body_from_proto(message.sleep(), cause.value.sleep);
    case Message::CAUSE_NOT_SET:
      break;
  }
  return false;
}

template <class Message>
void start(const Message& message, OutputKind kind, OutputEvent& event) noexcept {
  event = OutputEvent{};
  event.kind = kind;
  event.session_time_ns = message.header().session_time_ns();
  event.source_sample = message.header().source_sample();
}

// std::to_chars: no locale, no allocation.
char* write_number(char* first, char* last, double value) noexcept {
  return std::to_chars(first, last, value, std::chars_format::general, 6).ptr;
}

void veto_detail(const VetoOutput& veto, std::string& detail) {
  constexpr std::string_view kNeeds = ", needed ";
  std::array<char, 80> text{};
  char* const last = text.data() + text.size();
  char* end = write_number(text.data(), last, veto.detail);
  end = std::copy(kNeeds.begin(), kNeeds.end(), end);
  end = write_number(end, last, veto.required);
  detail.assign(text.data(), static_cast<std::size_t>(end - text.data()));
}

/// What a change says beyond its fields, for people; else the operator's words.
void session_text(const SessionOutput& session, std::string_view words, std::string& text) {
  if (session.change == SessionChange::kModelLoaded) {
    const HashDigits hash = hash_digits(static_cast<std::uint64_t>(session.value_ns));
    text.assign(hash.data(), hash.size());
  } else if (session.change >= SessionChange::kTuningLost) {
    std::array<char, 96> line{};
    const int size =
        std::snprintf(line.data(), line.size(), "error about the frame %.1f deg, frame rotated by %+.1f deg",
                      1e-3 * static_cast<double>(session.count), 1e-3 * static_cast<double>(session.value_ns));
    text.assign(line.data(), static_cast<std::size_t>(size));
  } else {
    text.assign(words.data(), words.size());
  }
}

}  // namespace

void to_proto(const HeadingOutput& heading, v1::Heading& message) {
  message.set_angle_rad(heading.angle_rad);
  message.set_map_angle_rad(heading.map_angle_rad);
  message.set_concentration(heading.concentration);
  message.set_p_rest(heading.p_rest);
  message.set_p_left(heading.p_left);
  message.set_p_right(heading.p_right);
  message.set_angular_velocity_rad_s(heading.angular_velocity_rad_s);
  message.set_evidence_nats_per_spike(heading.evidence_nats_per_spike);
  message.set_spikes_per_s(heading.spikes_per_s);
  message.set_dynamics(wire<v1::Dynamics>(heading.dynamics));
  message.set_credible_95_rad(heading.credible_95_rad);
  message.set_twin_evidence_nats_per_spike(heading.twin_evidence_nats_per_spike);
}

void to_proto(const SleepOutput& sleep, v1::Sleep& message) {
  message.set_state(wire<v1::SleepState>(sleep.state));
  message.set_p_wake(sleep.p_wake);
  message.set_p_nrem(sleep.p_nrem);
  message.set_p_rem(sleep.p_rem);
  message.set_time_in_state_s(sleep.time_in_state_s);
  message.set_motion(sleep.motion);
  message.set_quality(sleep.quality);
  message.set_moving(sleep.moving != 0);
  message.set_motion_unmeasured(sleep.motion_unmeasured != 0);
  auto& features = *message.mutable_features();
  features.Clear();
  const std::size_t count = std::min<std::size_t>(sleep.feature_count, kMaxSleepFeatures);
  features.Add(sleep.features.begin(), sleep.features.begin() + static_cast<std::ptrdiff_t>(count));
}

void to_proto(const TurnOutput& turn, v1::Turn& message) {
  message.set_direction(wire<v1::Direction>(turn.direction));
  message.set_onset_time_ns(turn.onset_time_ns);
  message.set_decision_time_ns(turn.decision_time_ns);
  message.set_angle_rad(turn.angle_rad);
  message.set_peak_velocity_rad_s(turn.peak_velocity_rad_s);
  message.set_log_odds(turn.log_odds);
  message.set_phase(wire<v1::TurnPhase>(turn.phase));
  message.set_sleep_state(wire<v1::SleepState>(turn.sleep_state));
}

void to_proto(const PopulationOutput& population, v1::Population& message) {
  message.set_side(wire<v1::Direction>(population.side));
  message.set_rate_hz(population.rate_hz);
  message.set_z(population.z);
  message.set_coupling(population.coupling);
  message.set_coupling_low(population.coupling_low);
  message.set_coupling_high(population.coupling_high);
  message.set_shuffled(population.shuffled);
  message.set_shuffled_low(population.shuffled_low);
  message.set_shuffled_high(population.shuffled_high);
}

void to_proto(const TriggerOutput& trigger, const Names& names, bool blinded, v1::Trigger& message) {
  cause_to_proto(trigger.cause, message);
  assign(*message.mutable_rule(), name_at(names.rules, trigger.rule));
  assign(*message.mutable_output(), name_at(names.outputs, trigger.output));
  if (blinded) {
    message.clear_arm();
  } else {
    message.set_arm(wire<v1::ArmKind>(trigger.arm));
  }
  message.set_pulse_ms(trigger.pulse_ms);
  message.set_valid_until_ns(trigger.valid_until_ns);
  message.set_trigger_id(trigger.trigger_id);
  message.set_p_state(trigger.p_state);
}

void to_proto(const VetoOutput& veto, const Names& names, v1::Veto& message) {
  cause_to_proto(veto.cause, message);
  assign(*message.mutable_rule(), name_at(names.rules, veto.rule));
  message.set_reason(wire<v1::VetoReason>(veto.reason));
  veto_detail(veto, *message.mutable_detail());
}

void to_proto(const SessionOutput& session, const Names& names, std::string_view text, v1::Session& message) {
  message.set_change(wire<v1::SessionChange>(session.change));
  message.set_reason(wire<v1::VetoReason>(session.reason));
  assign(*message.mutable_source(), name_at(names.sources, session.source));
  message.set_count(session.count);
  message.set_value_ns(session.value_ns);
  session_text(session, text, *message.mutable_text());
  message.set_request(session.request);
}

bool from_proto(const v1::Heading& message, OutputEvent& event) noexcept {
  start(message, OutputKind::kHeading, event);
  return body_from_proto(message, event.payload.heading);
}

bool from_proto(const v1::Sleep& message, OutputEvent& event) noexcept {
  start(message, OutputKind::kSleep, event);
  return body_from_proto(message, event.payload.sleep);
}

bool from_proto(const v1::Turn& message, OutputEvent& event) noexcept {
  start(message, OutputKind::kTurn, event);
  return body_from_proto(message, event.payload.turn);
}

bool from_proto(const v1::Population& message, OutputEvent& event) noexcept {
  start(message, OutputKind::kPopulation, event);
  return body_from_proto(message, event.payload.population);
}

bool from_proto(const v1::Trigger& message, const Names& names, OutputEvent& event) noexcept {
  start(message, OutputKind::kTrigger, event);
  auto& trigger = event.payload.trigger;
  trigger.valid_until_ns = message.valid_until_ns();
  trigger.decided_arrival_mono_ns = message.hops().kernel_receive_ns();
  trigger.pulse_ms = message.pulse_ms();
  trigger.p_state = message.p_state();
  trigger.trigger_id = message.trigger_id();
  return message.has_arm() && core(message.arm(), Arm::kStim, Arm::kDelayed, trigger.arm) &&
         index_of(names.rules, message.rule(), trigger.rule) &&
         index_of(names.outputs, message.output(), trigger.output) && cause_from_proto(message, trigger.cause);
}

bool from_proto(const v1::Veto& message, const Names& names, OutputEvent& event) noexcept {
  start(message, OutputKind::kVeto, event);
  auto& veto = event.payload.veto;
  return core(message.reason(), veto.reason) && index_of(names.rules, message.rule(), veto.rule) &&
         cause_from_proto(message, veto.cause);
}

bool from_proto(const v1::Session& message, const Names& names, OutputEvent& event) noexcept {
  start(message, OutputKind::kSession, event);
  auto& session = event.payload.session;
  session.source = kNoSource;
  session.request = message.request();
  session.count = message.count();
  session.value_ns = message.value_ns();
  return core(message.change(), SessionChange::kStart, SessionChange::kTuningGood, session.change) &&
         core(message.reason(), session.reason) &&
         (message.source().empty() || index_of(names.sources, message.source(), session.source));
}

}  // namespace vturn::wire
