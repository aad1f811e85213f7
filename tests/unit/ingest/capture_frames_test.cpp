// The framing of captured ZeroMQ messages: hand-made bytes with every way to be wrong, then the real captures' totals.
#include "daemon/ingest/capture_frames.hpp"

#include <bit>
#include <catch2/catch.hpp>
#include <limits>

#include "tests/unit/ingest/capture_files.hpp"

using vturn::ingest::CapturedMessage;
using vturn::ingest::CaptureFrames;
using vturn::ingest::CaptureStep;

namespace {

void append(std::vector<std::uint8_t>& bytes, std::uint64_t value, int width) {
  for (int i = 0; i < width; ++i) bytes.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

std::vector<std::uint8_t> two_part_message(double received_s) {
  std::vector<std::uint8_t> bytes;
  append(bytes, 2, 4);
  append(bytes, 3, 4);
  for (const char letter : {'a', 'b', 'c'}) bytes.push_back(static_cast<std::uint8_t>(letter));
  append(bytes, 0, 4);
  append(bytes, std::bit_cast<std::uint64_t>(received_s), 8);
  return bytes;
}

}  // namespace

TEST_CASE("A capture gives its parts, empty ones included, and its receive time") {
  const auto bytes = two_part_message(12.5);
  CaptureFrames reader(bytes);
  CapturedMessage message;
  REQUIRE(reader.next(message) == CaptureStep::kMessage);
  REQUIRE(message.frames().size() == 2);
  CHECK(std::string(message.parts[0].begin(), message.parts[0].end()) == "abc");
  CHECK(message.parts[1].empty());
  CHECK(message.received_s == 12.5);
  CHECK(reader.next(message) == CaptureStep::kEnd);
  CHECK(reader.offset() == bytes.size());
}

TEST_CASE("A capture cut anywhere is told as truncated, at the start of the message that is cut") {
  const auto whole = two_part_message(1.0);
  for (std::size_t kept = 1; kept < whole.size(); ++kept) {
    auto bytes = whole;
    bytes.insert(bytes.end(), whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(kept));
    CaptureFrames reader(bytes);
    CapturedMessage message;
    REQUIRE(reader.next(message) == CaptureStep::kMessage);
    CHECK(reader.next(message) == CaptureStep::kTruncated);
    CHECK(reader.next(message) == CaptureStep::kTruncated);
    CHECK(reader.offset() == whole.size());
  }
}

TEST_CASE("Bytes that are no capture are refused") {
  CapturedMessage message;
  SECTION("no parts") {
    std::vector<std::uint8_t> bytes(12, 0);
    CHECK(CaptureFrames(bytes).next(message) == CaptureStep::kPartCount);
  }
  SECTION("more parts than any feed sends") {
    std::vector<std::uint8_t> bytes(200, 9);
    CHECK(CaptureFrames(bytes).next(message) == CaptureStep::kPartCount);
  }
  SECTION("a length beyond the end") {
    std::vector<std::uint8_t> bytes;
    append(bytes, 1, 4);
    append(bytes, 0xFFFFFFFFU, 4);
    append(bytes, 0, 8);
    CHECK(CaptureFrames(bytes).next(message) == CaptureStep::kTruncated);
  }
  SECTION("a time that is no number") {
    const auto bytes = two_part_message(std::numeric_limits<double>::infinity());
    CHECK(CaptureFrames(bytes).next(message) == CaptureStep::kTime);
  }
}

TEST_CASE("The real captures are whole and hold the documented number of messages") {
  const auto [name, messages] = GENERATE(table<std::string, std::size_t>({
      {"capture-spikes-b1024.bin", 4063},
      {"capture-raw-b128.bin", 4000},
      {"capture-loss.bin", 1400},
      {"mouse28/zmq-spikes-318s.bin.zst", 51975},
  }));
  const auto capture = vturn::test::load_capture(name);
  if (!capture) return;
  std::size_t count = 0;
  vturn::test::for_each_message(*capture, [&](const CapturedMessage&) { ++count; });
  CHECK(count == messages);
}
