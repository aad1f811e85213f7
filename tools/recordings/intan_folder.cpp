// RHX's folders: info.rhd (a header without data), time.dat, and one file per signal type or per channel.
#include <algorithm>
#include <array>
#include <optional>

#include "tools/lib/interrupt.hpp"
#include "tools/recordings/flat_file.hpp"
#include "tools/recordings/intan_header.hpp"
#include "tools/recordings/intan_recording.hpp"
#include "tools/recordings/run_builder.hpp"
#include "tools/recordings/spike_file.hpp"

namespace vturn::recordings {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFullRate = 0;
constexpr std::size_t kTimestampBytes = 4;
/// RHX decimates its low band by a power of two up to this; supply voltages come once in so many samples.
constexpr std::int64_t kLargestDivider = 128;

struct SignalFiles {
  ChannelKind enabled;  ///< the header's channels that it holds
  ChannelKind kind;
  const char* type_file;     ///< one file per signal type
  const char* channel_file;  ///< one file per channel: what stands before the native name
  const char* name_prefix;
  bool is_signed;
};
constexpr std::array<SignalFiles, 9> kSignals = {{
    {ChannelKind::kAmplifier, ChannelKind::kAmplifier, "amplifier.dat", "amp-", "", true},
    {ChannelKind::kAmplifier, ChannelKind::kLowpass, "lowpass.dat", "low-", "low-", true},
    {ChannelKind::kAmplifier, ChannelKind::kHighpass, "highpass.dat", "high-", "high-", true},
    {ChannelKind::kAmplifier, ChannelKind::kDc, "dcamplifier.dat", "dc-", "dc-", false},
    {ChannelKind::kAmplifier, ChannelKind::kStim, "stim.dat", "stim-", "stim-", false},
    {ChannelKind::kAuxiliary, ChannelKind::kAuxiliary, "auxiliary.dat", "aux-", "", false},
    {ChannelKind::kSupply, ChannelKind::kSupply, "supply.dat", "vdd-", "", false},
    {ChannelKind::kAnalogIn, ChannelKind::kAnalogIn, "analogin.dat", "board-", "", false},
    {ChannelKind::kAnalogOut, ChannelKind::kAnalogOut, "analogout.dat", "board-", "", false},
}};
struct DigitalFiles {
  ChannelKind kind;
  const char* type_file;
  const char* word_name;
};
constexpr std::array<DigitalFiles, 2> kDigital = {{
    {ChannelKind::kDigitalIn, "digitalin.dat", "DIGITAL-IN"},
    {ChannelKind::kDigitalOut, "digitalout.dat", "DIGITAL-OUT"},
}};

class IntanFolder : public Recording {
 public:
  IntanFolder(const fs::path& info, const OpenSettings& settings)
      : folder_(info.parent_path()), settings_(settings), header_(read_intan_header(FileSource(info))) {
    info_.path = folder_.string();
    info_.version = std::to_string(header_.major) + "." + std::to_string(header_.minor);
    for (const std::string& note : header_.notes) {
      if (!note.empty()) info_.notes.push_back(note);
    }
    add_stream("data", 1);
    scan_times();
    for (const SignalFiles& signal : kSignals) add_signal(signal);
    for (const DigitalFiles& digital : kDigital) add_digital(digital);
    add_spikes();
    finish();
  }

  std::vector<RecordedSpike> spikes() override {
    const Timeline& timeline = info_.timelines[0];
    // RHX looks for spikes a little behind what it writes, so the first may come before the recording's begin.
    const auto margin = static_cast<SampleIndex>(timeline.rate_hz);
    const bool bounded = !timeline.runs.empty() && !timeline.jumps_back() && !settings_.allow_truncated;
    const SampleIndex earliest = bounded ? timeline.first_sample - margin : INT64_MIN;
    const SampleIndex latest = bounded ? timeline.sample_of(timeline.frames()) + margin : INT64_MAX;
    std::vector<RecordedSpike> all;
    std::uint32_t first = 0;
    for (const SpikeFile& file : spike_files_) {
      file.read(first, all, earliest, latest);
      first += static_cast<std::uint32_t>(file.channels().size());
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const RecordedSpike& a, const RecordedSpike& b) { return a.sample < b.sample; });
    return all;
  }

