// What a subscriber reads must be what the engine said, with its provenance and an unbroken sequence per topic.
#include "daemon/wire/encoder.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <limits>

#include "daemon/core/digest.hpp"
#include "daemon/wire/codec.hpp"

namespace {

using namespace vturn;

wire::EncoderSettings settings(bool blinded = false) {
  return {.session_id = "2026-11-24-night",
          .config_hash = std::string(64, 'c'),
          .model_hash = std::string(64, 'm'),
          .blinded = blinded,
          .names = {.rules = {"rem-clockwise", "rem-entry"}, .outputs = {"laser"}, .sources = {"ephys", "tracker"}}};
}

OutputEvent event_of(OutputKind kind) {
  OutputEvent event;
  event.kind = kind;
  event.session_time_ns = 7 * kNsPerS;
  event.source_sample = 210'000;
  return event;
}

TurnOutput turn() {
  return {.onset_time_ns = 6'900'000'000,
          .decision_time_ns = 7'000'000'000,
          .angle_rad = -0.4F,
          .peak_velocity_rad_s = -6.5F,
          .log_odds = 5.5F,
          .direction = Direction::kClockwise,
          .phase = TurnPhase::kOnset,
          .sleep_state = SleepState::kRem};
}

OutputEvent trigger_event() {
  OutputEvent event = event_of(OutputKind::kTrigger);
  auto& trigger = event.payload.trigger;
  trigger.cause.kind = CauseKind::kTurn;
  trigger.cause.value.turn = turn();
  trigger.valid_until_ns = 7'020'000'000;
  trigger.decided_arrival_mono_ns = 1'000;
  trigger.pulse_ms = 10.0F;
  trigger.p_state = 0.97F;
  trigger.trigger_id = 42;
  trigger.rule = 0;
  trigger.output = 0;
  trigger.arm = Arm::kSham;
  return event;
}

template <class Message>
const Message& as(const wire::Encoder::Encoded& encoded) {
  REQUIRE(encoded.message != nullptr);
  return dynamic_cast<const Message&>(*encoded.message);
}

// The digest takes in every field and no padding.
std::uint64_t digest_of(const OutputEvent& event) {
  Digest digest;
  digest.add(event);
  return digest.value();
}

bool same(const OutputEvent& a, const OutputEvent& b) { return digest_of(a) == digest_of(b); }

TEST_CASE("a trigger carries its header, names, cause, hashes and hops") {
  wire::Encoder encoder;
  encoder.prepare(settings());
  const wire::Stamps stamps{.kernel_receive_ns = 1'000,
                            .parsed_ns = 2'000,
                            .dequeued_ns = 3'000,
                            .decided_ns = 4'000,
                            .output_ns = 5'000,
                            .published_ns = 6'000,
                            .wall_time_unix_ns = 1'700'000'000'000'000'000};
  const auto& message = as<v1::Trigger>(encoder.encode(trigger_event(), stamps));
  CHECK(message.header().session_id() == "2026-11-24-night");
  CHECK(message.header().sequence() == 1);
  CHECK(message.header().session_time_ns() == 7 * kNsPerS);
  CHECK(message.header().source_sample() == 210'000);
  CHECK(message.header().wall_time_unix_ns() == 1'700'000'000'000'000'000);
  CHECK_FALSE(message.header().retained());
  CHECK(message.rule() == "rem-clockwise");
  CHECK(message.output() == "laser");
  CHECK(message.arm() == v1::ARM_SHAM);
  CHECK(message.turn().direction() == v1::DIRECTION_CLOCKWISE);
  CHECK(message.hops().kernel_receive_ns() == 1'000);
  CHECK(message.hops().published_ns() == 6'000);
  CHECK(message.config_hash() == std::string(64, 'c'));
  CHECK(message.trigger_id() == 42);

  OutputEvent back;
  REQUIRE(wire::from_proto(message, settings().names, back));
  CHECK(same(back, trigger_event()));
  CHECK(back.payload.trigger.decided_arrival_mono_ns == 1'000);
}

TEST_CASE("triggers name the models loaded last") {
  wire::Encoder encoder;
  encoder.prepare(settings());
  const std::string first = as<v1::Trigger>(encoder.encode(trigger_event(), {})).model_hash();
  CHECK(first == settings().model_hash);
  OutputEvent loaded = event_of(OutputKind::kSession);
  loaded.payload.session = {SessionChange::kModelLoaded,
                            VetoReason::kNone,
                            kNoSource,
                            3,
                            0,
                            static_cast<std::int64_t>(0xFEDC'BA98'0000'0001ULL)};
  CHECK(as<v1::Session>(encoder.encode(loaded, {})).change() == v1::SESSION_CHANGE_MODEL_LOADED);
  CHECK(as<v1::Session>(encoder.encode(loaded, {})).text() == "fedcba9800000001");
  CHECK(as<v1::Trigger>(encoder.encode(trigger_event(), {})).model_hash() == "fedcba9800000001");
}

TEST_CASE("changes of the tuning come with words, however odd their figures") {
  wire::Encoder encoder;
  encoder.prepare(settings());
  OutputEvent rotated = event_of(OutputKind::kSession);
  rotated.payload.session = {SessionChange::kFrameRotated, VetoReason::kNone, kNoSource, 0, 7250, -24'500};
  CHECK(as<v1::Session>(encoder.encode(rotated, {})).text() ==
        "error about the frame 7.2 deg, frame rotated by -24.5 deg");
  rotated.payload.session.count = std::numeric_limits<std::uint64_t>::max();
  rotated.payload.session.value_ns = std::numeric_limits<std::int64_t>::min();
  CHECK(as<v1::Session>(encoder.encode(rotated, {})).text().size() < 96);
}

TEST_CASE("a blinded session's trigger has no arm, also after one that had") {
  wire::Encoder encoder;
  encoder.prepare(settings(true));
  const auto& message = as<v1::Trigger>(encoder.encode(trigger_event(), {}));
  CHECK_FALSE(message.has_arm());
  OutputEvent back;
  CHECK_FALSE(wire::from_proto(message, settings().names, back));
}

TEST_CASE("heading, sleep, turn, population and session come back as they were") {
  wire::Encoder encoder;
  encoder.prepare(settings());
  OutputEvent back;

  OutputEvent heading = event_of(OutputKind::kHeading);
  heading.payload.heading = {1.0F, 2.0F, 0.9F, 0.2F, 0.5F, 0.3F, -4.0F, 0.25F, 120.0F, Dynamics::kRem, 0.5F, 0.1F};
  REQUIRE(wire::from_proto(as<v1::Heading>(encoder.encode(heading, {})), back));
  CHECK(same(back, heading));

  OutputEvent sleep = event_of(OutputKind::kSleep);
  sleep.payload.sleep = {SleepState::kNrem, 3, 1, 0.1F, 0.8F, 0.1F, 33.0F, -1.5F, 0.75F, {1.0F, -2.0F, 3.0F}, 1};
  REQUIRE(wire::from_proto(as<v1::Sleep>(encoder.encode(sleep, {})), back));
  CHECK(same(back, sleep));

  OutputEvent turned = event_of(OutputKind::kTurn);
  turned.payload.turn = turn();
  REQUIRE(wire::from_proto(as<v1::Turn>(encoder.encode(turned, {})), back));
  CHECK(same(back, turned));

  OutputEvent population = event_of(OutputKind::kPopulation);
  population.payload.population = {Direction::kCounterclockwise, 210.0F, 4.5F, 0.6F, 0.4F, 0.8F, 0.3F, 0.2F, 0.5F};
  REQUIRE(wire::from_proto(as<v1::Population>(encoder.encode(population, {})), back));
  CHECK(same(back, population));

  OutputEvent session = event_of(OutputKind::kSession);
  session.payload.session = {SessionChange::kGap, VetoReason::kGap, 1, 9, 3'550, -2};
  REQUIRE(wire::from_proto(as<v1::Session>(encoder.encode(session, {})), settings().names, back));
  CHECK(same(back, session));
  session.payload.session.source = kNoSource;
  REQUIRE(wire::from_proto(as<v1::Session>(encoder.encode(session, {})), settings().names, back));
  CHECK(same(back, session));
}

TEST_CASE("a veto says what failed and what was needed") {
  wire::Encoder encoder;
  encoder.prepare(settings());
  OutputEvent event = event_of(OutputKind::kVeto);
  auto& veto = event.payload.veto;
  veto.cause.kind = CauseKind::kSleep;
  veto.cause.value.sleep = {SleepState::kNrem, 0, 0, 0.1F, 0.8F, 0.1F, 33.0F, 0.0F, 1.0F, {}, 0};
  veto.detail = 0.82;
  veto.required = 0.9;
  veto.rule = 1;
  veto.reason = VetoReason::kLowStateProbability;
  const auto& message = as<v1::Veto>(encoder.encode(event, {}));
  CHECK(message.rule() == "rem-entry");
  CHECK(message.detail() == "0.82, needed 0.9");
  CHECK(message.reason() == v1::VETO_REASON_LOW_STATE_PROBABILITY);
  CHECK(message.sleep().state() == v1::SLEEP_STATE_NREM);
}

TEST_CASE("sequence numbers count per topic, and a pulse stop is no topic") {
  wire::Encoder encoder;
  encoder.prepare(settings());
  for (std::uint64_t i = 1; i <= 3; ++i) {
    CHECK(as<v1::Heading>(encoder.encode(event_of(OutputKind::kHeading), {})).header().sequence() == i);
  }
  CHECK(as<v1::Turn>(encoder.encode(event_of(OutputKind::kTurn), {})).header().sequence() == 1);
  const auto stop = encoder.encode(event_of(OutputKind::kPulseStop), {});
  CHECK(stop.topic == wire::Topic::kNone);
  CHECK(stop.message == nullptr);
}

TEST_CASE("retained is the latest state, marked, with its own number; nothing to fire on is retained") {
  wire::Encoder encoder;
  encoder.prepare(settings());
  for (std::size_t i = 0; i < wire::kTopicCount; ++i) CHECK(encoder.retained(static_cast<wire::Topic>(i)).count == 0);

  encoder.encode(event_of(OutputKind::kHeading), {});
  encoder.encode(event_of(OutputKind::kHeading), {});
  encoder.encode(trigger_event(), {});
  OutputEvent session = event_of(OutputKind::kSession);
  for (const auto change : {SessionChange::kStart, SessionChange::kArmed, SessionChange::kGap}) {
    session.payload.session.change = change;
    encoder.encode(session, {});
  }
  const auto heading = encoder.retained(wire::Topic::kHeading);
  REQUIRE(heading.count == 1);
  CHECK(dynamic_cast<const v1::Heading&>(*heading.messages[0]).header().retained());
  CHECK(dynamic_cast<const v1::Heading&>(*heading.messages[0]).header().sequence() == 2);
  const auto changes = encoder.retained(wire::Topic::kSession);
  REQUIRE(changes.count == 2);
  CHECK(dynamic_cast<const v1::Session&>(*changes.messages[0]).change() == v1::SESSION_CHANGE_START);
  CHECK(dynamic_cast<const v1::Session&>(*changes.messages[1]).change() == v1::SESSION_CHANGE_ARMED);
  for (const auto topic : {wire::Topic::kTurn, wire::Topic::kPopulation, wire::Topic::kTrigger, wire::Topic::kVeto}) {
    CHECK(encoder.retained(topic).count == 0);
  }
  CHECK_FALSE(as<v1::Heading>(encoder.encode(event_of(OutputKind::kHeading), {})).header().retained());
}

TEST_CASE("health mirrors the snapshot") {
  wire::Encoder encoder;
  auto named = settings();
  named.names.signals = {"ephys/LFP", "ephys/EMG"};
  encoder.prepare(named);
  wire::HealthSnapshot health;
  health.source_count = 2;
  health.sources[1].messages_lost = 3'550;
  health.sources[1].alive = true;
  health.latencies[static_cast<std::size_t>(wire::Hop::kDecide)] = {.count = 9, .p50_us = 1.5, .max_us = 80};
  health.spikes = 51'339;
  health.ttl = 636;
  health.inhibits = 1U << static_cast<unsigned>(VetoReason::kGap) | 1U << static_cast<unsigned>(VetoReason::kMovement);
  health.sleep_gains_refused = true;
  health.undetectable_sides = 1U << static_cast<unsigned>(Direction::kCounterclockwise);
  health.signal_count = 1;
  health.signals[0] = {.signal = 1, .usable_share = 0.25F, .problem = SignalProblem::kSaturated};
  const auto& message = as<v1::Health>(encoder.encode(health, 5));
  REQUIRE(message.signals_size() == 1);
  CHECK(message.signals(0).name() == "ephys/EMG");
  CHECK(message.signals(0).usable_share() == 0.25F);
  CHECK(message.signals(0).problem() == v1::SIGNAL_PROBLEM_SATURATED);
  CHECK(message.sleep_gains_refused());
  REQUIRE(message.undetectable_sides_size() == 1);
  CHECK(message.undetectable_sides(0) == v1::DIRECTION_COUNTERCLOCKWISE);
  REQUIRE(message.sources_size() == 2);
  CHECK(message.sources(1).name() == "tracker");
  CHECK(message.sources(1).messages_lost() == 3'550);
  REQUIRE(message.latencies_size() == static_cast<int>(wire::kHopCount));
  CHECK(message.latencies(2).hop() == "decide");
  CHECK(message.latencies(2).max_us() == 80);
  REQUIRE(message.inhibits_size() == 2);
  CHECK(message.inhibits(0) == v1::VETO_REASON_GAP);
  CHECK(message.spikes() == 51'339);
}

TEST_CASE("the largest message fits, and a long note is cut between characters") {
  auto long_names = settings();
  long_names.names.sources.assign(kMaxSources, std::string(128, 's'));
  wire::Encoder encoder;
  encoder.prepare(long_names);
  wire::HealthSnapshot health;
  std::memset(static_cast<void*>(&health.sources), 0xEE, sizeof health.sources);
  for (auto& source : health.sources) source.alive = true;
  health.source_count = kMaxSources;
  std::vector<std::uint8_t> buffer(wire::Encoder::kMaxMessageBytes);
  CHECK(wire::Encoder::serialize(*encoder.encode(health, 1).message, buffer) > 0);
  CHECK(wire::Encoder::serialize(*encoder.encode(health, 1).message, std::span(buffer).first(100)) == 0);

  std::string note(wire::Encoder::kMaxNoteBytes - 1, 'n');
  note += "µ";
  OutputEvent session = event_of(OutputKind::kSession);
  session.payload.session.change = SessionChange::kNote;
  CHECK(as<v1::Session>(encoder.encode(session, {}, note)).text() == std::string(1023, 'n'));

  long_names.names.rules = {std::string(129, 'r')};
  CHECK_THROWS_AS(encoder.prepare(long_names), std::invalid_argument);
}

}  // namespace
