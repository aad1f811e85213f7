#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <string_view>

namespace vturn::record {

// The MCAP container (https://mcap.dev/spec), version 0: little-endian, records of opcode, 64-bit length, content.

inline constexpr std::string_view kMcapMagic{"\x89MCAP0\r\n", 8};

enum class McapOp : std::uint8_t {
  kHeader = 0x01,
  kFooter = 0x02,
  kSchema = 0x03,
  kChannel = 0x04,
  kMessage = 0x05,
  kChunk = 0x06,
  kMessageIndex = 0x07,
  kChunkIndex = 0x08,
  kAttachment = 0x09,
  kAttachmentIndex = 0x0A,
  kStatistics = 0x0B,
  kMetadata = 0x0C,
  kMetadataIndex = 0x0D,
  kSummaryOffset = 0x0E,
  kDataEnd = 0x0F,
};

inline constexpr std::size_t kRecordPrefixBytes = 9;  ///< opcode and length
inline constexpr std::size_t kMessageHeadBytes = 22;  ///< channel, sequence, two times
inline constexpr std::size_t kFooterBytes = 20;

using McapMap = std::map<std::string, std::string>;

struct McapSchema {
  std::string name;
  std::string encoding;
  std::string data;
};

struct McapChannel {
  std::uint16_t schema_id = 0;
  std::string topic;
  std::string message_encoding;
  McapMap metadata;
};

struct McapAttachment {
  std::uint64_t log_time_ns = 0;
  std::uint64_t create_time_ns = 0;
  std::string name;
  std::string media_type;
  std::string data;
};

static_assert(std::endian::native == std::endian::little, "integers are copied in file order");

template <class T>
void put_integer(std::string& out, T value) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out.append(bytes, sizeof(T));
}

template <class T>
void overwrite_integer(std::string& out, std::size_t at, T value) {
  std::memcpy(out.data() + at, &value, sizeof(T));
}

inline void put_string(std::string& out, std::string_view text) {
  put_integer(out, static_cast<std::uint32_t>(text.size()));
  out.append(text);
}

void put_map(std::string& out, const McapMap& map);

/// Opens a record; close_record() fills in the length that is known only then.
std::size_t open_record(std::string& out, McapOp op);
void close_record(std::string& out, std::size_t start);

/// Reads fields off the front of bytes that nobody has checked. A field that does not fit makes it fail for good and
/// gives zeros from there: one test of ok() after the last field is enough.
class ByteCursor {
 public:
  explicit ByteCursor(std::string_view bytes) : rest_(bytes) {}

  template <class T>
  T integer() noexcept {
    T value{};
    if (const auto bytes = take(sizeof(T)); bytes.size() == sizeof(T)) std::memcpy(&value, bytes.data(), sizeof(T));
    return value;
  }
  std::string_view text() noexcept { return take(integer<std::uint32_t>()); }
  std::string_view long_bytes() noexcept { return take(integer<std::uint64_t>()); }
  McapMap map();

  [[nodiscard]] bool ok() const noexcept { return ok_; }
  [[nodiscard]] bool empty() const noexcept { return rest_.empty(); }
  [[nodiscard]] std::string_view rest() const noexcept { return rest_; }

 private:
  std::string_view take(std::uint64_t size) noexcept {
    if (!ok_ || size > rest_.size()) {
      ok_ = false;
      return {};
    }
    const auto taken = rest_.substr(0, static_cast<std::size_t>(size));
    rest_.remove_prefix(static_cast<std::size_t>(size));
    return taken;
  }

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace vturn::record
