// Any bytes as a session log: the reader, the session on top of it, and the repair. What is repaired must be whole and
// hold the same messages. The last byte of the input chooses whether checksums are taken out first, so that mutations
// reach what lies behind them, and whether it is repaired.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <sstream>
#include <string>

#include "daemon/record/repair.hpp"
#include "daemon/record/session_reader.hpp"

using namespace vturn::record;

namespace {

constexpr McapLimits kLimits{.max_record_bytes = 1U << 20, .max_chunk_bytes = 1U << 20};

// What repair writes may have longer chunks than what it read.
constexpr McapLimits kRepairedLimits{.max_record_bytes = 16U << 20, .max_chunk_bytes = 16U << 20};

McapReader open(std::string_view bytes, McapLimits limits = kLimits) {
  auto reader = McapReader::from(std::make_unique<MemorySource>(bytes), "fuzz.mcap", limits);
  return *std::move(reader);
}

void require(bool condition) {
  if (!condition) std::abort();
}

struct Counts {
  std::uint64_t messages = 0, bytes = 0;
  bool operator==(const Counts&) const = default;
};

Counts read_all(std::string_view bytes, bool must_be_whole) {
  McapReader reader = open(bytes, must_be_whole ? kRepairedLimits : kLimits);
  Counts counts;
  for (McapItem item = reader.next(); item != McapItem::kEnd; item = reader.next()) {
    if (item == McapItem::kMessage) {
      ++counts.messages;
      counts.bytes += reader.message().data.size();
    }
    if (item == McapItem::kDamage) require(reader.damage().offset <= bytes.size());
  }
  require(reader.ending() != McapEnding::kReading);
  if (must_be_whole) require(reader.ending() == McapEnding::kWhole && reader.damages() == 0);
  return counts;
}

void read_session(std::string_view bytes) {
  auto session = SessionReader::from(open(bytes), "fuzz.mcap");
  if (!session) return;
  for (auto item = session->next(); item != SessionReader::Item::kEnd; item = session->next()) {
  }
  require(session->complete() || !session->stopped_by().empty());
  require(session->attachment("rig.toml").size() <= bytes.size());
}

// Walks the records as far as they go and writes the checksums that their bytes have; the magic is put right too.
std::string with_checksums(std::string bytes) {
  std::memcpy(bytes.data(), kMcapMagic.data(), kMcapMagic.size());
  std::size_t at = kMcapMagic.size();
  while (bytes.size() - at >= kRecordPrefixBytes) {
    const std::size_t content = at + kRecordPrefixBytes;
    ByteCursor prefix(std::string_view(bytes).substr(at));
    const auto op = static_cast<McapOp>(prefix.integer<std::uint8_t>());
    const auto length = prefix.integer<std::uint64_t>();
    if (length > bytes.size() - content) break;
    // Zero says "no checksum": what follows is then judged by its structure alone.
    constexpr std::size_t kChunkCrcAt = 24;
    if (op == McapOp::kChunk && length >= kChunkCrcAt + 4) overwrite_integer(bytes, content + kChunkCrcAt, 0U);
    if (op == McapOp::kAttachment && length >= 4)
      overwrite_integer(bytes, content + static_cast<std::size_t>(length) - 4, 0U);
    if (op == McapOp::kDataEnd && length >= 4) overwrite_integer(bytes, content, 0U);
    if (op == McapOp::kFooter && length == kFooterBytes) overwrite_integer(bytes, content + kFooterBytes - 4, 0U);
    at = content + static_cast<std::size_t>(length);
  }
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  if (size > kMcapMagic.size() && (data[size - 1] & 1) != 0) bytes = with_checksums(std::move(bytes));
  if (!McapReader::from(std::make_unique<MemorySource>(bytes), "fuzz.mcap", kLimits)) return 0;
  const Counts counts = read_all(bytes, false);
  read_session(bytes);
  // Writing costs ten times what reading does: one input in four.
  if ((data[size - 1] & 6) != 0) return 0;
  std::ostringstream repaired;
  McapReader reader = open(bytes);
  repair_log(reader, repaired, [](std::uint64_t) {});
  require(read_all(repaired.str(), true) == counts);
  return 0;
}
