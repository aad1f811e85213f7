// Events through the log and back: exact inputs in exact order, digests where they were, replay that agrees or says
// where it does not, and a clear end where the log stops short.
#include <catch2/catch.hpp>
#include <memory>
#include <sstream>

#include "daemon/core/digest.hpp"
#include "daemon/record/packed_event.hpp"
#include "daemon/record/repair.hpp"
#include "daemon/record/replay.hpp"
#include "daemon/record/session_reader.hpp"
#include "tests/unit/record/session_samples.hpp"

using namespace vturn;
using namespace vturn::record;
using namespace vturn::test;

namespace {

// A toy engine: outputs that depend on all inputs so far, in order.
class ToyEngine {
 public:
  void step(const InputEvent& event, OutputBuffer& out) {
    sum_ = sum_ * 31 + static_cast<std::uint64_t>(event.session_time_ns) + event.payload.bytes[0];
    if (event.kind != InputKind::kSpike) return;
    auto& output = out.add(OutputKind::kHeading, event.session_time_ns, event.source_sample);
    output.payload.heading = {};
    output.payload.heading.angle_rad = static_cast<float>(sum_ % 6283) / 1000.0F;
  }

 private:
  std::uint64_t sum_ = 0;
};

std::string written(SessionWriter& writer) {
  std::string bytes(writer.pending());
  writer.drained(bytes.size());
  return bytes;
}

struct Session {
  std::string bytes;
  std::vector<InputEvent> inputs;
  std::vector<std::size_t> digests_at;  ///< input counts
};

// As the decision thread does it: input, step, outputs, now and then a digest.
Session record_session(std::uint64_t seed, std::size_t count, bool finish) {
  Session session{.bytes = {}, .inputs = random_inputs(seed, count), .digests_at = {}};
  SessionWriter writer(session_options());
  ToyEngine engine;
  Digest digest;
  const auto out = std::make_unique<OutputBuffer>();
  std::uint64_t taken = 0;
  for (const auto& event : session.inputs) {
    writer.input(event);
    out->clear();
    engine.step(event, *out);
    for (const auto& output : out->events()) {
      digest.add(output);
      writer.output(output, stamps_at(event.now_mono_ns));
    }
    if (++taken % 50 == 0) {
      writer.digest({taken, digest.outputs(), digest.value(), event.now_mono_ns, 0});
      session.digests_at.push_back(taken);
    }
    if (taken % 120 == 0) writer.close_chunk();
  }
  if (finish) {
    writer.digest({taken, digest.outputs(), digest.value(), session.inputs.back().now_mono_ns, 1});
    writer.finish();
  } else {
    writer.close_chunk();
  }
  session.bytes = written(writer);
  return session;
}

SessionReader open_session(std::string_view bytes) {
  auto reader = McapReader::from(std::make_unique<MemorySource>(bytes), "night.mcap");
  REQUIRE(reader);
  auto session = SessionReader::from(*std::move(reader), "night.mcap");
  REQUIRE(session);
  return *std::move(session);
}

ReplayReport replay_toy(SessionReader& session) {
  ToyEngine engine;
  return replay(session, [&](const InputEvent& event, OutputBuffer& out) { engine.step(event, out); });
}

}  // namespace

TEST_CASE("events cross the ring unchanged") {
  ByteRing ring(1U << 16);
  for (const auto& event : random_inputs(3, 5000)) {
    REQUIRE(try_pack(ring, event));
    REQUIRE(packed_kind(ring.front()) == Packed::kInput);
    REQUIRE(same(unpack_input(ring.front()), event));
    ring.release();
  }
  REQUIRE(try_pack(ring, trigger_output(7, Arm::kSham), stamps_at(900)));
  const auto output = unpack_output(ring.front());
  CHECK(output.stamps.output_ns == 4900);
  CHECK(output.event.payload.trigger.trigger_id == 7);
  CHECK(output.event.payload.trigger.arm == Arm::kSham);
  CHECK(output.event.payload.trigger.cause.value.turn.log_odds == 5.5F);
}

