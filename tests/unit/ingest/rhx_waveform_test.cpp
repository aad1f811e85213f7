// The block parser on streams made here: blocks of any width, split anywhere, begun in the middle, damaged.
#include "daemon/ingest/rhx_waveform.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "tests/unit/ingest/rhx_streams.hpp"

using namespace vturn;
using namespace vturn::ingest;
using namespace vturn::test;

namespace {

struct Seen {
  std::uint32_t timestamp;
  std::size_t words;
  std::uint64_t sum;  ///< over all words
  bool operator==(const Seen&) const = default;
};

Seen seen(const RhxBlock& block) {
  Seen result{block.timestamp(0), block.words(), 0};
  for (std::size_t frame = 0; frame < kRhxFramesPerBlock; ++frame) {
    for (std::size_t column = 0; column < block.words(); ++column) {
      result.sum = result.sum * 31 + block.word(frame, column);
    }
  }
  return result;
}

void feed(RhxWaveformParser& parser, Bytes bytes, std::vector<Seen>& blocks) {
  while (!bytes.empty()) {
    bytes = bytes.subspan(parser.store(bytes));
    RhxBlock block;
    while (parser.next(block)) blocks.push_back(seen(block));
  }
}

std::vector<Seen> parse(RhxWaveformParser& parser, Bytes bytes) {
  std::vector<Seen> blocks;
  feed(parser, bytes, blocks);
  return blocks;
}

void check_accounts(const RhxWaveformParser& parser) {
  const RhxWaveformCounters& counters = parser.counters();
  CHECK(counters.bytes == counters.block_bytes + counters.bytes_skipped + parser.held());
}

ByteVector ramp_block(std::uint32_t timestamp, std::size_t words) {
  return rhx_block(timestamp, words, [&](std::size_t frame, std::size_t column) { return 7 * frame + column; });
}

}  // namespace

TEST_CASE("RHX block: every width up to 40, and the widest ones, found without being told") {
  std::vector<std::size_t> widths;
  for (std::size_t words = 0; words <= 40; ++words) widths.push_back(words);
  for (const std::size_t words : {1024U, 2048U, 3100U, 4096U}) widths.push_back(words);
  RhxWaveformParser parser;
  std::uint32_t timestamp = 1500;
  for (const std::size_t words : widths) {
    const ByteVector bytes = ramp_block(timestamp, words);
    REQUIRE(bytes.size() == rhx_block_bytes(words));
    const auto blocks = parse(parser, bytes);
    REQUIRE(blocks.size() == 1);
    CHECK(blocks[0].timestamp == timestamp);
    CHECK(blocks[0].words == words);
    timestamp += 128;
  }
  CHECK(parser.counters().width_changes == widths.size() - 1);
  CHECK(parser.counters().resyncs == 0);
  CHECK(parser.counters().bytes_skipped == 0);
  check_accounts(parser);
}

TEST_CASE("RHX block: wider than there is room for is passed over") {
  RhxWaveformParser parser(8);
  CHECK(parse(parser, rhx_blocks(0, 5, 9)).empty());
  const auto blocks = parse(parser, rhx_blocks(640, 3, 8));
  CHECK(blocks.size() == 3);
  check_accounts(parser);
}

TEST_CASE("RHX block: words and timestamps as sent, the wrap of the counter included") {
  RhxWaveformParser parser;
  const auto word = [](std::size_t frame, std::size_t column) { return (frame << 8) + column; };
  const ByteVector bytes = rhx_block(0xFFFFFFC0U, 3, word);
  static_cast<void>(parser.store(bytes));
  RhxBlock block;
  REQUIRE(parser.next(block));
  CHECK(block.timestamp(63) == 0xFFFFFFFFU);
  CHECK(block.timestamp(64) == 0U);
  CHECK(block.word(127, 2) == 0x7F02);
  CHECK(block.contiguous(0) == 128);
  CHECK(block.contiguous(100) == 28);
  CHECK_FALSE(parser.next(block));
}

