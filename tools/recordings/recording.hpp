#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/types.hpp"
#include "tools/recordings/byte_source.hpp"

namespace vturn::recordings {

enum class ChannelKind : std::uint8_t {
  kAmplifier,  ///< wideband or whatever a headstage channel of Open Ephys carries
  kLowpass,    ///< RHX's software band
  kHighpass,   ///< RHX's software band
  kDc,         ///< RHS: DC-coupled amplifier
  kStim,       ///< RHS: stimulation current
  kAuxiliary,  ///< headstage's auxiliary inputs: accelerometer
  kSupply,
  kTemperature,
  kAnalogIn,
  kAnalogOut,
  kDigitalIn,  ///< a word of lines, or one line
  kDigitalOut,
  kOther,
};
std::string_view channel_kind_name(ChannelKind kind) noexcept;

struct Channel {
  std::string name;         ///< as the acquisition program calls it: A-000, CH1
  std::string custom_name;  ///< the user's own
  ChannelKind kind = ChannelKind::kOther;
  std::string unit;    ///< uV, V, uA, degC, or empty
  double scale = 1.0;  ///< value = scale * (stored - offset)
  double offset = 0.0;
  int line = -1;  ///< digital: 0-based line of a one-line channel, -1 = a word, bit k = line k

  [[nodiscard]] float value(std::int32_t stored) const noexcept;
};

/// Frames that follow each other without a gap: frame first_frame + i has sample number first_sample + i.
struct Run {
  std::int64_t first_frame = 0;
  std::int64_t frames = 0;
  SampleIndex first_sample = 0;
};

/// A sample clock and which of its samples were recorded.
struct Timeline {
  double rate_hz = 0.0;
  std::vector<Run> runs;         ///< ascending frames; empty when only spikes or events were recorded
  SampleIndex first_sample = 0;  ///< time 0 of the recording on this clock

  [[nodiscard]] std::int64_t frames() const noexcept;
  [[nodiscard]] SampleIndex sample_of(std::int64_t frame) const noexcept;
  /// Seconds since the recording's begin.
  [[nodiscard]] double time_s(SampleIndex sample) const noexcept {
    return (static_cast<double>(sample) - static_cast<double>(first_sample)) / rate_hz;
  }
  /// Samples missing between the runs; a run that jumps back adds none.
  [[nodiscard]] std::int64_t missing() const noexcept;
  [[nodiscard]] bool jumps_back() const noexcept;
};

/// Channels of one rate. Its frame f is taken at frame f * divider of its timeline.
struct Stream {
  std::string name;
  std::size_t timeline = 0;
  std::int64_t divider = 1;
  double rate_hz = 0.0;
  std::int64_t frames = 0;
  std::vector<Channel> channels;
};

/// What the recording says about a group of spikes: an electrode of Open Ephys, a channel of RHX.
struct Electrode {
  std::string name;
  std::size_t timeline = 0;
  std::size_t waveform_channels = 0;
  std::size_t waveform_samples = 0;
};

struct RecordedSpike {
  SampleIndex sample = 0;
  std::uint64_t row = 0;  ///< of its file, for the waveform
  std::uint32_t electrode = 0;
  std::uint16_t id = 0;  ///< Open Ephys: sorted id; RHX: 1 = crossing, bit 0x80 = likely artefact
};

struct TtlEdge {
  SampleIndex sample = 0;
  std::uint16_t line = 0;  ///< 0-based
  bool rising = false;
};

/// Lines that share a timeline.
struct TtlSource {
  std::string name;
  std::size_t timeline = 0;
};

struct RecordingInfo {
  std::string path;
  std::string format;     ///< "Intan RHD, traditional", ...
  std::string version;    ///< of the format (Intan) or of the GUI (Open Ephys)
  bool from_rhx = false;  ///< spikes are threshold crossings of channels, bit 0x80 of their id a likely artefact
  std::vector<Timeline> timelines;
  std::vector<Stream> streams;
  std::vector<Electrode> electrodes;
  std::vector<TtlSource> ttl;
  std::vector<std::string> notes;     ///< the user's
  std::vector<std::string> warnings;  ///< what was left out, with allow_truncated
};

struct OpenSettings {
  /// Files cut off by a crash: take what is whole and say so in `warnings`. Otherwise they are errors.
  bool allow_truncated = false;
};

/// A recording on disk behind one face. Files are read in windows, never as a whole; one thread at a time.
class Recording {
 public:
  Recording() = default;
  virtual ~Recording() = default;
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  [[nodiscard]] const RecordingInfo& info() const noexcept { return info_; }

  /// Stored numbers of one channel: frames [first, first + out.size()), which must exist.
  void read_stored(std::size_t stream, std::size_t channel, std::int64_t first, std::span<std::int32_t> out);
  /// Values in the channels' units, channel-major: out[c * frames + f]. Throws RecordingError.
  void read(std::size_t stream, std::span<const std::size_t> channels, std::int64_t first, std::size_t frames,
            std::span<float> out);

  /// All spikes, ascending in time. Artefacts of RHX are among them.
  virtual std::vector<RecordedSpike> spikes() { return {}; }
  /// Waveform of a spike in microvolts, channel-major; empty when none was saved.
  virtual std::vector<float> waveform(const RecordedSpike&) { return {}; }
  /// All edges of one source of lines, ascending in time.
  virtual std::vector<TtlEdge> ttl_edges(std::size_t source) = 0;

 protected:
  virtual void read_channel(std::size_t stream, std::size_t channel, std::int64_t first,
                            std::span<std::int32_t> out) = 0;
  /// Frames that can be read channel after channel without reading the file again for each.
  [[nodiscard]] virtual std::int64_t window_frames(std::size_t stream) const = 0;
  /// Edges of digital words or single lines among the sampled channels.
  std::vector<TtlEdge> edges_of_channels(std::size_t stream, std::span<const std::size_t> channels);

  RecordingInfo info_;
};

/// Whether `path` looks like a recording that open_recording reads: .rhd, .rhs, .oebin, or a folder with one.
bool is_recording(const std::filesystem::path& path);

/// Opens any recording: an Intan file (.rhd, .rhs), a folder that RHX wrote (info.rhd with .dat files, or several
/// .rhd files that continue each other), an Open Ephys structure.oebin or a folder above exactly one. Reads headers
/// and all sample numbers. Throws RecordingError.
std::unique_ptr<Recording> open_recording(const std::filesystem::path& path, const OpenSettings& settings = {});

struct ChannelAddress {
  std::size_t stream = 0;
  std::size_t channel = 0;
};
/// A channel by its name, its own or the user's, or STREAM/NAME where several have it. Throws RecordingError that
/// lists what there is.
ChannelAddress find_channel(const RecordingInfo& info, std::string_view name);

}  // namespace vturn::recordings