  std::vector<float> waveform(const RecordedSpike& spike) override {
    std::uint32_t first = 0;
    for (const SpikeFile& file : spike_files_) {
      first += static_cast<std::uint32_t>(file.channels().size());
      if (spike.electrode < first) return file.snapshot(spike.row);
    }
    return {};
  }

  std::vector<TtlEdge> ttl_edges(std::size_t source) override {
    return edges_of_channels(kFullRate, ttl_channels_.at(source));
  }

 protected:
  void read_channel(std::size_t stream, std::size_t channel, std::int64_t first, std::span<std::int32_t> out) override {
    const auto& [file, column] = places_[stream][channel];
    files_[file]->read(column, first, out);
  }

  [[nodiscard]] std::int64_t window_frames(std::size_t stream) const override {
    std::int64_t frames = 4096;
    for (const auto& place : places_[stream]) frames = std::min(frames, files_[place.file]->window_frames());
    return frames;
  }

 private:
  struct Place {
    std::size_t file;
    std::size_t column;
  };

  std::size_t add_stream(const std::string& name, std::int64_t divider) {
    Stream stream;
    stream.name = name;
    stream.divider = divider;
    stream.rate_hz = header_.rate_hz / static_cast<double>(divider);
    info_.streams.push_back(std::move(stream));
    places_.emplace_back();
    return info_.streams.size() - 1;
  }

  void complain(const RecordingError& error) {
    if (!settings_.allow_truncated)
      throw RecordingError(std::string(error.what()) + " (--allow-truncated reads what is whole)");
    info_.warnings.emplace_back(error.what());
  }

  void scan_times() {
    const fs::path path = folder_ / "time.dat";
    if (!fs::exists(path)) {
      throw RecordingError(folder_.string() + ": has info" + (header_.stim ? ".rhs" : ".rhd") +
                           " but no time.dat: part of the recording is missing");
    }
    const FileSource file(path);
    frames_ = static_cast<std::int64_t>(file.size() / kTimestampBytes);
    if (file.size() % kTimestampBytes != 0) {
      complain(file.error_at(file.size() - file.size() % kTimestampBytes, "ends inside a timestamp: it is cut off"));
    }
    Window window(file);
    RunBuilder runs(file);
    std::optional<SampleIndex> last;
    for (std::int64_t i = 0; i < frames_; ++i) {
      if (i % (1 << 20) == 0) tools::throw_if_interrupted();
      const std::uint64_t offset = static_cast<std::uint64_t>(i) * kTimestampBytes;
      const auto stored = little<std::uint32_t>(window.at(offset, kTimestampBytes).data());
      // 32 bits wrap after 20 hours at 30 kHz.
      last = last ? *last + static_cast<std::int32_t>(stored - static_cast<std::uint32_t>(*last))
                  : SampleIndex{static_cast<std::int32_t>(stored)};
      runs.add(*last, offset);
    }
    Timeline timeline;
    timeline.rate_hz = header_.rate_hz;
    timeline.runs = runs.finish();
    if (!timeline.runs.empty()) timeline.first_sample = timeline.runs.front().first_sample;
    info_.timelines.push_back(std::move(timeline));
  }

  /// The divider that makes a file of `frames` frames fit to time.dat best.
  [[nodiscard]] std::int64_t divider_of(std::int64_t frames) const noexcept {
    std::int64_t divider = 1;
    while (divider < kLargestDivider && frames > 0 && frames * divider * 3 < frames_ * 2) divider *= 2;
    return divider;
  }

  void check_length(const FlatFile& file, std::int64_t divider) {
    const std::int64_t wanted = frames_ / divider;
    if (file.frames() == wanted && file.whole()) return;
    const auto expected = static_cast<std::uint64_t>(wanted) * file.channels() * sizeof(std::uint16_t);
    complain(file.source().error_at(std::min(file.source().size(), expected),
                                    "has " + std::to_string(file.source().size()) + " bytes, " +
                                        std::to_string(expected) + " are needed for the " + std::to_string(frames_) +
                                        " samples of time.dat and " + std::to_string(file.channels()) +
                                        " channels: it is cut off, or the folder's files do not belong together"));
    whole_frames_ = std::min(whole_frames_, file.frames() * divider);
  }