TEST_CASE("RHX stream split at every byte offset of its blocks, or into single bytes, gives the same blocks") {
  for (const std::size_t words : {0U, 1U, 4U, 13U}) {
    ByteVector bytes;
    for (std::uint32_t i = 0; i < 3; ++i) append(bytes, ramp_block(128 * i, words));
    RhxWaveformParser whole;
    const auto expected = parse(whole, bytes);
    REQUIRE(expected.size() == 3);
    std::size_t different = 0;
    for (std::size_t cut = 0; cut <= rhx_block_bytes(words); ++cut) {
      RhxWaveformParser parser(64);
      std::vector<Seen> blocks;
      std::size_t begin = 0;
      for (std::size_t end = cut; end < bytes.size(); begin = end, end += rhx_block_bytes(words)) {
        feed(parser, Bytes(bytes).subspan(begin, end - begin), blocks);
      }
      feed(parser, Bytes(bytes).subspan(begin), blocks);
      if (blocks != expected || parser.counters().resyncs != 0) ++different;
    }
    CHECK(different == 0);
    RhxWaveformParser parser(64);
    std::vector<Seen> blocks;
    for (const std::uint8_t byte : bytes) feed(parser, Bytes(&byte, 1), blocks);
    CHECK(blocks == expected);
  }
}

TEST_CASE("RHX block: handed on with its last byte, not with the next block") {
  RhxWaveformParser parser;
  const ByteVector bytes = ramp_block(0, 4);
  CHECK(parse(parser, Bytes(bytes).first(bytes.size() - 1)).empty());
  CHECK(parse(parser, Bytes(bytes).last(1)).size() == 1);
}

TEST_CASE("RHX stream begun in the middle of a block: the next ones are found") {
  ByteVector bytes;
  for (std::uint32_t i = 0; i < 4; ++i) append(bytes, ramp_block(128 * i, 5));
  std::size_t wrong = 0;
  for (std::size_t begin = 1; begin <= rhx_block_bytes(5); ++begin) {
    RhxWaveformParser parser(64);
    const auto blocks = parse(parser, Bytes(bytes).subspan(begin));
    if (blocks.size() != 3 || blocks[0].timestamp != 128 || parser.counters().resyncs != 0) ++wrong;
  }
  CHECK(wrong == 0);
}

TEST_CASE("RHX stream whose width changes: told, no block lost, none of the wrong width") {
  RhxWaveformParser parser;
  parser.expect(1);
  ByteVector bytes = rhx_blocks(0, 3, 1);
  append(bytes, rhx_blocks(3 * 128, 4, 2));
  append(bytes, rhx_blocks(20000, 2, 1));
  const auto blocks = parse(parser, bytes);
  REQUIRE(blocks.size() == 9);
  CHECK(blocks[2].words == 1);
  CHECK(blocks[3].words == 2);
  CHECK(blocks[6].words == 2);
  CHECK(blocks[7].words == 1);
  CHECK(parser.counters().width_changes == 2);
  CHECK(parser.counters().resyncs == 0);
}

TEST_CASE("RHX stream: a wrong expectation costs nothing") {
  for (const std::size_t expected : {0U, 3U, 5U, 4096U, 70000U}) {
    RhxWaveformParser parser;
    parser.expect(expected);
    CHECK(parse(parser, rhx_blocks(0, 3, 4)).size() == 3);
    CHECK(parser.counters().width_changes == 0);
    CHECK(parser.counters().bytes_skipped == 0);
  }
}

