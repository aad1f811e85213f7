// The chunk parser on streams made here: split anywhere, damaged, joined in the middle.
#include "daemon/ingest/rhx_spikes.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/ingest/rhx_streams.hpp"

using namespace vturn;
using namespace vturn::ingest;
using namespace vturn::test;

namespace {

std::vector<RhxSpike> feed(RhxSpikeParser& parser, Bytes bytes) {
  std::vector<RhxSpike> spikes;
  while (!bytes.empty()) {
    bytes = bytes.subspan(parser.store(bytes));
    RhxSpike spike;
    while (parser.next(spike)) spikes.push_back(spike);
  }
  return spikes;
}

ByteVector three_chunks() {
  ByteVector bytes = rhx_chunk(18);
  append(bytes, rhx_chunk(89, "B-127", 0x80));
  append(bytes, rhx_chunk(0xFFFFFFFF, "H-000", 0x41));
  return bytes;
}

void check_three(const std::vector<RhxSpike>& spikes) {
  REQUIRE(spikes.size() == 3);
  CHECK(spikes[0].channel() == "A-004");
  CHECK(spikes[0].timestamp == 18);
  CHECK_FALSE(spikes[0].artefact());
  CHECK(spikes[1].channel() == "B-127");
  CHECK(spikes[1].artefact());
  CHECK(spikes[2].channel() == "H-000");
  CHECK(spikes[2].timestamp == 0xFFFFFFFF);
  CHECK(spikes[2].id == 0x41);
}

void check_accounts(const RhxSpikeParser& parser) {
  const RhxSpikeCounters& counters = parser.counters();
  CHECK(counters.bytes == counters.spikes * kRhxSpikeBytes + counters.bytes_skipped + parser.held());
}

}  // namespace

TEST_CASE("RHX chunk: the bytes of the real program") {
  const ByteVector bytes = {0x0f, 0x71, 0xe2, 0x3a, 0x41, 0x2d, 0x30, 0x30, 0x34, 0x12, 0, 0, 0, 1};
  CHECK(bytes == rhx_chunk(18));
  RhxSpikeParser parser;
  const auto spikes = feed(parser, bytes);
  REQUIRE(spikes.size() == 1);
  CHECK(spikes[0].channel() == "A-004");
  CHECK(spikes[0].timestamp == 18);
  CHECK(spikes[0].id == 1);
}

TEST_CASE("RHX chunks split at any two places give the same spikes") {
  const ByteVector bytes = three_chunks();
  for (std::size_t first = 0; first <= bytes.size(); ++first) {
    for (std::size_t second = first; second <= bytes.size(); ++second) {
      RhxSpikeParser parser;
      auto spikes = feed(parser, Bytes(bytes).first(first));
      for (const RhxSpike& spike : feed(parser, Bytes(bytes).subspan(first, second - first))) spikes.push_back(spike);
      for (const RhxSpike& spike : feed(parser, Bytes(bytes).subspan(second))) spikes.push_back(spike);
      check_three(spikes);
      REQUIRE(parser.counters().bytes_skipped == 0);
    }
  }
}

TEST_CASE("RHX chunks joined in the middle: the next whole one is found") {
  for (std::size_t begin = 1; begin <= kRhxSpikeBytes; ++begin) {
    RhxSpikeParser parser;
    const auto spikes = feed(parser, Bytes(three_chunks()).subspan(begin));
    CHECK(spikes.size() == 2);
    CHECK(parser.counters().resyncs == 0);
    check_accounts(parser);
  }
}

TEST_CASE("RHX chunks with bytes lost or put in, or a name that cannot be: one is lost, the rest goes on") {
  ByteVector cut = three_chunks();
  cut.erase(cut.begin() + 16, cut.begin() + 20);
  ByteVector more = three_chunks();
  more.insert(more.begin() + 14, {0x0f, 0x71, 0xe2, 0x0f, 0x71});
  ByteVector named = three_chunks();
  named[14 + 6] = 0x07;
  struct Case {
    ByteVector bytes;
    std::size_t spikes;
  };
  for (const Case& damaged : {Case{cut, 2}, Case{more, 3}, Case{named, 2}}) {
    RhxSpikeParser parser;
    CHECK(feed(parser, damaged.bytes).size() == damaged.spikes);
    CHECK(parser.counters().resyncs == 1);
    CHECK(parser.counters().bytes_skipped > 0);
    check_accounts(parser);
  }
}

TEST_CASE("RHX chunks in one read larger than the parser's room: all come out") {
  ByteVector bytes;
  for (std::uint32_t i = 0; i < 20000; ++i) append(bytes, rhx_chunk(i));
  RhxSpikeParser parser;
  const auto spikes = feed(parser, bytes);
  REQUIRE(spikes.size() == 20000);
  CHECK(spikes.back().timestamp == 19999);
  check_accounts(parser);
}

TEST_CASE("RHX spike stream broken off: half a chunk is dropped and counted") {
  RhxSpikeParser parser;
  CHECK(feed(parser, Bytes(rhx_chunk(1)).first(9)).empty());
  parser.break_off();
  CHECK(parser.counters().bytes_skipped == 9);
  CHECK(parser.counters().resyncs == 0);
  CHECK(feed(parser, rhx_chunk(2)).size() == 1);
  check_accounts(parser);
}
