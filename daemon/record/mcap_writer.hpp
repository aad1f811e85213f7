#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/record/crc32.hpp"
#include "daemon/record/mcap_format.hpp"

struct ZSTD_CCtx_s;

namespace vturn::record {

struct McapWriterOptions {
  std::string profile;
  std::string library = "vturn";
  bool compress = true;  ///< zstd at level 1; off leaves chunks as they are
};

/// Makes the bytes of an MCAP file, strictly in file order (nothing is ever rewritten, so the target may be a pipe).
/// It does no I/O: the owner takes pending() to wherever it goes and says so with drained(). Messages go into the open
/// chunk; schemas, channels, attachments and metadata stand between chunks, where a torn chunk cannot take them along.
class McapWriter {
 public:
  explicit McapWriter(McapWriterOptions options);
  ~McapWriter();
  McapWriter(const McapWriter&) = delete;
  McapWriter& operator=(const McapWriter&) = delete;

  std::uint16_t add_schema(const McapSchema& schema);
  std::uint16_t add_channel(const McapChannel& channel);
  void attachment(const McapAttachment& attachment);
  void metadata(const std::string& name, const McapMap& values);

  /// Room for a message's content in the open chunk, valid until the next call; the caller fills all of it.
  char* message(std::uint16_t channel, std::uint64_t log_time_ns, std::uint64_t publish_time_ns, std::size_t size);
  void message(std::uint16_t channel, std::uint64_t log_time_ns, std::uint64_t publish_time_ns, std::string_view data);
  [[nodiscard]] std::size_t open_chunk_bytes() const noexcept { return chunk_.size(); }

  /// Ends the open chunk (nothing happens when it is empty): chunk record and message indexes become pending.
  void close_chunk();
  /// Data end, summary, summary offsets, footer, magic. Nothing may follow.
  void finish();

  [[nodiscard]] std::string_view pending() const noexcept { return std::string_view(out_).substr(taken_); }
  void drained(std::size_t bytes);
  /// Length of the file so far, pending bytes included.
  [[nodiscard]] std::uint64_t file_bytes() const noexcept { return drained_ + out_.size() - taken_; }
  [[nodiscard]] std::uint64_t messages() const noexcept { return message_count_; }
  [[nodiscard]] std::uint64_t chunks() const noexcept { return chunk_indexes_.size(); }

 private:
  struct IndexEntry {
    std::uint64_t log_time_ns, offset;
  };
  struct ChannelState {
    std::vector<IndexEntry> entries;  ///< of the open chunk
    std::uint64_t messages = 0;
  };
  struct Group {
    McapOp op;
    std::uint64_t start, length;
  };

  void count_bytes_since(std::size_t start);
  void write_message_indexes(std::string& index);
  void begin_group(McapOp op, std::vector<Group>& groups);
  void end_group(std::vector<Group>& groups);
  void write_statistics();
  void write_summary(std::vector<Group>& groups);
  [[nodiscard]] std::string_view compressed_chunk();

  McapWriterOptions options_;
  std::unique_ptr<ZSTD_CCtx_s, std::size_t (*)(ZSTD_CCtx_s*)> context_;
  std::string out_;
  std::size_t taken_ = 0;
  std::uint64_t drained_ = 0;
  Crc32 data_crc_;

  std::string chunk_;
  std::string packed_;
  std::uint64_t chunk_first_ns_ = 0, chunk_last_ns_ = 0;
  std::uint64_t first_ns_ = 0, last_ns_ = 0;
  std::uint64_t message_count_ = 0;

  std::vector<std::string> schemas_;   ///< whole records, repeated in the summary; id = index + 1
  std::vector<std::string> channels_;  ///< likewise; id = index + 1
  std::vector<ChannelState> channel_states_;
  std::vector<std::string> chunk_indexes_, attachment_indexes_, metadata_indexes_;
};

}  // namespace vturn::record