TEST_CASE("random inputs come back exactly and in order") {
  const auto seed = GENERATE(1U, 2U, 3U);
  const auto recorded = record_session(seed, 3000, true);
  auto session = open_session(recorded.bytes);
  std::size_t at = 0;
  std::size_t digests = 0;
  for (auto item = session.next(); item != SessionReader::Item::kEnd; item = session.next()) {
    if (item == SessionReader::Item::kDigest) {
      REQUIRE(session.digest().inputs == at);
      ++digests;
      continue;
    }
    REQUIRE(at < recorded.inputs.size());
    REQUIRE(same(session.input(), recorded.inputs[at]));
    ++at;
  }
  CHECK(at == recorded.inputs.size());
  CHECK(digests == recorded.digests_at.size() + 1);
  CHECK(session.complete());
  CHECK(session.stopped_by().empty());
  CHECK(session.attachment(kConfigAttachment) == "[rig]\nname = \"m\"\n");
  CHECK(session.attachment("absent").empty());
  CHECK(session.about().at("session_id") == "night-1");
  CHECK(session.about().at("source_1") == "tracker");
}

TEST_CASE("replay meets every digest of a finished session") {
  const auto recorded = record_session(5, 1000, true);
  auto session = open_session(recorded.bytes);
  const auto report = replay_toy(session);
  CHECK(report.matches);
  CHECK(report.complete);
  CHECK(report.inputs == 1000);
  CHECK(report.digests_compared == 21);
  CHECK(report.digest == report.recorded_digest);
  CHECK(digest_text(0xABCULL) == "0000000000000abc");
}

TEST_CASE("replay says where an engine that differs went apart") {
  const auto recorded = record_session(5, 1000, true);
  auto session = open_session(recorded.bytes);
  ToyEngine engine;
  std::size_t taken = 0;
  const auto report = replay(session, [&](const InputEvent& event, OutputBuffer& out) {
    InputEvent changed = event;
    if (++taken > 320) changed.payload.bytes[0] ^= 1;
    engine.step(changed, out);
  });
  CHECK_FALSE(report.matches);
  CHECK(report.complete);
  // The next digest behind a spike that follows the change.
  REQUIRE(report.first_difference_at_input);
  CHECK(*report.first_difference_at_input > 320);
  CHECK(*report.first_difference_at_input <= 400);
}

TEST_CASE("a killed session is replayed up to its last digest, wherever it was cut") {
  const auto recorded = record_session(8, 700, false);
  std::size_t replayed = 0;
  for (std::size_t cut = recorded.bytes.size() / 2; cut <= recorded.bytes.size(); cut += 97) {
    auto reader =
        McapReader::from(std::make_unique<MemorySource>(std::string_view(recorded.bytes).substr(0, cut)), "cut.mcap");
    REQUIRE(reader);
    auto session = SessionReader::from(*std::move(reader), "cut.mcap");
    if (!session) continue;
    const auto report = replay_toy(*session);
    REQUIRE_FALSE(report.complete);
    REQUIRE_FALSE(report.stopped_by.empty());
    REQUIRE(report.inputs <= recorded.inputs.size());
    if (report.digests_compared == 0) continue;
    REQUIRE(report.matches);
    ++replayed;
  }
  CHECK(replayed > 10);
}

TEST_CASE("a killed session that was repaired is replayed as far as the killed one") {
  const auto recorded = record_session(8, 700, false);
  const auto cut = std::string_view(recorded.bytes).substr(0, recorded.bytes.size() - 200);
  auto killed = open_session(cut);
  const auto before = replay_toy(killed);
  auto reader = McapReader::from(std::make_unique<MemorySource>(cut), "cut.mcap");
  std::ostringstream repaired;
  repair_log(*reader, repaired, [](std::uint64_t) {});
  const std::string bytes = repaired.str();
  auto session = open_session(bytes);
  const auto after = replay_toy(session);
  CHECK(before.inputs > 0);
  CHECK(after.inputs == before.inputs);
  CHECK(after.digest == before.digest);
  CHECK(after.matches);
  CHECK_FALSE(after.complete);
  CHECK(session.attachment(kConfigAttachment) == "[rig]\nname = \"m\"\n");
}

