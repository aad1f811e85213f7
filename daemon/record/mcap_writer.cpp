#include "daemon/record/mcap_writer.hpp"

#include <zstd.h>

#include <algorithm>
#include <stdexcept>

namespace vturn::record {

namespace {
constexpr int kZstdLevel = 1;
constexpr std::size_t kMaxIds = 0xFFFF;
}  // namespace

McapWriter::McapWriter(McapWriterOptions options)
    : options_(std::move(options)), context_(options_.compress ? ZSTD_createCCtx() : nullptr, ZSTD_freeCCtx) {
  if (options_.compress && context_ == nullptr) throw std::runtime_error("no memory for the log's compressor");
  out_.append(kMcapMagic);
  const std::size_t start = open_record(out_, McapOp::kHeader);
  put_string(out_, options_.profile);
  put_string(out_, options_.library);
  close_record(out_, start);
  count_bytes_since(0);
}

McapWriter::~McapWriter() = default;

void McapWriter::count_bytes_since(std::size_t start) { data_crc_.add(std::string_view(out_).substr(start)); }

std::uint16_t McapWriter::add_schema(const McapSchema& schema) {
  if (schemas_.size() >= kMaxIds) throw std::logic_error("more schemas than MCAP has ids");
  const auto id = static_cast<std::uint16_t>(schemas_.size() + 1);
  std::string record;
  const std::size_t start = open_record(record, McapOp::kSchema);
  put_integer(record, id);
  put_string(record, schema.name);
  put_string(record, schema.encoding);
  put_string(record, schema.data);
  close_record(record, start);
  data_crc_.add(record);
  out_.append(record);
  schemas_.push_back(std::move(record));
  return id;
}

std::uint16_t McapWriter::add_channel(const McapChannel& channel) {
  if (channels_.size() >= kMaxIds) throw std::logic_error("more channels than MCAP has ids");
  const auto id = static_cast<std::uint16_t>(channels_.size() + 1);
  std::string record;
  const std::size_t start = open_record(record, McapOp::kChannel);
  put_integer(record, id);
  put_integer(record, channel.schema_id);
  put_string(record, channel.topic);
  put_string(record, channel.message_encoding);
  put_map(record, channel.metadata);
  close_record(record, start);
  data_crc_.add(record);
  out_.append(record);
  channels_.push_back(std::move(record));
  channel_states_.emplace_back();
  return id;
}

void McapWriter::attachment(const McapAttachment& attachment) {
  close_chunk();
  const std::uint64_t offset = file_bytes();
  const std::size_t start = open_record(out_, McapOp::kAttachment);
  put_integer(out_, attachment.log_time_ns);
  put_integer(out_, attachment.create_time_ns);
  put_string(out_, attachment.name);
  put_string(out_, attachment.media_type);
  put_integer(out_, static_cast<std::uint64_t>(attachment.data.size()));
  out_.append(attachment.data);
  put_integer(out_, crc32(std::string_view(out_).substr(start + kRecordPrefixBytes)));
  close_record(out_, start);
  count_bytes_since(start);

  std::string index;
  const std::size_t begin = open_record(index, McapOp::kAttachmentIndex);
  put_integer(index, offset);
  put_integer(index, static_cast<std::uint64_t>(out_.size() - start));
  put_integer(index, attachment.log_time_ns);
  put_integer(index, attachment.create_time_ns);
  put_integer(index, static_cast<std::uint64_t>(attachment.data.size()));
  put_string(index, attachment.name);
  put_string(index, attachment.media_type);
  close_record(index, begin);
  attachment_indexes_.push_back(std::move(index));
}

void McapWriter::metadata(const std::string& name, const McapMap& values) {
  close_chunk();
  const std::uint64_t offset = file_bytes();
  const std::size_t start = open_record(out_, McapOp::kMetadata);
  put_string(out_, name);
  put_map(out_, values);
  close_record(out_, start);
  count_bytes_since(start);

  std::string index;
  const std::size_t begin = open_record(index, McapOp::kMetadataIndex);
  put_integer(index, offset);
  put_integer(index, static_cast<std::uint64_t>(out_.size() - start));
  put_string(index, name);
  close_record(index, begin);
  metadata_indexes_.push_back(std::move(index));
}

char* McapWriter::message(std::uint16_t channel, std::uint64_t log_time_ns, std::uint64_t publish_time_ns,
                          std::size_t size) {
  ChannelState& state = channel_states_.at(channel - 1U);
  if (chunk_.empty()) chunk_first_ns_ = chunk_last_ns_ = log_time_ns;
  chunk_first_ns_ = std::min(chunk_first_ns_, log_time_ns);
  chunk_last_ns_ = std::max(chunk_last_ns_, log_time_ns);
  if (message_count_ == 0) first_ns_ = last_ns_ = log_time_ns;
  first_ns_ = std::min(first_ns_, log_time_ns);
  last_ns_ = std::max(last_ns_, log_time_ns);
  ++message_count_;
  ++state.messages;

  state.entries.push_back({log_time_ns, chunk_.size()});
  chunk_.push_back(static_cast<char>(McapOp::kMessage));
  put_integer(chunk_, static_cast<std::uint64_t>(kMessageHeadBytes + size));
  put_integer(chunk_, channel);
  put_integer(chunk_, static_cast<std::uint32_t>(state.messages));
  put_integer(chunk_, log_time_ns);
  put_integer(chunk_, publish_time_ns);
  chunk_.resize(chunk_.size() + size);
  return chunk_.data() + chunk_.size() - size;
}

void McapWriter::message(std::uint16_t channel, std::uint64_t log_time_ns, std::uint64_t publish_time_ns,
                         std::string_view data) {
  char* into = message(channel, log_time_ns, publish_time_ns, data.size());
  std::copy(data.begin(), data.end(), into);
}

std::string_view McapWriter::compressed_chunk() {
  if (!options_.compress) return chunk_;
  packed_.resize(ZSTD_compressBound(chunk_.size()));
  const std::size_t size =
      ZSTD_compressCCtx(context_.get(), packed_.data(), packed_.size(), chunk_.data(), chunk_.size(), kZstdLevel);
  if (ZSTD_isError(size) != 0) throw std::runtime_error(ZSTD_getErrorName(size));
  return std::string_view(packed_).substr(0, size);
}

// Message indexes stand behind the chunk; `index` (the chunk's entry in the summary) learns where each begins.
void McapWriter::write_message_indexes(std::string& index) {
  const std::size_t map_at = index.size();
  const std::uint64_t first = file_bytes();
  put_integer(index, std::uint32_t{0});
  for (std::size_t i = 0; i < channel_states_.size(); ++i) {
    auto& entries = channel_states_[i].entries;
    if (entries.empty()) continue;
    const auto id = static_cast<std::uint16_t>(i + 1);
    put_integer(index, id);
    put_integer(index, file_bytes());
    const std::size_t start = open_record(out_, McapOp::kMessageIndex);
    put_integer(out_, id);
    put_integer(out_, static_cast<std::uint32_t>(entries.size() * 2 * sizeof(std::uint64_t)));
    for (const auto& entry : entries) {
      put_integer(out_, entry.log_time_ns);
      put_integer(out_, entry.offset);
    }
    close_record(out_, start);
    entries.clear();
  }
  overwrite_integer(index, map_at, static_cast<std::uint32_t>(index.size() - map_at - sizeof(std::uint32_t)));
  put_integer(index, file_bytes() - first);
}

void McapWriter::close_chunk() {
  if (chunk_.empty()) return;
  const std::string_view packed = compressed_chunk();
  const std::string_view compression = options_.compress ? "zstd" : "";
  const std::uint64_t offset = file_bytes();
  const std::size_t start = open_record(out_, McapOp::kChunk);
  put_integer(out_, chunk_first_ns_);
  put_integer(out_, chunk_last_ns_);
  put_integer(out_, static_cast<std::uint64_t>(chunk_.size()));
  put_integer(out_, crc32(chunk_));
  put_string(out_, compression);
  put_integer(out_, static_cast<std::uint64_t>(packed.size()));
  out_.append(packed);
  close_record(out_, start);

  std::string index;
  const std::size_t begin = open_record(index, McapOp::kChunkIndex);
  put_integer(index, chunk_first_ns_);
  put_integer(index, chunk_last_ns_);
  put_integer(index, offset);
  put_integer(index, static_cast<std::uint64_t>(out_.size() - start));
  write_message_indexes(index);
  put_string(index, compression);
  put_integer(index, static_cast<std::uint64_t>(packed.size()));
  put_integer(index, static_cast<std::uint64_t>(chunk_.size()));
  close_record(index, begin);
  chunk_indexes_.push_back(std::move(index));
  count_bytes_since(start);
  chunk_.clear();
}

void McapWriter::begin_group(McapOp op, std::vector<Group>& groups) { groups.push_back({op, file_bytes(), 0}); }

void McapWriter::end_group(std::vector<Group>& groups) {
  groups.back().length = file_bytes() - groups.back().start;
  if (groups.back().length == 0) groups.pop_back();
}

void McapWriter::write_statistics() {
  const std::size_t start = open_record(out_, McapOp::kStatistics);
  put_integer(out_, message_count_);
  put_integer(out_, static_cast<std::uint16_t>(schemas_.size()));
  put_integer(out_, static_cast<std::uint32_t>(channels_.size()));
  put_integer(out_, static_cast<std::uint32_t>(attachment_indexes_.size()));
  put_integer(out_, static_cast<std::uint32_t>(metadata_indexes_.size()));
  put_integer(out_, static_cast<std::uint32_t>(chunk_indexes_.size()));
  put_integer(out_, first_ns_);
  put_integer(out_, last_ns_);
  put_integer(out_, static_cast<std::uint32_t>(channels_.size() * (sizeof(std::uint16_t) + sizeof(std::uint64_t))));
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    put_integer(out_, static_cast<std::uint16_t>(i + 1));
    put_integer(out_, channel_states_[i].messages);
  }
  close_record(out_, start);
}

