#include "daemon/record/mcap_reader.hpp"

#include <zstd.h>

#include <cstdio>

namespace vturn::record {

namespace {

std::string number(std::uint64_t value) { return std::to_string(value); }

std::string hex(std::uint32_t value) {
  char text[16];
  std::snprintf(text, sizeof text, "0x%08x", value);
  return text;
}

std::string crc_text(std::uint32_t stored, std::uint32_t computed) {
  return "CRC " + hex(computed) + " where the file says " + hex(stored);
}

const char* record_name(std::uint8_t op) {
  static constexpr const char* kNames[] = {
      "zero",     "header",         "footer",         "schema",     "channel",          "message",
      "chunk",    "message index",  "chunk index",    "attachment", "attachment index", "statistics",
      "metadata", "metadata index", "summary offset", "data end"};
  return op < std::size(kNames) ? kNames[op] : "unknown";
}

char* grown(std::unique_ptr<char[]>& bytes, std::size_t& capacity, std::uint64_t size) {
  if (size > capacity) {
    bytes.reset(new char[static_cast<std::size_t>(size)]);
    capacity = static_cast<std::size_t>(size);
  }
  return bytes.get();
}

}  // namespace

McapReader::McapReader(std::unique_ptr<ByteSource> source, std::string name, McapLimits limits)
    : source_(std::move(source)), name_(std::move(name)), limits_(limits), context_(nullptr, ZSTD_freeDCtx) {}

Expected<McapReader> McapReader::open(const std::string& path, McapLimits limits) {
  auto source = open_file_source(path);
  if (!source) return Error{source.error()};
  return from(*std::move(source), path, limits);
}

Expected<McapReader> McapReader::from(std::unique_ptr<ByteSource> source, const std::string& name, McapLimits limits) {
  McapReader reader(std::move(source), name, limits);
  char magic[kMcapMagic.size()];
  if (!reader.source_->read_at(0, magic, sizeof magic) || std::string_view(magic, sizeof magic) != kMcapMagic)
    return Error{name + ": byte 0: not an MCAP file (its first 8 bytes are not the magic); give a session log"};
  reader.data_crc_.add(kMcapMagic);
  reader.offset_ = kMcapMagic.size();
  return reader;
}

McapItem McapReader::next() {
  while (true) {
    if (const auto item = step()) return *item;
  }
}

std::optional<McapItem> McapReader::step() {
  if (ending_ != McapEnding::kReading) return McapItem::kEnd;
  if (chunk_at_ < chunk_.size()) return chunk_record();
  if (offset_ == size() && !footer_seen_) {
    ending_ = McapEnding::kNoFooter;
    return McapItem::kEnd;
  }
  Record record;
  if (!read_record(record)) return McapItem::kDamage;
  if (in_summary_) return tail_record(record);
  if (record.op == static_cast<std::uint8_t>(McapOp::kDataEnd)) return data_end(record);
  data_crc_.add({record_bytes_.get(), kRecordPrefixBytes + record.content.size()});
  return data_record(record);
}

// Prefix and content are read into one buffer, since every checksum of the format runs over both.
bool McapReader::read_record(Record& record) {
  const std::uint64_t left = size() - offset_;
  if (left < kRecordPrefixBytes) {
    lost(offset_, "the file ends inside a record's first 9 bytes");
    return false;
  }
  char* bytes = grown(record_bytes_, record_capacity_, kRecordPrefixBytes);
  if (!source_->read_at(offset_, bytes, kRecordPrefixBytes)) {
    lost(offset_, "the file cannot be read here");
    return false;
  }
  ByteCursor prefix({bytes, kRecordPrefixBytes});
  record.op = prefix.integer<std::uint8_t>();
  record.offset = offset_;
  const auto length = prefix.integer<std::uint64_t>();
  if (record.op == 0) {
    lost(offset_, "zeros where a record should begin");
    return false;
  }
  if (length > left - kRecordPrefixBytes) {
    lost(offset_, std::string("the file ends inside a ") + record_name(record.op) + " record of " + number(length) +
                      " bytes, of which " + number(left - kRecordPrefixBytes) + " are there");
    return false;
  }
  if (length > limits_.max_record_bytes) {
    lost(offset_, std::string("a ") + record_name(record.op) + " record of " + number(length) + " bytes; at most " +
                      number(limits_.max_record_bytes) + " are read");
    return false;
  }
  // grown() gives fresh memory without the prefix: read both again in one go.
  const std::uint64_t whole = kRecordPrefixBytes + length;
  bytes = grown(record_bytes_, record_capacity_, whole);
  if (!source_->read_at(offset_, bytes, static_cast<std::size_t>(whole))) {
    lost(offset_, "the file cannot be read here");
    return false;
  }
  record.content = {bytes + kRecordPrefixBytes, static_cast<std::size_t>(length)};
  offset_ += whole;
  return true;
}

std::optional<McapItem> McapReader::data_record(const Record& record) {
  const auto refuse = [&](const char* what) {
    return damaged(record.offset, offset_ - record.offset, std::string(record_name(record.op)) + " record " + what);
  };
  switch (static_cast<McapOp>(record.op)) {
    case McapOp::kHeader:
      return parse_header(record.content) ? std::nullopt : std::optional(refuse("is malformed"));
    case McapOp::kSchema:
      return parse_schema(record.content) ? std::nullopt : std::optional(refuse("is malformed"));
    case McapOp::kChannel:
      return parse_channel(record.content) ? std::nullopt : std::optional(refuse("is malformed"));
    case McapOp::kMessage:
      return parse_message(record.content, record.offset);
    case McapOp::kChunk:
      return chunk(record);
    case McapOp::kAttachment:
      return parse_attachment(record);
    case McapOp::kMetadata:
      return parse_metadata(record);
    case McapOp::kFooter:
      return lost(record.offset, "a footer without a data end before it");
    default:
      return std::nullopt;
  }
}

std::optional<McapItem> McapReader::data_end(const Record& record) {
  in_summary_ = true;
  summary_start_ = offset_;
  ByteCursor cursor(record.content);
  const auto stored = cursor.integer<std::uint32_t>();
  if (!cursor.ok()) return damaged(record.offset, 0, "data end record is malformed");
  if (stored != 0 && stored != data_crc_.value() && damages_ == 0)
    return damaged(record.offset, 0, "the data section has " + crc_text(stored, data_crc_.value()));
  return std::nullopt;
}

std::optional<McapItem> McapReader::tail_record(const Record& record) {
  if (record.op == static_cast<std::uint8_t>(McapOp::kFooter)) return footer(record);
  summary_crc_.add({record_bytes_.get(), kRecordPrefixBytes + record.content.size()});
  if (record.op == static_cast<std::uint8_t>(McapOp::kStatistics) && damages_ == 0) {
    const auto messages = ByteCursor(record.content).integer<std::uint64_t>();
    if (messages != message_count_)
      return damaged(
          record.offset, 0,
          "the statistics count " + number(messages) + " messages, the file holds " + number(message_count_));
  }
  return std::nullopt;
}

McapItem McapReader::footer(const Record& record) {
  footer_seen_ = true;
  if (record.content.size() != kFooterBytes) return lost(record.offset, "footer record is malformed");
  ByteCursor cursor(record.content);
  const auto start = cursor.integer<std::uint64_t>();
  cursor.integer<std::uint64_t>();
  const auto stored = cursor.integer<std::uint32_t>();
  summary_crc_.add({record_bytes_.get(), kRecordPrefixBytes + kFooterBytes - sizeof stored});
  if (start != 0 && start != summary_start_)
    return lost(record.offset,
                "the footer points to a summary at byte " + number(start) + ", it is at " + number(summary_start_));
  if (stored != 0 && stored != summary_crc_.value())
    return lost(record.offset, "the summary has " + crc_text(stored, summary_crc_.value()));
  char magic[kMcapMagic.size()];
  if (size() - offset_ != sizeof magic || !source_->read_at(offset_, magic, sizeof magic) ||
      std::string_view(magic, sizeof magic) != kMcapMagic)
    return lost(offset_, "the closing magic is missing or something follows it");
  ending_ = McapEnding::kWhole;
  return McapItem::kEnd;
}

std::optional<McapItem> McapReader::chunk(const Record& record) {
  const auto refuse = [&](const std::string& what) {
    return damaged(record.offset, offset_ - record.offset, "chunk " + what);
  };
  ByteCursor cursor(record.content);
  cursor.integer<std::uint64_t>();
  cursor.integer<std::uint64_t>();
  const auto size = cursor.integer<std::uint64_t>();
  const auto stored = cursor.integer<std::uint32_t>();
  const auto compression = cursor.text();
  const auto packed = cursor.long_bytes();
  if (!cursor.ok()) return refuse("record is malformed");
  if (size > limits_.max_chunk_bytes)
    return refuse("says " + number(size) + " bytes uncompressed; at most " + number(limits_.max_chunk_bytes) +
                  " are read");
  if (!compression.empty() && compression != "zstd") return refuse("has a compression other than zstd or none");
  if (!unpack(compression, packed, size)) return refuse("cannot be uncompressed");
  if (stored != 0 && stored != crc32(chunk_)) {
    const auto computed = crc32(chunk_);
    chunk_ = {};
    return refuse("has " + crc_text(stored, computed));
  }
  chunk_offset_ = record.offset;
  chunk_at_ = 0;
  return std::nullopt;
}

bool McapReader::unpack(std::string_view compression, std::string_view packed, std::uint64_t size) {
  chunk_ = {};
  if (compression.empty()) {
    if (packed.size() != size) return false;
    chunk_ = packed;
    return true;
  }
  // The frame must say the same size before memory is taken for it.
  const auto frame = ZSTD_getFrameContentSize(packed.data(), packed.size());
  if (frame != ZSTD_CONTENTSIZE_UNKNOWN && frame != size) return false;
  if (context_ == nullptr) context_.reset(ZSTD_createDCtx());
  if (context_ == nullptr) return false;
  char* bytes = grown(chunk_bytes_, chunk_capacity_, size);
  const auto got =
      ZSTD_decompressDCtx(context_.get(), bytes, static_cast<std::size_t>(size), packed.data(), packed.size());
  if (ZSTD_isError(got) != 0 || got != size) return false;
  chunk_ = {bytes, static_cast<std::size_t>(size)};
  return true;
}

std::optional<McapItem> McapReader::chunk_record() {
  ByteCursor cursor(chunk_.substr(chunk_at_));
  const auto op = cursor.integer<std::uint8_t>();
  const auto content = cursor.long_bytes();
  const std::string where = ", byte " + number(chunk_at_) + " of the chunk's records";
  if (!cursor.ok() || op == 0) {
    const std::string what = std::string(record_name(op)) + " record runs over the end of its chunk" + where;
    chunk_ = {};
    chunk_at_ = 0;
    return damaged(chunk_offset_, 0, what);
  }
  chunk_at_ += kRecordPrefixBytes + content.size();
  bool good = true;
  switch (static_cast<McapOp>(op)) {
    case McapOp::kMessage:
      return parse_message(content, chunk_offset_);
    case McapOp::kSchema:
      good = parse_schema(content);
      break;
    case McapOp::kChannel:
      good = parse_channel(content);
      break;
    default:
      break;
  }
  if (good) return std::nullopt;
  return damaged(chunk_offset_, 0, std::string(record_name(op)) + " record is malformed" + where);
}

McapItem McapReader::parse_message(std::string_view content, std::uint64_t where) {
  ByteCursor cursor(content);
  message_.channel_id = cursor.integer<std::uint16_t>();
  message_.sequence = cursor.integer<std::uint32_t>();
  message_.log_time_ns = cursor.integer<std::uint64_t>();
  message_.publish_time_ns = cursor.integer<std::uint64_t>();
  if (!cursor.ok()) return damaged(where, 0, "message record is malformed");
  const auto channel = channels_.find(message_.channel_id);
  if (channel == channels_.end())
    return damaged(where, 0,
                   "message on channel " + number(message_.channel_id) + ", which the file does not describe");
  message_.channel = &channel->second;
  message_.data = cursor.rest();
  ++message_count_;
  return McapItem::kMessage;
}

McapItem McapReader::parse_attachment(const Record& record) {
  ByteCursor cursor(record.content);
  attachment_.log_time_ns = cursor.integer<std::uint64_t>();
  attachment_.create_time_ns = cursor.integer<std::uint64_t>();
  attachment_.name = cursor.text();
  attachment_.media_type = cursor.text();
  attachment_.data = cursor.long_bytes();
  const std::size_t checked = record.content.size() - cursor.rest().size();
  const auto stored = cursor.integer<std::uint32_t>();
  const std::uint64_t whole = offset_ - record.offset;
  if (!cursor.ok()) return damaged(record.offset, whole, "attachment record is malformed");
  const auto computed = crc32(record.content.substr(0, checked));
  if (stored != 0 && stored != computed)
    return damaged(record.offset, whole, "attachment has " + crc_text(stored, computed));
  return McapItem::kAttachment;
}

McapItem McapReader::parse_metadata(const Record& record) {
  ByteCursor cursor(record.content);
  metadata_name_ = cursor.text();
  metadata_ = cursor.map();
  if (!cursor.ok()) return damaged(record.offset, offset_ - record.offset, "metadata record is malformed");
  return McapItem::kMetadata;
}

bool McapReader::parse_header(std::string_view content) {
  ByteCursor cursor(content);
  profile_ = cursor.text();
  library_ = cursor.text();
  return cursor.ok();
}

bool McapReader::parse_schema(std::string_view content) {
  ByteCursor cursor(content);
  const auto id = cursor.integer<std::uint16_t>();
  McapSchema schema;
  schema.name = cursor.text();
  schema.encoding = cursor.text();
  schema.data = cursor.text();
  if (cursor.ok() && id != 0) schemas_.emplace(id, std::move(schema));
  return cursor.ok() && id != 0;
}

bool McapReader::parse_channel(std::string_view content) {
  ByteCursor cursor(content);
  const auto id = cursor.integer<std::uint16_t>();
  McapChannel channel;
  channel.schema_id = cursor.integer<std::uint16_t>();
  channel.topic = cursor.text();
  channel.message_encoding = cursor.text();
  channel.metadata = cursor.map();
  if (cursor.ok()) channels_.emplace(id, std::move(channel));
  return cursor.ok();
}

McapItem McapReader::damaged(std::uint64_t offset, std::uint64_t skipped, const std::string& what) {
  ++damages_;
  damage_ = {offset, skipped, name_ + ": byte " + number(offset) + ": " + what};
  return McapItem::kDamage;
}

// The structure is gone from here: nothing behind can be found.
McapItem McapReader::lost(std::uint64_t offset, const std::string& what) {
  ending_ = McapEnding::kTorn;
  return damaged(offset, size() - offset, what);
}

}  // namespace vturn::record
