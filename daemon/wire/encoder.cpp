#include "daemon/wire/encoder.hpp"

#include <algorithm>
#include <stdexcept>

#include "daemon/core/text_hash.hpp"
#include "daemon/wire/codec.hpp"

namespace vturn::wire {
namespace {

std::size_t longest(const std::vector<std::string>& names) noexcept {
  std::size_t size = 0;
  for (const auto& name : names) size = std::max(size, name.size());
  return size;
}

std::size_t slot_of(CauseKind kind) noexcept {
  return std::min<std::size_t>(static_cast<std::size_t>(kind) - static_cast<std::size_t>(CauseKind::kTurn), 2);
}

// At most kMaxNoteBytes, cut between characters: protobuf readers refuse a string that is not UTF-8.
std::string_view bounded(std::string_view text) noexcept {
  if (text.size() <= Encoder::kMaxNoteBytes) return text;
  std::size_t end = Encoder::kMaxNoteBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end);
}

void hops_to_proto(const Stamps& stamps, v1::Hops& hops) {
  hops.set_kernel_receive_ns(stamps.kernel_receive_ns);
  hops.set_parsed_ns(stamps.parsed_ns);
  hops.set_dequeued_ns(stamps.dequeued_ns);
  hops.set_decided_ns(stamps.decided_ns);
  hops.set_output_ns(stamps.output_ns);
  hops.set_published_ns(stamps.published_ns);
}

}  // namespace

void Encoder::prepare(const EncoderSettings& settings) {
  settings_ = settings;
  sequences_ = {};
  constexpr std::size_t kMaxNameBytes = 128;
  const auto& names = settings_.names;
  const std::size_t size =
      std::max({longest(names.rules), longest(names.outputs), longest(names.sources), settings_.session_id.size(),
                settings_.config_hash.size(), settings_.model_hash.size()});
  if (size > kMaxNameBytes) {
    throw std::invalid_argument("a name or hash of " + std::to_string(size) + " bytes: at most " +
                                std::to_string(kMaxNameBytes) + " fit a published message");
  }
  warm_up();
}

void Encoder::follow_models(const SessionOutput& session) {
  if (session.change != SessionChange::kModelLoaded) return;
  const HashDigits digits = hash_digits(static_cast<std::uint64_t>(session.value_ns));
  settings_.model_hash.assign(digits.data(), digits.size());
}

// One message of every kind, with strings as long as they get: what protobuf allocates, it allocates here.
void Encoder::warm_up() {
  const std::string text(kMaxNoteBytes, 'x');
  const Names& names = settings_.names;
  std::string longest_hash(std::max(settings_.model_hash.size(), HashDigits{}.size()), 'x');
  std::swap(settings_.model_hash, longest_hash);
  Names longest_names{.rules = {std::string(longest(names.rules), 'x')},
                      .outputs = {std::string(longest(names.outputs), 'x')},
                      .sources = names.sources,
                      .signals = names.signals};
  std::swap(settings_.names, longest_names);
  const auto encode_once = [&](OutputKind kind, auto fill) {
    OutputEvent event;
    event.kind = kind;
    fill(event.payload);
    encode(event, Stamps{}, text);
  };
  const auto nothing = [](OutputEvent::Payload&) {};
  encode_once(OutputKind::kHeading, nothing);
  encode_once(OutputKind::kSleep, [](auto& payload) { payload.sleep.feature_count = kMaxSleepFeatures; });
  encode_once(OutputKind::kTurn, nothing);
  encode_once(OutputKind::kPopulation, nothing);
  for (const auto change : {SessionChange::kStart, SessionChange::kArmed, SessionChange::kGap}) {
    encode_once(OutputKind::kSession, [change](auto& payload) { payload.session.change = change; });
  }
  for (const auto cause : {CauseKind::kTurn, CauseKind::kPopulation, CauseKind::kSleep}) {
    const auto set_cause = [cause](Cause& target) {
      target.kind = cause;
      if (cause == CauseKind::kSleep) target.value.sleep.feature_count = kMaxSleepFeatures;
    };
    encode_once(OutputKind::kTrigger, [&](auto& payload) { set_cause(payload.trigger.cause); });
    encode_once(OutputKind::kVeto, [&](auto& payload) {
      set_cause(payload.veto.cause);
      payload.veto.detail = payload.veto.required = -1.23456e-300;
    });
  }
  HealthSnapshot health;
  health.source_count = std::min<std::size_t>(names.sources.size(), kMaxSources);
  health.signal_count = std::min<std::size_t>(names.signals.size(), kMaxSleepSignals);
  for (std::size_t i = 0; i < health.signal_count; ++i) health.signals[i].signal = static_cast<int>(i);
  health.inhibits = ~std::uint64_t{0};
  encode(health, 0);
  CalibrationSnapshot calibration;
  calibration.missing = text;
  calibration.reason = text;
  calibration.model_file = text;
  encode(calibration, 0, 0);
  std::swap(settings_.names, longest_names);
  settings_.model_hash = longest_hash;  // in the room that a later model's hash needs
  sequences_ = {};
  for (v1::Header* stale : {heading_.mutable_header(), sleep_.mutable_header(), health_.mutable_header(),
                            session_.run.mutable_header(), session_.arming.mutable_header()}) {
    stale->set_sequence(0);
  }
}

