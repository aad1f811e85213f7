// What a subscriber reports as lost must be what it lost: neither the retained messages of its start nor a restarted
// daemon are losses.
#include "tools/commands/wire_client.hpp"

#include <catch2/catch.hpp>

namespace {

using namespace vturn;
using namespace vturn::tools;

v1::Header header(std::uint64_t sequence, bool retained = false, const std::string& session = "a") {
  v1::Header header;
  header.set_session_id(session);
  header.set_sequence(sequence);
  header.set_retained(retained);
  return header;
}

TEST_CASE("gaps are counted per topic, from the first new message on") {
  SequenceCheck check;
  CHECK(check.missed_before(wire::Topic::kTurn, header(7)) == 0);
  CHECK(check.missed_before(wire::Topic::kTurn, header(8)) == 0);
  CHECK(check.missed_before(wire::Topic::kVeto, header(100)) == 0);
  CHECK(check.missed_before(wire::Topic::kTurn, header(12)) == 3);
  CHECK(check.missed_before(wire::Topic::kVeto, header(102)) == 1);
  CHECK(check.missed(wire::Topic::kTurn) == 3);
  CHECK(check.missed() == 4);
}

TEST_CASE("retained messages neither begin the count nor make gaps") {
  SequenceCheck check;
  // A newcomer: the session's start and its last arming, then what happens next, numbers apart.
  CHECK(check.missed_before(wire::Topic::kSession, header(1, true)) == 0);
  CHECK(check.missed_before(wire::Topic::kSession, header(4, true)) == 0);
  CHECK(check.missed_before(wire::Topic::kSession, header(9)) == 0);
  // Sent again for somebody else.
  CHECK(check.missed_before(wire::Topic::kSession, header(1, true)) == 0);
  CHECK(check.missed_before(wire::Topic::kSession, header(10)) == 0);
  CHECK(check.missed() == 0);
}

TEST_CASE("a new session counts anew") {
  SequenceCheck check;
  check.missed_before(wire::Topic::kTurn, header(500));
  CHECK(check.missed_before(wire::Topic::kTurn, header(3, false, "b")) == 0);
  CHECK(check.missed_before(wire::Topic::kTurn, header(5, false, "b")) == 1);
}

TEST_CASE("frames that are no message of this version are none") {
  v1::Turn turn;
  turn.mutable_header()->set_sequence(9);
  CHECK(parse_published("turn", turn.SerializeAsString()).header().sequence() == 9);
  CHECK(parse_published("future", turn.SerializeAsString()).topic == wire::Topic::kNone);
  CHECK(parse_published("turn", "\xff\xff").topic == wire::Topic::kNone);
}

TEST_CASE("enumerators read as words, unknown ones too") {
  CHECK(words(v1::VETO_REASON_LOW_STATE_PROBABILITY) == "low-state-probability");
  CHECK(words(v1::SLEEP_STATE_REM) == "REM");
  CHECK(words(v1::DIRECTION_COUNTERCLOCKWISE) == "counterclockwise");
  CHECK(words(static_cast<v1::VetoReason>(250)) == "unknown");
  CHECK(words(static_cast<v1::SleepState>(250)) == "UNKNOWN");
  CHECK(session_clock(3'723'004'000'000) == "1:02:03.004");
}

}  // namespace
