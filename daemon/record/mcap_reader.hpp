#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/core/expected.hpp"
#include "daemon/record/byte_source.hpp"
#include "daemon/record/crc32.hpp"
#include "daemon/record/mcap_format.hpp"

struct ZSTD_DCtx_s;

namespace vturn::record {

/// What a damaged or hostile file may make the reader hold in memory.
struct McapLimits {
  std::uint64_t max_record_bytes = 256ULL << 20;
  std::uint64_t max_chunk_bytes = 256ULL << 20;  ///< uncompressed
};

struct McapMessageView {
  std::uint16_t channel_id = 0;
  const McapChannel* channel = nullptr;
  std::uint32_t sequence = 0;
  std::uint64_t log_time_ns = 0;
  std::uint64_t publish_time_ns = 0;
  std::string_view data;  ///< valid until the next call of next()
};

/// Bytes that could not be used: where, and one clear line. `skipped_bytes` of the file are passed over; reading goes
/// on behind them when the record's own length could be trusted.
struct McapDamage {
  std::uint64_t offset = 0;
  std::uint64_t skipped_bytes = 0;
  std::string what;
};

enum class McapItem : std::uint8_t { kMessage, kAttachment, kMetadata, kDamage, kEnd };
enum class McapEnding : std::uint8_t {
  kReading,   ///< not there yet
  kWhole,     ///< data end, footer and closing magic found
  kNoFooter,  ///< the file stops between two records: its writer was killed
  kTorn,      ///< the file stops inside a record, or its structure is lost
};

/// Reads an MCAP file from front to back, one chunk in memory at a time, without needing its summary. Any bytes are
/// accepted: what is whole is given in file order, what is not is reported as damage and never read over.
class McapReader {
 public:
  static Expected<McapReader> open(const std::string& path, McapLimits limits = {});
  static Expected<McapReader> from(std::unique_ptr<ByteSource> source, const std::string& name, McapLimits limits = {});

  McapItem next();
  [[nodiscard]] const McapMessageView& message() const noexcept { return message_; }
  [[nodiscard]] const McapAttachment& attachment() const noexcept { return attachment_; }
  [[nodiscard]] const std::string& metadata_name() const noexcept { return metadata_name_; }
  [[nodiscard]] const McapMap& metadata() const noexcept { return metadata_; }
  [[nodiscard]] const McapDamage& damage() const noexcept { return damage_; }

  [[nodiscard]] McapEnding ending() const noexcept { return ending_; }
  [[nodiscard]] std::uint64_t damages() const noexcept { return damages_; }
  [[nodiscard]] std::uint64_t messages() const noexcept { return message_count_; }
  [[nodiscard]] const std::string& profile() const noexcept { return profile_; }
  [[nodiscard]] const std::string& library() const noexcept { return library_; }
  [[nodiscard]] const std::map<std::uint16_t, McapSchema>& schemas() const noexcept { return schemas_; }
  [[nodiscard]] const std::map<std::uint16_t, McapChannel>& channels() const noexcept { return channels_; }
  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }
  [[nodiscard]] std::uint64_t size() const noexcept { return source_->size(); }

 private:
  struct Record {
    std::uint8_t op = 0;
    std::uint64_t offset = 0;
    std::string_view content;
  };

  McapReader(std::unique_ptr<ByteSource> source, std::string name, McapLimits limits);
  std::optional<McapItem> step();
  bool read_record(Record& record);
  std::optional<McapItem> data_record(const Record& record);
  std::optional<McapItem> tail_record(const Record& record);
  std::optional<McapItem> data_end(const Record& record);
  McapItem footer(const Record& record);
  std::optional<McapItem> chunk(const Record& record);
  bool unpack(std::string_view compression, std::string_view packed, std::uint64_t size);
  std::optional<McapItem> chunk_record();
  McapItem parse_message(std::string_view content, std::uint64_t where);
  McapItem parse_attachment(const Record& record);
  McapItem parse_metadata(const Record& record);
  bool parse_schema(std::string_view content);
  bool parse_channel(std::string_view content);
  bool parse_header(std::string_view content);
  McapItem damaged(std::uint64_t offset, std::uint64_t skipped, const std::string& what);
  McapItem lost(std::uint64_t offset, const std::string& what);

  std::unique_ptr<ByteSource> source_;
  std::string name_;
  McapLimits limits_;
  std::unique_ptr<ZSTD_DCtx_s, std::size_t (*)(ZSTD_DCtx_s*)> context_;

  std::uint64_t offset_ = 0;  ///< of the next record
  std::unique_ptr<char[]> record_bytes_;
  std::size_t record_capacity_ = 0;
  std::unique_ptr<char[]> chunk_bytes_;
  std::size_t chunk_capacity_ = 0;
  std::string_view chunk_;  ///< uncompressed records of the current chunk
  std::size_t chunk_at_ = 0;
  std::uint64_t chunk_offset_ = 0;
  Crc32 data_crc_;
  Crc32 summary_crc_;
  std::uint64_t summary_start_ = 0;
  bool in_summary_ = false;
  bool footer_seen_ = false;

  McapEnding ending_ = McapEnding::kReading;
  std::uint64_t damages_ = 0;
  std::uint64_t message_count_ = 0;
  std::string profile_, library_;
  std::map<std::uint16_t, McapSchema> schemas_;
  std::map<std::uint16_t, McapChannel> channels_;
  McapMessageView message_;
  McapAttachment attachment_;
  std::string metadata_name_;
  McapMap metadata_;
  McapDamage damage_;
};

}  // namespace vturn::record