TEST_CASE("RHX block with samples lost within: accepted in stretches; a stamp that runs back is damage") {
  const auto jumping = [](std::initializer_list<std::size_t> jumps, std::uint32_t by) {
    ByteVector bytes = rhx_block(1000, 2);
    std::uint32_t added = 0;
    for (std::size_t frame = 0; frame < 128; ++frame) {
      if (std::find(jumps.begin(), jumps.end(), frame) != jumps.end()) added += by;
      const auto stamp = static_cast<std::uint32_t>(1000 + frame) + added;
      for (std::size_t i = 0; i < 4; ++i) bytes[4 + 8 * frame + i] = static_cast<std::uint8_t>(stamp >> (8 * i));
    }
    return bytes;
  };
  RhxWaveformParser parser;
  parser.expect(2);
  ByteVector bytes = jumping({50, 60}, 40);
  static_cast<void>(parser.store(bytes));
  RhxBlock block;
  REQUIRE(parser.next(block));
  CHECK(block.contiguous(0) == 50);
  CHECK(block.contiguous(50) == 10);
  CHECK(block.contiguous(60) == 68);
  CHECK(block.timestamp(60) == 1000 + 60 + 80);

  CHECK(parse(parser, jumping({10, 20, 30, 40, 50}, 5)).empty());  // five jumps: no stream looks like that
  CHECK(parse(parser, jumping({10}, 0xFFFFFFF0U)).empty());        // back
  CHECK(parse(parser, jumping({10}, (1U << 24) + 1)).empty());     // far away
  CHECK(parse(parser, jumping({10}, 0xFFFFFFFFU)).empty());        // twice the same
  CHECK(parse(parser, jumping({1}, 5)).empty());                   // the first frame alone
  CHECK(parse(parser, jumping({127}, 5)).empty());                 // the last one
  // Behind damage the stream goes on with the next whole block.
  CHECK(parse(parser, rhx_blocks(5000, 6, 2)).size() == 6);
  CHECK(parser.counters().resyncs == 1);
  check_accounts(parser);
}

TEST_CASE("RHX stream with bytes cut out or put in: at most the damaged block is lost") {
  std::mt19937_64 random(11);
  for (int trial = 0; trial < 300; ++trial) {
    ByteVector bytes = rhx_blocks(0, 40, 4);
    const std::size_t at = 1540 + random() % (8 * 1540);
    const auto place = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    const std::size_t count = 1 + random() % 1000;
    if (trial % 2 == 0) bytes.erase(place, place + static_cast<std::ptrdiff_t>(count));
    if (trial % 2 == 1) bytes.insert(place, count, static_cast<std::uint8_t>(random()));
    RhxWaveformParser parser;
    const auto blocks = parse(parser, bytes);
    // A cut of less than a block touches two at most.
    REQUIRE(blocks.size() >= 38);
    REQUIRE(blocks.back().timestamp == 39 * 128);
    for (const Seen& block : blocks) REQUIRE((block.words == 4 && block.timestamp % 128 == 0));
    check_accounts(parser);
  }
}

TEST_CASE("RHX stream whose samples look like magic numbers: no block is lost, none begins in the data") {
  const auto word = [](std::size_t, std::size_t column) { return column % 2 == 0 ? 0x7a08U : 0x2ef0U; };
  ByteVector bytes;
  for (std::uint32_t i = 0; i < 30; ++i) append(bytes, rhx_block(128 * i, 8, word));
  for (const std::size_t begin : {0U, 8U, 12U, 100U}) {
    RhxWaveformParser parser;
    const auto blocks = parse(parser, Bytes(bytes).subspan(begin));
    CHECK(blocks.size() == (begin == 0 ? 30U : 29U));
    for (const Seen& block : blocks) CHECK((block.words == 8 && block.timestamp % 128 == 0));
  }
}

TEST_CASE("RHX stream broken off: half a block is dropped and counted, the next connection begins anew") {
  RhxWaveformParser parser;
  CHECK(parse(parser, Bytes(rhx_blocks(0, 2, 1)).first(772 + 300)).size() == 1);
  parser.break_off();
  CHECK(parser.held() == 0);
  CHECK(parser.counters().bytes_skipped == 300);
  CHECK(parse(parser, rhx_blocks(5000, 2, 1)).size() == 2);
  check_accounts(parser);
}

TEST_CASE("RHX stream broken off while a block is looked at: that block is not counted as lost") {
  RhxWaveformParser parser;
  static_cast<void>(parser.store(rhx_blocks(0, 1, 1)));
  RhxBlock block;
  REQUIRE(parser.next(block));
  parser.break_off();
  CHECK(parser.counters().bytes_skipped == 0);
  CHECK(parse(parser, rhx_blocks(5000, 2, 1)).size() == 2);
  check_accounts(parser);
}