void Encoder::header(Topic topic, SessionNs session_time_ns, SampleIndex source_sample, std::int64_t wall_time_unix_ns,
                     v1::Header& target) {
  target.mutable_session_id()->assign(settings_.session_id);
  target.set_sequence(++sequences_[index(topic)]);
  target.set_session_time_ns(session_time_ns);
  target.set_source_sample(source_sample);
  target.set_wall_time_unix_ns(wall_time_unix_ns);
  target.set_retained(false);
}

v1::Trigger& Encoder::trigger_of(CauseKind kind) noexcept { return triggers_[slot_of(kind)]; }
v1::Veto& Encoder::veto_of(CauseKind kind) noexcept { return vetoes_[slot_of(kind)]; }

v1::Session& Encoder::session_of(SessionChange change) noexcept {
  switch (change) {
    case SessionChange::kStart:
    case SessionChange::kStop:
      return session_.run;
    case SessionChange::kArmed:
    case SessionChange::kDisarmed:
    case SessionChange::kArmRefused:
      return session_.arming;
    default:
      return session_.other;
  }
}

Encoder::Encoded Encoder::encode(const OutputEvent& event, const Stamps& stamps, std::string_view text) {
  const Topic topic = topic_of(event.kind);
  const auto finish = [&](auto& message) -> Encoded {
    header(topic, event.session_time_ns, event.source_sample, stamps.wall_time_unix_ns, *message.mutable_header());
    return {topic, &message};
  };
  const auto whole = [&](const auto& payload, auto& message) {
    to_proto(payload, message);
    return finish(message);
  };
  switch (event.kind) {
    case OutputKind::kHeading:
      return whole(event.payload.heading, heading_);
    case OutputKind::kSleep:
      return whole(event.payload.sleep, sleep_);
    case OutputKind::kTurn:
      return whole(event.payload.turn, turn_);
    case OutputKind::kPopulation:
      return whole(event.payload.population, population_);
    case OutputKind::kTrigger: {
      v1::Trigger& message = trigger_of(event.payload.trigger.cause.kind);
      to_proto(event.payload.trigger, settings_.names, settings_.blinded, message);
      message.mutable_config_hash()->assign(settings_.config_hash);
      message.mutable_model_hash()->assign(settings_.model_hash);
      hops_to_proto(stamps, *message.mutable_hops());
      return finish(message);
    }
    case OutputKind::kVeto: {
      v1::Veto& message = veto_of(event.payload.veto.cause.kind);
      to_proto(event.payload.veto, settings_.names, message);
      return finish(message);
    }
    case OutputKind::kSession: {
      follow_models(event.payload.session);
      v1::Session& message = session_of(event.payload.session.change);
      to_proto(event.payload.session, settings_.names, bounded(text), message);
      return finish(message);
    }
    case OutputKind::kPulseStop:
      break;
  }
  return {};
}

Encoder::Encoded Encoder::encode(const HealthSnapshot& health, std::int64_t wall_time_unix_ns) {
  to_proto(health, settings_.names, health_);
  header(Topic::kHealth, health.session_time_ns, 0, wall_time_unix_ns, *health_.mutable_header());
  return {Topic::kHealth, &health_};
}

Encoder::Encoded Encoder::encode(const CalibrationSnapshot& calibration, SessionNs session_time_ns,
                                 std::int64_t wall_time_unix_ns) {
  to_proto(calibration, calibration_);
  header(Topic::kCalibration, session_time_ns, 0, wall_time_unix_ns, *calibration_.mutable_header());
  return {Topic::kCalibration, &calibration_};
}

Encoder::Retained Encoder::retained(Topic topic) {
  Retained result;
  const auto offer = [&](auto& message) {
    if (message.header().sequence() == 0) return;  // only warmed up, never sent
    message.mutable_header()->set_retained(true);
    result.messages[result.count++] = &message;
  };
  switch (topic) {
    case Topic::kHeading:
      offer(heading_);
      break;
    case Topic::kSleep:
      offer(sleep_);
      break;
    case Topic::kHealth:
      offer(health_);
      break;
    case Topic::kSession:
      offer(session_.run);
      offer(session_.arming);
      break;
    default:
      break;
  }
  return result;
}

std::size_t Encoder::serialize(const google::protobuf::MessageLite& message, std::span<std::uint8_t> buffer) {
  const std::size_t bytes = message.ByteSizeLong();
  if (bytes > buffer.size()) return 0;
  message.SerializeWithCachedSizesToArray(buffer.data());
  return bytes;
}

}  // namespace vturn::wire
