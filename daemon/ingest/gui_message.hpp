#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "daemon/ingest/frames.hpp"

namespace vturn::ingest {

enum class MessageKind : std::uint8_t {
  kData = 1,  ///< samples
  kTtl,       ///< one edge
  kSpike,     ///< one spike
  kOther,     ///< well-formed, of a kind that vturn does not use (an event that is no TTL edge)
};

/// Why a message was refused. Each has its own counter in the reader's figures; what it means in a feed, its parser
/// says.
enum class ParseError : std::uint8_t {
  kNone = 0,
  kFrameCount,    ///< not the feed's number of frames
  kEnvelope,      ///< frame 0 is none of the feed's, or does not fit what follows
  kTooLong,       ///< a header or block beyond the limit
  kJson,          ///< header is no JSON object, or broken
  kFlatBuffer,    ///< no FlatBuffer of the schema, or a broken one
  kTooOld,        ///< a plugin or GUI whose messages cannot be used or trusted
  kMissingField,  ///< a field that this kind needs is absent
  kBadField,      ///< a field has the wrong type or a value outside its range
  kUnknownType,   ///< a kind of message that the feed does not have
  kPayloadSize,   ///< payload does not have the length that the header tells
  kBadPayload,    ///< a TTL state other than 0 or 1
  kCount
};

inline constexpr std::size_t kMaxHeaderBytes = 16 * 1024;
inline constexpr std::int64_t kMaxSamplesPerMessage = 1 << 20;
inline constexpr std::int64_t kMaxSpikeChannels = 512;
inline constexpr std::int64_t kMaxChannels = 4096;
inline constexpr std::size_t kMaxStreamNameBytes = 256;
/// Three centuries at 30 kHz: whatever lies beyond is damage, and sample arithmetic below it cannot overflow.
inline constexpr std::int64_t kMaxSampleNumber = std::int64_t{1} << 48;
inline constexpr double kMinSampleRateHz = 1.0;
inline constexpr double kMaxSampleRateHz = 10e6;

/// One message of the Open Ephys GUI, by whichever plugin. All views live until the parser's next message.
struct GuiMessage {
  MessageKind kind = MessageKind::kOther;
  bool numbered = true;          ///< message_num counts; the Event Broadcaster numbers nothing
  std::int64_t message_num = 0;  ///< the plugin's counter over all kinds, as sent
  std::string_view stream;
  std::int64_t sample_num = 0;  ///< data: first sample; spike: the waveform's minimum as the GUI stamps it
  double sample_rate_hz = 0;    ///< 0 = the message does not tell it
  // data: samples are channel-major, num_channels x num_samples. spike: the same, or one sample a channel
  std::int64_t num_channels = 0;
  std::int64_t num_samples = 0;
  Bytes samples;  ///< float32 little endian: microvolts (volts on ADC and aux channels)
  // data
  std::int64_t channel_num = 0;   ///< of the first channel, 0-based within the stream
  std::string_view channel_name;  ///< empty where the plugin sends none
  Bytes event_codes;              ///< uint16 little endian, TTL lines 0..15 at each sample; empty where there are none
  // spike
  std::string_view electrode;  ///< a name, unique within detector and stream
  std::int64_t sorted_id = 0;  ///< 0 unless a sorter is upstream
  std::int32_t detector = -1;  ///< where the electrode is a number within its detector: which one; -1 = it has a name
  // ttl
  std::uint8_t ttl_line = 0;  ///< 0-based
  std::uint8_t ttl_state = 0;
  bool has_ttl_word = false;
  std::uint64_t ttl_word = 0;  ///< lines 0..63 after the change
};

/// Little-endian float32 number `index` of a payload. The bounds are the caller's to keep.
float sample_at(Bytes samples, std::size_t index) noexcept;

/// Takes the multipart messages of one feed apart. Allocates when made, never afterwards; never throws; any bytes are
/// safe.
class FeedParser {
 public:
  FeedParser() = default;
  FeedParser(const FeedParser&) = delete;
  FeedParser& operator=(const FeedParser&) = delete;
  virtual ~FeedParser() = default;

  /// kNone and `message` filled in, or why not (`message` then holds nothing usable).
  virtual ParseError parse(Frames frames, GuiMessage& message) noexcept = 0;
  /// One clear line for the log: what is wrong and what to do.
  [[nodiscard]] virtual std::string_view describe(ParseError error) const noexcept = 0;
};

/// Plugins of the GUI that vturn reads.
enum class GuiFeed : std::uint8_t { kZmqInterface = 1, kEventBroadcaster, kFalconOutput };
std::unique_ptr<FeedParser> make_feed_parser(GuiFeed feed);

}  // namespace vturn::ingest