  void add_file(const fs::path& path, std::vector<Channel> channels, bool is_signed, bool may_be_slow) {
    auto file = std::make_unique<FlatFile>(path, channels.size(), is_signed);
    const std::int64_t divider = may_be_slow ? divider_of(file->frames()) : 1;
    check_length(*file, divider);
    const std::size_t stream = divider == 1 ? kFullRate : stream_of(channel_kind_name(channels[0].kind), divider);
    for (std::size_t i = 0; i < channels.size(); ++i) {
      info_.streams[stream].channels.push_back(std::move(channels[i]));
      places_[stream].push_back({files_.size(), i});
    }
    files_.push_back(std::move(file));
  }

  std::size_t stream_of(std::string_view name, std::int64_t divider) {
    const auto& streams = info_.streams;
    const auto found = std::find_if(streams.begin(), streams.end(), [&](const Stream& stream) {
      return stream.name == name && stream.divider == divider;
    });
    return found != streams.end() ? static_cast<std::size_t>(found - streams.begin())
                                  : add_stream(std::string(name), divider);
  }

  void add_signal(const SignalFiles& signal) {
    const auto enabled = header_.enabled(signal.enabled);
    if (enabled.empty()) return;
    const bool slow = signal.kind == ChannelKind::kLowpass || signal.kind == ChannelKind::kAuxiliary ||
                      signal.kind == ChannelKind::kSupply;
    std::vector<Channel> channels;
    for (const IntanChannel* channel : enabled) {
      channels.push_back(intan_channel(header_, *channel, signal.kind, true));
      channels.back().name = signal.name_prefix + channel->native_name;
      if (signal.kind != signal.enabled) channels.back().custom_name.clear();
    }
    if (const fs::path path = folder_ / signal.type_file; fs::exists(path)) {
      per_type_ = true;
      if (signal.kind == ChannelKind::kAmplifier) add_merged_auxiliary(path, channels);
      if (signal.kind == ChannelKind::kStim) fit_stim(path, channels);
      add_file(path, std::move(channels), signal.is_signed, slow);
      return;
    }
    add_channel_files(signal, std::move(channels), enabled, slow);
  }

  void add_channel_files(const SignalFiles& signal, std::vector<Channel> channels,
                         const std::vector<const IntanChannel*>& enabled, bool slow) {
    std::vector<fs::path> paths;
    paths.reserve(enabled.size());
    for (const IntanChannel* channel : enabled) {
      paths.push_back(folder_ / (signal.channel_file + channel->native_name + ".dat"));
    }
    const auto there = std::count_if(paths.begin(), paths.end(), [](const fs::path& path) { return fs::exists(path); });
    if (there == 0) return;
    per_channel_ = true;
    for (std::size_t i = 0; i < paths.size(); ++i) {
      if (fs::exists(paths[i])) {
        add_file(paths[i], {channels[i]}, signal.is_signed, slow);
      } else if (signal.kind != ChannelKind::kStim) {  // stimulation is saved of channels that may stimulate
        complain(RecordingError(paths[i].string() + ": is missing, other channels of its kind are there"));
      }
    }
  }

  /// RHX can append the auxiliary inputs to amplifier.dat, as signed numbers.
  void add_merged_auxiliary(const fs::path& path, std::vector<Channel>& channels) const {
    const auto auxiliary = header_.enabled(ChannelKind::kAuxiliary);
    const auto frame_bytes = sizeof(std::uint16_t) * (channels.size() + auxiliary.size());
    if (auxiliary.empty() || fs::exists(folder_ / "auxiliary.dat") || frames_ == 0 ||
        fs::file_size(path) != static_cast<std::uint64_t>(frames_) * frame_bytes) {
      return;
    }
    for (const IntanChannel* channel : auxiliary) {
      channels.push_back(intan_channel(header_, *channel, ChannelKind::kAuxiliary, true));
      channels.back().offset = -32768.0;
    }
  }

