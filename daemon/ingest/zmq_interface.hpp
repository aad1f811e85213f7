#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "daemon/ingest/frames.hpp"

namespace vturn::ingest {

enum class MessageKind : std::uint8_t {
  kData = 1,  ///< samples of one channel
  kTtl,       ///< one edge
  kSpike,     ///< one spike with its waveform
  kOther,     ///< well-formed, of a kind that vturn does not use (an event that is no TTL edge)
};

/// Why a message was refused. Each has its own counter in the reader's figures.
enum class ParseError : std::uint8_t {
  kNone = 0,
  kFrameCount,     ///< not three frames
  kEnvelope,       ///< frame 0 is neither DATA nor EVENT, or does not fit the header's type
  kHeaderTooLong,  ///< header beyond kMaxHeaderBytes
  kJson,           ///< header is no JSON object, or broken
  kOldGui,         ///< `message_no`: Open Ephys GUI 0.5 or plugin 0.2, whose payloads cannot be trusted
  kMissingField,   ///< a field that this kind needs is absent
  kBadField,       ///< a field has the wrong type or a value outside its range
  kUnknownType,    ///< `type` is none of data, event, spike
  kPayloadSize,    ///< payload does not have the length that the header tells
  kBadPayload,     ///< a TTL state other than 0 or 1
  kCount
};

inline constexpr std::size_t kMaxHeaderBytes = 16 * 1024;
inline constexpr std::int64_t kMaxSamplesPerMessage = 1 << 20;
inline constexpr std::int64_t kMaxSpikeChannels = 512;
inline constexpr std::int64_t kMaxChannels = 4096;
inline constexpr std::size_t kMaxStreamNameBytes = 256;
/// Three centuries at 30 kHz: whatever lies beyond is damage, and sample arithmetic below it cannot overflow.
inline constexpr std::int64_t kMaxSampleNumber = std::int64_t{1} << 48;

/// One message of the ZMQ Interface plugin 0.3.x-1.0 (GUI 0.6-1.0). All views live until the parser's next message.
struct ZmqInterfaceMessage {
  MessageKind kind = MessageKind::kOther;
  std::int64_t message_num = 0;  ///< the instance's counter over all kinds, as sent
  std::string_view stream;
  std::int64_t sample_num = 0;  ///< data: first sample; spike: the waveform's minimum as the GUI stamps it
  // data
  std::int64_t channel_num = 0;   ///< 0-based within the stream
  std::string_view channel_name;  ///< empty before plugin 0.3.3
  double sample_rate_hz = 0;
  // data and spike
  std::int64_t num_samples = 0;
  Bytes samples;  ///< float32 little endian: microvolts (volts on ADC and aux channels)
  // spike: samples are channel-major, num_channels x num_samples
  std::string_view electrode;  ///< a name, unique within detector and stream
  std::int64_t num_channels = 0;
  std::int64_t sorted_id = 0;  ///< 0 unless a sorter is upstream
  // ttl
  std::uint8_t ttl_line = 0;  ///< 0-based
  std::uint8_t ttl_state = 0;
  std::uint64_t ttl_word = 0;  ///< lines 0..63 after the change
};

/// Little-endian float32 number `index` of a payload. The bounds are the caller's to keep.
float sample_at(Bytes samples, std::size_t index) noexcept;

/// Takes multipart messages apart. Allocates when made, never afterwards; never throws; any bytes are safe.
class ZmqInterfaceParser {
 public:
  ZmqInterfaceParser();
  ~ZmqInterfaceParser();
  ZmqInterfaceParser(const ZmqInterfaceParser&) = delete;
  ZmqInterfaceParser& operator=(const ZmqInterfaceParser&) = delete;

  /// kNone and `message` filled in, or why not (`message` then holds nothing usable).
  ParseError parse(Frames frames, ZmqInterfaceMessage& message) noexcept;

 private:
  struct Json;
  std::unique_ptr<Json> json_;
};

/// One clear line for the log: what is wrong and what to do.
std::string_view describe(ParseError error) noexcept;

}  // namespace vturn::ingest