TEST_CASE("a gap ends the replayable part and says how much is missing") {
  const auto inputs = random_inputs(12, 40);
  SessionWriter writer(session_options());
  for (std::size_t i = 0; i < 25; ++i) writer.input(inputs[i]);
  writer.gap({.inputs = 7, .outputs = 2});
  for (std::size_t i = 32; i < 40; ++i) writer.input(inputs[i]);
  writer.finish();
  const std::string bytes = written(writer);
  auto session = open_session(bytes);
  std::size_t taken = 0;
  while (session.next() == SessionReader::Item::kInput) ++taken;
  CHECK(taken == 25);
  CHECK_FALSE(session.complete());
  CHECK(session.stopped_by().find("incomplete from input 25 on: 7 inputs and 2 outputs") != std::string::npos);
}

TEST_CASE("a file of another kind is refused with one line") {
  McapWriter writer({"ros2", "other", true});
  writer.finish();
  auto reader = McapReader::from(std::make_unique<MemorySource>(writer.pending()), "bag.mcap");
  const auto session = SessionReader::from(*std::move(reader), "bag.mcap");
  REQUIRE_FALSE(session);
  CHECK(session.error().find("bag.mcap") == 0);
  CHECK(session.error().find("ros2") != std::string::npos);
}

TEST_CASE("a blinded session keeps arms out of the public topic and in the sealed one") {
  const bool blinded = GENERATE(true, false);
  SessionWriter writer(session_options(blinded));
  writer.output(trigger_output(41, Arm::kSham), stamps_at(1000));
  writer.finish();
  const std::string bytes = written(writer);
  auto reader = McapReader::from(std::make_unique<MemorySource>(bytes), "night.mcap");
  bool trigger_seen = false;
  bool sealed_seen = false;
  for (auto item = reader->next(); item != McapItem::kEnd; item = reader->next()) {
    if (item != McapItem::kMessage) continue;
    const auto& message = reader->message();
    const std::string data(message.data);
    if (message.channel->topic == "trigger") {
      v1::Trigger trigger;
      REQUIRE(trigger.ParseFromString(data));
      CHECK(trigger.has_arm() != blinded);
      CHECK(trigger.rule() == "rem-clockwise");
      CHECK(trigger.output() == "laser");
      CHECK(trigger.hops().kernel_receive_ns() == 1000);
      CHECK(trigger.hops().output_ns() == 5000);
      CHECK(trigger.hops().published_ns() == 6000);
      CHECK(trigger.header().wall_time_unix_ns() == 1'700'000'000 * kNsPerS + 4000);
      trigger_seen = true;
    }
    if (message.channel->topic == kSealedTopic) {
      v1::Sealed sealed;
      REQUIRE(sealed.ParseFromString(data));
      CHECK(sealed.trigger_id() == 41);
      CHECK(sealed.arm() == static_cast<std::uint32_t>(Arm::kSham));
      sealed_seen = true;
    }
  }
  CHECK(trigger_seen);
  CHECK(sealed_seen == blinded);
}

TEST_CASE("a note's text is in its public message") {
  SessionWriter writer(session_options());
  InputEvent event;
  event.kind = InputKind::kCommand;
  const std::string parts[] = {"infusion started, ", "left side"};
  for (std::uint8_t part = 0; part < 2; ++part) {
    event.payload.command = {CommandKind::kNote,
                             part,
                             static_cast<std::uint8_t>(part == 0 ? 1 : 0),
                             static_cast<std::uint8_t>(parts[part].size()),
                             5,
                             0,
                             {}};
    std::copy(parts[part].begin(), parts[part].end(), event.payload.command.text.begin());
    writer.input(event);
  }
  OutputEvent note;
  note.kind = OutputKind::kSession;
  note.payload.session = {};
  note.payload.session.change = SessionChange::kNote;
  note.payload.session.source = kNoSource;
  note.payload.session.request = 5;
  writer.output(note, stamps_at(1));
  writer.finish();
  const std::string bytes = written(writer);
  auto reader = McapReader::from(std::make_unique<MemorySource>(bytes), "night.mcap");
  std::string text;
  for (auto item = reader->next(); item != McapItem::kEnd; item = reader->next()) {
    v1::Session session;
    if (item == McapItem::kMessage && reader->message().channel->topic == "session" &&
        session.ParseFromString(std::string(reader->message().data)))
      text = session.text();
  }
  CHECK(text == "infusion started, left side");
}