  /// stim.dat may hold only the channels that can stimulate; which ones, the header does not say.
  void fit_stim(const fs::path& path, std::vector<Channel>& channels) const {
    const auto column_bytes = sizeof(std::uint16_t) * static_cast<std::uint64_t>(frames_);
    if (frames_ == 0 || fs::file_size(path) % column_bytes != 0) return;
    const std::uint64_t columns = fs::file_size(path) / column_bytes;
    if (columns == 0 || columns >= channels.size()) return;
    channels.resize(columns);
    for (std::size_t i = 0; i < columns; ++i) channels[i].name = "stim-" + std::to_string(i + 1);
  }

  void add_digital(const DigitalFiles& digital) {
    const auto enabled = header_.enabled(digital.kind);
    if (enabled.empty()) return;
    const std::size_t first = info_.streams[kFullRate].channels.size();
    if (const fs::path path = folder_ / digital.type_file; fs::exists(path)) {
      per_type_ = true;
      add_file(path, {Channel{digital.word_name, "", digital.kind, "", 1.0, 0.0, -1}}, false, false);
    } else {
      for (const IntanChannel* channel : enabled) add_line(*channel, digital.kind);
    }
    std::vector<std::size_t> added;
    for (std::size_t i = first; i < info_.streams[kFullRate].channels.size(); ++i) added.push_back(i);
    if (added.empty()) return;
    info_.ttl.push_back({digital.word_name, 0});
    ttl_channels_.push_back(std::move(added));
  }

  void add_line(const IntanChannel& channel, ChannelKind kind) {
    const fs::path path = folder_ / ("board-" + channel.native_name + ".dat");
    if (!fs::exists(path)) return;
    per_channel_ = true;
    Channel line = intan_channel(header_, channel, kind, true);
    line.line = std::clamp<int>(channel.native_order, 0, 15);
    add_file(path, {std::move(line)}, false, false);
  }

  void add_spikes() {
    if (const fs::path path = folder_ / "spike.dat"; fs::exists(path)) {
      add_spike_file(path);
      return;
    }
    for (const IntanChannel* channel : header_.enabled(ChannelKind::kAmplifier)) {
      if (const fs::path path = folder_ / ("spike-" + channel->native_name + ".dat"); fs::exists(path)) {
        per_channel_ = true;
        add_spike_file(path);
      }
    }
  }

  void add_spike_file(const fs::path& path) {
    SpikeFile file(std::make_unique<ShutFile>(path), settings_.allow_truncated);
    if (file.truncated()) {
      info_.warnings.emplace_back(file.source().error_at(file.end_of_records(), "ends inside a record").what());
    }
    for (const std::string& name : file.channels()) {
      info_.electrodes.push_back({name, 0, file.snapshot_samples() > 0 ? std::size_t{1} : 0, file.snapshot_samples()});
    }
    spike_files_.push_back(std::move(file));
  }

  void finish() {
    info_.from_rhx = true;
    info_.format = std::string("Intan ") + (header_.stim ? "RHS" : "RHD") +
                   (per_type_      ? ", one file per signal type"
                    : per_channel_ ? ", one file per channel"
                                   : ", spikes only");
    Timeline& timeline = info_.timelines[0];
    const std::int64_t frames = std::min(frames_, whole_frames_);
    while (!timeline.runs.empty() && timeline.runs.back().first_frame >= frames) timeline.runs.pop_back();
    if (!timeline.runs.empty()) {
      Run& last = timeline.runs.back();
      last.frames = std::min(last.frames, frames - last.first_frame);
    }
    for (Stream& stream : info_.streams) stream.frames = frames / stream.divider;
  }

  fs::path folder_;
  OpenSettings settings_;
  IntanHeader header_;
  std::int64_t frames_ = 0;                ///< in time.dat
  std::int64_t whole_frames_ = INT64_MAX;  ///< in the shortest of the other files
  std::vector<std::unique_ptr<FlatFile>> files_;
  std::vector<std::vector<Place>> places_;
  std::vector<std::vector<std::size_t>> ttl_channels_;
  std::vector<SpikeFile> spike_files_;
  bool per_type_ = false, per_channel_ = false;
};

}  // namespace

std::unique_ptr<Recording> open_intan_folder(const fs::path& info, const OpenSettings& settings) {
  return std::make_unique<IntanFolder>(info, settings);
}

}  // namespace vturn::recordings
