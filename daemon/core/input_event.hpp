#pragma once

#include <array>
#include <cstdint>
#include <type_traits>

#include "daemon/core/types.hpp"

namespace vturn {

enum class InputKind : std::uint8_t {
  kTick = 1,      ///< every 10 ms of monotonic time; session_time_ns = newest master time seen
  kSpike,         ///< SpikeInput
  kLfp,           ///< LfpInput: decimated samples of one signal
  kHeading,       ///< HeadingInput: tracked head direction (wake)
  kTtl,           ///< TtlInput
  kSource,        ///< SourceInput: what happened to a source (up, epoch, gap, clock, down)
  kCommand,       ///< CommandInput: what an operator asked for
  kOutputResult,  ///< OutputResultInput: what became of a pulse
  kRecorder,      ///< RecorderInput: whether the session is being recorded
};

inline constexpr std::uint8_t kFlagBurstEnd =
    1;                                          ///< last event of a received burst: the order stage may sort and go on
inline constexpr std::uint8_t kFlagMaster = 2;  ///< comes from the clock master

struct SpikeInput {
  UnitId unit;            ///< kNoUnit when unmapped: counted, never decoded
  std::uint32_t channel;  ///< electrode index within the source, in order of first appearance
  float amplitude_uv;     ///< most negative waveform value, 0 when the feed has none
};

inline constexpr std::uint16_t kMaxLfpSamples = 20;
struct LfpInput {
  std::uint16_t signal;  ///< index of the signal in the settings' list of distinct signals
  std::uint16_t count;   ///< samples used, 1..kMaxLfpSamples
  float rate_hz;         ///< rate of the decimated samples; session_time_ns is the first sample's time
  std::array<float, kMaxLfpSamples> samples;  ///< microvolts (headstage) or volts (accelerometer)
};

struct HeadingInput {
  float angle_rad;  ///< [0, 2π), counter-clockwise positive from above (image_y already applied)
};

struct TtlInput {
  std::uint8_t line;  ///< 0-based
  std::uint8_t state;
  std::uint64_t word;
};

enum class SourceChange : std::uint8_t {
  kUp = 1,    ///< first data seen
  kEpoch,     ///< restart or jump back: filters are reset, stimulation is disarmed when it carries spikes or motion
  kGap,       ///< `count` messages lost, or `count` samples missing
  kClock,     ///< `value_ns` = uncertainty of this source's clock mapping
  kDown,      ///< the reader ended or the socket failed
  kOverflow,  ///< `count` events of this source refused by its full queue
  kRefused,   ///< unusable stream (e.g. GUI 0.5); the text is in the log
};
enum class EpochCause : std::uint8_t { kNone = 0, kStart, kRestart, kLoop, kRateChange };

struct SourceInput {
  SourceChange change;
  EpochCause cause;
  std::uint8_t carries_spikes;
  std::uint8_t carries_motion;
  std::uint32_t epoch;  ///< 0 = first
  std::uint64_t count;
  std::int64_t value_ns;
};

enum class CommandKind : std::uint8_t {
  kArm = 1,
  kDisarm,
  kNote,
  kSelfTest,
  kShutdown,
  kAcknowledgeNoMotion,
  kLoadModel,       ///< the heading model made ready beforehand takes over
  kCalibrateStart,  ///< spikes and tracked heading are collected from here on
  kCalibrateStop
};

inline constexpr std::uint16_t kMaxCommandText = 64;
struct CommandInput {
  CommandKind command;
  std::uint8_t part;  ///< long notes come as parts 0, 1, ..., the last with `more` 0
  std::uint8_t more;
  std::uint8_t length;    ///< bytes used in text
  std::uint32_t request;  ///< number of the control request
  std::int64_t value_ns;  ///< arm: duration; self-test: 1 passed; load model: hash of the models from now on
  std::array<char, kMaxCommandText> text;  ///< UTF-8, not terminated
};

enum class OutputResult : std::uint8_t {
  kFired = 1,
  kSham,
  kRefused,
  kFailed,
  kStopped,
  kNotStopped  ///< in answer to a stop: the pulse goes on to its end. No result of a plugin, the host's own
};
struct OutputResultInput {
  OutputResult result;
  std::uint8_t output;  ///< index in the rig file's outputs
  std::uint16_t rule;
  std::uint32_t trigger_id;
  MonoNs fired_mono_ns;  ///< when the output plugin returned
};

enum class RecorderState : std::uint8_t { kRecording = 1, kIncomplete, kOff };
struct RecorderInput {
  RecorderState state;
  std::uint64_t lost;
};

/// Everything the engine knows comes in as one of these. Trivially copyable, fixed size: the queue, the log and
/// the plugin ABI carry it as bytes.
struct InputEvent {
  SessionNs session_time_ns = 0;
  MonoNs arrival_mono_ns = 0;  ///< the reader had the bytes (hop "kernel receive")
  MonoNs now_mono_ns = 0;      ///< stamp of the decision step that takes it (hop "dequeued")
  SampleIndex source_sample = 0;
  std::uint32_t parse_delay_ns = 0;  ///< arrival to parsed, saturating
  SourceIndex source = kNoSource;
  InputKind kind = InputKind::kTick;
  std::uint8_t flags = 0;
  union Payload {
    SpikeInput spike;
    LfpInput lfp;
    HeadingInput heading;
    TtlInput ttl;
    SourceInput source;
    CommandInput command;
    OutputResultInput output;
    RecorderInput recorder;
    std::array<std::uint8_t, 88> bytes;
  } payload{.bytes = {}};
};
static_assert(sizeof(InputEvent) == 128 && std::is_trivially_copyable_v<InputEvent>);

}  // namespace vturn
