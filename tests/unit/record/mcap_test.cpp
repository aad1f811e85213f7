// The container: what goes in comes out; a log cut or flipped anywhere gives what stands before the damage, one clear
// line about it, and never a crash.
#include <algorithm>
#include <catch2/catch.hpp>
#include <sstream>

#include "daemon/record/repair.hpp"
#include "tests/unit/record/mcap_samples.hpp"

using namespace vturn::record;
using namespace vturn::test;

TEST_CASE("a finished log comes back whole, compressed or not") {
  const bool compress = GENERATE(true, false);
  const auto seed = GENERATE(1U, 2U, 3U, 4U, 5U);
  const auto log = sample_log(seed, 5, 40, compress);
  const auto back = read_back(log.bytes);
  REQUIRE(back.error.empty());
  CHECK(back.ending == McapEnding::kWhole);
  CHECK(back.damages.empty());
  CHECK(back.messages == log.messages);
  REQUIRE(back.attachments.size() == 1);
  CHECK(back.attachments[0].name == "config.toml");
  CHECK(back.attachments[0].data == "[rig]\nname = \"m\"\n");
  CHECK(back.attachments[0].create_time_ns == 9);
  REQUIRE(back.metadata.size() == 3);
  CHECK(back.metadata[1].second.at("chunk") == "2");
}

TEST_CASE("the smallest log is header, data end, statistics, footer") {
  McapWriter writer({"", "", true});
  writer.finish();
  const auto back = read_back(writer.pending());
  CHECK(back.ending == McapEnding::kWhole);
  CHECK(back.messages.empty());
}

TEST_CASE("what was drained does not matter to the bytes") {
  const auto in_pieces = sample_log(9, 4, 10, true);
  McapWriter writer({"vturn-test", "vturn unit test", true});
  CHECK(writer.file_bytes() == writer.pending().size());
  const auto before = writer.pending().size();
  writer.drained(5);
  CHECK(writer.pending().size() == before - 5);
  CHECK(writer.file_bytes() == before);
  CHECK(read_back(in_pieces.bytes).damages.empty());
}

TEST_CASE("a log cut at any byte gives every chunk before the cut") {
  const bool compress = GENERATE(true, false);
  const auto log = sample_log(11, 4, 6, compress);
  for (std::size_t cut = 0; cut < log.bytes.size(); ++cut) {
    const auto back = read_back(std::string_view(log.bytes).substr(0, cut));
    if (cut < kMcapMagic.size()) {
      REQUIRE(back.error.find("byte 0") != std::string::npos);
      continue;
    }
    REQUIRE((back.ending == McapEnding::kTorn || back.ending == McapEnding::kNoFooter));
    REQUIRE(back.damages.size() <= 1);
    for (const auto& damage : back.damages)
      REQUIRE(damage.what.find("byte " + std::to_string(damage.offset)) != std::string::npos);
    std::size_t expected = 0;
    for (std::size_t i = 0; i < log.chunk_ends.size(); ++i) {
      // Chunks count as soon as their own record is whole; indexes behind them may be missing.
      if (cut >= log.chunk_ends[i]) expected = log.messages_by_then[i];
    }
    REQUIRE(back.messages.size() >= expected);
    REQUIRE(std::equal(back.messages.begin(), back.messages.end(), log.messages.begin()));
  }
}

TEST_CASE("any flipped bit is noticed, and what comes before it is given as it was written") {
  const bool compress = GENERATE(true, false);
  const auto log = sample_log(13, 3, 5, compress);
  std::string bytes = log.bytes;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    const char flip = static_cast<char>(1 << (at % 8));
    bytes[at] = static_cast<char>(bytes[at] ^ flip);
    const auto back = read_back(bytes);
    INFO("flipped byte " << at << " of " << bytes.size());
    REQUIRE((!back.error.empty() || !back.damages.empty() || back.ending != McapEnding::kWhole));
    std::size_t intact = 0;
    for (std::size_t i = 0; i < log.chunk_ends.size(); ++i)
      if (at >= log.chunk_ends[i]) intact = log.messages_by_then[i];
    REQUIRE(back.messages.size() >= intact);
    REQUIRE(std::equal(log.messages.begin(), log.messages.begin() + static_cast<std::ptrdiff_t>(intact),
                       back.messages.begin()));
    bytes[at] = static_cast<char>(bytes[at] ^ flip);
  }
}

TEST_CASE("a damaged chunk is passed over, the ones behind it are given") {
  const auto log = sample_log(17, 3, 20, true);
  std::string bytes = log.bytes;
  // Behind the first chunk's end begins a metadata record, then the second chunk; its middle lies well inside.
  const std::size_t middle = (log.chunk_ends[0] + log.chunk_ends[1]) / 2;
  bytes[middle] = static_cast<char>(bytes[middle] ^ 0x10);
  const auto back = read_back(bytes);
  REQUIRE(back.damages.size() == 1);
  CHECK(back.damages[0].skipped_bytes > 0);
  CHECK(back.damages[0].offset >= log.chunk_ends[0]);
  CHECK(back.messages.size() == 40);
  CHECK(back.messages.back() == log.messages.back());
  CHECK(back.ending == McapEnding::kWhole);
}

TEST_CASE("sizes that a file only claims are not believed") {
  auto log = sample_log(19, 1, 3, true);
  SECTION("a record longer than the limit") {
    const auto back = read_back(log.bytes, {.max_record_bytes = 16, .max_chunk_bytes = 1 << 20});
    CHECK(back.ending == McapEnding::kTorn);
    REQUIRE(back.damages.size() == 1);
    CHECK(back.damages[0].what.find("at most 16") != std::string::npos);
  }
  SECTION("a chunk longer than the limit once uncompressed") {
    const auto back = read_back(log.bytes, {.max_record_bytes = 1 << 20, .max_chunk_bytes = 16});
    REQUIRE(back.damages.size() == 1);
    CHECK(back.damages[0].what.find("uncompressed") != std::string::npos);
    CHECK(back.messages.empty());
  }
}

TEST_CASE("bytes behind the end are noticed") {
  auto log = sample_log(23, 1, 3, true);
  log.bytes += "x";
  const auto back = read_back(log.bytes);
  CHECK(back.messages == log.messages);
  CHECK(back.ending == McapEnding::kTorn);
}

TEST_CASE("repair rebuilds summary and footer from a log cut anywhere") {
  const auto log = sample_log(29, 4, 8, true);
  for (std::size_t cut = kMcapMagic.size(); cut <= log.bytes.size(); cut += 13) {
    const auto cut_bytes = std::string_view(log.bytes).substr(0, cut);
    const auto before = read_back(cut_bytes);
    auto reader = McapReader::from(std::make_unique<MemorySource>(cut_bytes), "cut.mcap");
    std::ostringstream repaired;
    const auto report = repair_log(*reader, repaired, [](std::uint64_t) {});
    CHECK(report.messages == before.messages.size());
    const auto after = read_back(repaired.str());
    REQUIRE(after.ending == McapEnding::kWhole);
    REQUIRE(after.damages.empty());
    REQUIRE(after.messages.size() == before.messages.size());
    for (std::size_t i = 0; i < after.messages.size(); ++i) {
      // Channels are numbered afresh in the order they appear: content and time must hold.
      REQUIRE(after.messages[i].data == before.messages[i].data);
      REQUIRE(after.messages[i].time_ns == before.messages[i].time_ns);
    }
    REQUIRE(after.attachments.size() == before.attachments.size());
    REQUIRE(after.metadata.back().first == "repaired");
  }
}