void McapWriter::write_summary(std::vector<Group>& groups) {
  const auto group = [&](McapOp op, const std::vector<std::string>& records) {
    begin_group(op, groups);
    for (const auto& record : records) out_.append(record);
    end_group(groups);
  };
  group(McapOp::kSchema, schemas_);
  group(McapOp::kChannel, channels_);
  group(McapOp::kChunkIndex, chunk_indexes_);
  group(McapOp::kAttachmentIndex, attachment_indexes_);
  group(McapOp::kMetadataIndex, metadata_indexes_);
  begin_group(McapOp::kStatistics, groups);
  write_statistics();
  end_group(groups);
}

void McapWriter::finish() {
  close_chunk();
  const std::size_t data_end = open_record(out_, McapOp::kDataEnd);
  put_integer(out_, data_crc_.value());
  close_record(out_, data_end);

  const std::uint64_t summary_start = file_bytes();
  const std::size_t summary_at = out_.size();
  std::vector<Group> groups;
  write_summary(groups);
  const std::uint64_t offsets_start = file_bytes();
  for (const auto& group : groups) {
    const std::size_t start = open_record(out_, McapOp::kSummaryOffset);
    out_.push_back(static_cast<char>(group.op));
    put_integer(out_, group.start);
    put_integer(out_, group.length);
    close_record(out_, start);
  }
  const std::size_t footer = open_record(out_, McapOp::kFooter);
  put_integer(out_, summary_start);
  put_integer(out_, offsets_start);
  put_integer(out_, std::uint32_t{0});
  close_record(out_, footer);
  const std::size_t crc_at = out_.size() - sizeof(std::uint32_t);
  overwrite_integer(out_, crc_at, crc32(std::string_view(out_).substr(summary_at, crc_at - summary_at)));
  out_.append(kMcapMagic);
}

void McapWriter::drained(std::size_t bytes) {
  taken_ += bytes;
  drained_ += bytes;
  // Moving what is left to the front costs a copy: only once the taken part is the larger one.
  if (taken_ * 2 < out_.size()) return;
  out_.erase(0, taken_);
  taken_ = 0;
}

}  // namespace vturn::record
