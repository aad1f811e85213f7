// Open Ephys Binary: structure.oebin, continuous.dat and .npy files (GUI 0.4 to 1.0).
#include "tools/recordings/open_ephys_recording.hpp"

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "tools/lib/atomic_file.hpp"
#include "tools/lib/interrupt.hpp"
#include "tools/recordings/flat_file.hpp"
#include "tools/recordings/npy.hpp"
#include "tools/recordings/oebin.hpp"
#include "tools/recordings/run_builder.hpp"
#include "tools/recordings/sync_messages.hpp"

namespace vturn::recordings {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLargestOebin = std::size_t{64} << 20;
constexpr std::size_t kLargestSyncMessages = std::size_t{1} << 20;
constexpr int kSearchDepth = 4;
constexpr std::size_t kMostSearched = 20'000;
constexpr std::int64_t kMostLines = 256;
constexpr double kUsualBitVolts = 0.195;

/// Recordings below a folder, in order.
std::vector<fs::path> oebins_in(const fs::path& folder) {
  std::vector<fs::path> found;
  std::size_t searched = 0;
  std::error_code failure;
  for (fs::recursive_directory_iterator it(folder, fs::directory_options::skip_permission_denied, failure), end;
       !failure && it != end && ++searched < kMostSearched; it.increment(failure)) {
    if (it.depth() >= kSearchDepth) it.disable_recursion_pending();
    if (it->path().filename() == "structure.oebin") found.push_back(it->path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

/// The first of the names that there is.
std::optional<fs::path> first_of(const fs::path& folder, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (fs::exists(folder / name)) return folder / name;
  }
  return std::nullopt;
}

class OpenEphysRecording : public Recording {
 public:
  OpenEphysRecording(const fs::path& file, const OpenSettings& settings)
      : folder_(file.parent_path()),
        settings_(settings),
        oebin_(parse_oebin(tools::read_file(file, kLargestOebin), file.string())) {
    info_.path = folder_.string();
    info_.format = "Open Ephys Binary";
    info_.version = oebin_.gui_version;
    if (const fs::path sync = folder_ / "sync_messages.txt"; fs::exists(sync)) {
      starts_ = parse_sync_messages(tools::read_file(sync, kLargestSyncMessages));
    }
    for (const Oebin::Continuous& stream : oebin_.continuous) add_continuous(stream);
    for (const Oebin::Events& events : oebin_.events) add_events(events);
    for (const Oebin::Spikes& spikes : oebin_.spikes) add_spikes(spikes);
  }

  std::vector<RecordedSpike> spikes() override {
    std::vector<RecordedSpike> all;
    for (const SpikeGroup& group : groups_) read_group(group, all);
    std::stable_sort(all.begin(), all.end(),
                     [](const RecordedSpike& a, const RecordedSpike& b) { return a.sample < b.sample; });
    return all;
  }

  std::vector<float> waveform(const RecordedSpike& spike) override {
    const auto after = std::upper_bound(groups_.begin(), groups_.end(), spike.electrode,
                                        [](std::uint32_t e, const SpikeGroup& g) { return e < g.first_electrode; });
    const SpikeGroup& group = *std::prev(after);
    if (!group.waveforms) return {};
    const auto stored = group.waveforms->row(static_cast<std::int64_t>(spike.row));
    const std::size_t samples = info_.electrodes[group.first_electrode].waveform_samples;
    std::vector<float> values(stored.size());
    for (std::size_t i = 0; i < stored.size(); ++i) {
      const std::size_t channel = samples > 0 ? i / samples : 0;
      const double scale = channel < group.bit_volts.size() ? group.bit_volts[channel] : default_bit_volts();
      values[i] = static_cast<float>(stored[i] * scale);
    }
    return values;
  }

  std::vector<TtlEdge> ttl_edges(std::size_t source) override {
    const Lines& lines = lines_.at(source);
    const auto samples = lines.samples->integers();
    std::vector<TtlEdge> edges;
    std::size_t i = 0;
    lines.states->each_integer([&](std::int64_t state, std::uint64_t offset) {
      const std::int64_t line = std::abs(state);
      if (line < 1 || line > kMostLines) {
        throw lines.states->source().error_at(offset, "state " + std::to_string(state) + " names no line");
      }
      edges.push_back({samples[i++], static_cast<std::uint16_t>(line - 1), state > 0});
    });
    std::stable_sort(edges.begin(), edges.end(),
                     [](const TtlEdge& a, const TtlEdge& b) { return a.sample < b.sample; });
    return edges;
  }

 protected:
  void read_channel(std::size_t stream, std::size_t channel, std::int64_t first, std::span<std::int32_t> out) override {
    data_[stream]->read(channel, first, out);
  }
  [[nodiscard]] std::int64_t window_frames(std::size_t stream) const override { return data_[stream]->window_frames(); }

 private:
  struct SpikeGroup {
    std::uint32_t first_electrode = 0;
    std::uint32_t electrodes = 0;
    std::vector<double> bit_volts;
    std::unique_ptr<NpyFile> samples, clusters, indices, waveforms;  ///< all but the first may be absent
  };
  struct Lines {
    std::unique_ptr<NpyFile> samples, states;
  };

  void complain(const RecordingError& error) {
    if (!settings_.allow_truncated) {
      throw RecordingError(std::string(error.what()) + " (--allow-truncated reads what is whole)");
    }
    info_.warnings.emplace_back(error.what());
  }

  std::unique_ptr<NpyFile> open_npy(const fs::path& path) {
    auto file = std::make_unique<NpyFile>(std::make_unique<ShutFile>(path), settings_.allow_truncated);
    if (!file->closed()) info_.warnings.push_back(path.string() + ": was not closed; its whole rows are taken");
    return file;
  }
  std::unique_ptr<NpyFile> open_optional(const fs::path& folder, std::initializer_list<const char*> names) {
    const auto path = first_of(folder, names);
    return path ? open_npy(*path) : nullptr;
  }
  /// Sample numbers: of their own from GUI 0.6 on, called times or timestamps before.
  std::unique_ptr<NpyFile> open_samples(const fs::path& folder) {
    auto file = open_optional(folder, {"sample_numbers.npy", "spike_times.npy", "timestamps.npy"});
    return file && file->kind() != 'f' ? std::move(file) : nullptr;
  }

  void add_continuous(const Oebin::Continuous& stream) {
    const fs::path folder = folder_ / "continuous" / stream.folder;
    const fs::path path = folder / "continuous.dat";
    if (!fs::exists(path)) {
      info_.warnings.push_back(path.string() + ": is not there; the stream was not recorded, or is missing");
      return;
    }
    if (stream.channels.empty()) {
      info_.warnings.push_back(path.string() + ": structure.oebin lists no channels of it; it is left out");
      return;
    }
    auto data = std::make_unique<FlatFile>(path, stream.channels.size(), true);
    if (!data->whole()) {
      complain(data->source().error_at(
          data->source().size(),
          "ends inside a frame of " + std::to_string(stream.channels.size()) + " channels: it is cut off or damaged"));
    }
    Timeline timeline;
    timeline.rate_hz = stream.rate_hz;
    timeline.runs = runs_of(folder, *data, stream);
    if (!timeline.runs.empty()) timeline.first_sample = timeline.runs.front().first_sample;
    Stream made;
    made.name = stream.folder;
    made.timeline = info_.timelines.size();
    made.rate_hz = stream.rate_hz;
    made.frames = timeline.frames();
    made.channels = stream.channels;
    timeline_names_.push_back({stream.folder, stream.stream_name});
    info_.timelines.push_back(std::move(timeline));
    info_.streams.push_back(std::move(made));
    data_.push_back(std::move(data));
  }

  std::vector<Run> runs_of(const fs::path& folder, const FlatFile& data, const Oebin::Continuous& stream) {
    const auto numbers = open_samples(folder);
    if (!numbers) {
      info_.warnings.push_back(folder.string() + ": has no sample numbers; gaps in it are not known");
      if (data.frames() == 0) return {};
      return {{0, data.frames(), start_of(stream.folder, stream.stream_name).value_or(0)}};
    }
    if (numbers->rows() != data.frames()) {
      const std::uint64_t frame_bytes =
          data.source().size() / std::max<std::uint64_t>(1, static_cast<std::uint64_t>(data.frames()));
      complain(data.source().error_at(
          std::min(data.source().size(), static_cast<std::uint64_t>(numbers->rows()) * frame_bytes),
          "has " + std::to_string(data.frames()) + " frames of " + std::to_string(stream.channels.size()) +
              " channels, " + numbers->source().name() + " numbers " + std::to_string(numbers->rows()) +
              ": one of them is cut off or damaged"));
    }
    RunBuilder runs(numbers->source());
    std::int64_t frame = 0;
    numbers->each_integer([&](std::int64_t sample, std::uint64_t offset) {
      if (frame % (1 << 20) == 0) tools::throw_if_interrupted();
      if (frame++ < data.frames()) runs.add(sample, offset);
    });
    return runs.finish();
  }

  [[nodiscard]] std::optional<SampleIndex> start_of(const std::string& folder, const std::string& stream) const {
    const auto matches = [&](const StreamStart& start) {
      return !start.stream.empty() ? start.stream == stream
                                   : folder.find("-" + start.processor_id + ".") != std::string::npos;
    };
    const auto found = std::find_if(starts_.begin(), starts_.end(), matches);
    return found == starts_.end() ? std::nullopt : std::optional(found->sample);
  }

  /// The clock that events and spikes of a folder count on: of the stream that shares their source, or whose name they
  /// give, or the only one of that rate; else a clock of their own.
  std::size_t timeline_for(const std::string& folder, const std::string& stream, double rate_hz) {
    const std::string source = folder.substr(0, folder.find('/'));
    std::optional<std::size_t> named, alike;
    std::size_t of_rate = 0;
    for (std::size_t i = 0; i < timeline_names_.size(); ++i) {
      if (info_.timelines[i].rate_hz != rate_hz) continue;
      if (timeline_names_[i].folder == source) return i;
      if (!stream.empty() && timeline_names_[i].stream == stream) named = i;
      alike = i;
      ++of_rate;
    }
    if (named) return *named;
    if (of_rate == 1) return *alike;
    Timeline timeline;
    timeline.rate_hz = rate_hz;
    timeline.first_sample = start_of(source, stream).value_or(0);
    info_.timelines.push_back(std::move(timeline));
    timeline_names_.push_back({source, stream});
    return info_.timelines.size() - 1;
  }

  void add_events(const Oebin::Events& events) {
    const fs::path folder = folder_ / "events" / events.folder;
    auto states = open_optional(folder, {"states.npy", "channel_states.npy"});
    if (!states) return;  // text, or a plugin's own
    auto samples = open_samples(folder);
    if (!samples) throw RecordingError(folder.string() + ": has states of lines but no sample numbers");
    require_same_rows(*samples, *states);
    info_.ttl.push_back({events.folder, timeline_for(events.folder, events.stream_name, events.rate_hz)});
    lines_.push_back({std::move(samples), std::move(states)});
  }

  void require_same_rows(const NpyFile& samples, const NpyFile& other) const {
    if (samples.rows() == other.rows()) return;
    throw other.source().error_at(
        other.source().size(), "has " + std::to_string(other.rows()) + " rows, " + samples.source().name() + " has " +
                                   std::to_string(samples.rows()) + ": one of them is cut off or damaged");
  }

  void add_spikes(const Oebin::Spikes& spikes) {
    const fs::path folder = folder_ / "spikes" / spikes.folder;
    SpikeGroup group;
    group.samples = open_samples(folder);
    if (!group.samples) {
      info_.warnings.push_back(folder.string() + ": has no sample numbers of spikes; it is left out");
      return;
    }
    group.clusters = open_optional(folder, {"clusters.npy", "spike_clusters.npy"});
    group.waveforms = open_optional(folder, {"waveforms.npy", "spike_waveforms.npy"});
    if (spikes.electrodes.size() > 1) {
      group.indices = open_optional(folder, {"electrode_indices.npy", "spike_electrode_indices.npy"});
      if (!group.indices) throw RecordingError(folder.string() + ": does not say which electrode a spike is from");
    }
    for (const NpyFile* file : {group.clusters.get(), group.waveforms.get(), group.indices.get()}) {
      if (file != nullptr) require_same_rows(*group.samples, *file);
    }
    group.bit_volts = spikes.bit_volts;
    group.first_electrode = static_cast<std::uint32_t>(info_.electrodes.size());
    group.electrodes = static_cast<std::uint32_t>(spikes.electrodes.size());
    add_electrodes(spikes, group);
    groups_.push_back(std::move(group));
  }

  void add_electrodes(const Oebin::Spikes& spikes, const SpikeGroup& group) {
    Electrode electrode;
    electrode.timeline = timeline_for(spikes.folder, spikes.stream_name, spikes.rate_hz);
    if (group.waveforms) {
      // With one channel the GUI leaves that axis out.
      const auto& shape = group.waveforms->row_shape();
      electrode.waveform_channels = shape.size() > 1 ? shape[0] : 1;
      electrode.waveform_samples = group.waveforms->row_numbers() / electrode.waveform_channels;
    }
    for (const std::string& name : spikes.electrodes) {
      electrode.name = name;
      info_.electrodes.push_back(electrode);
    }
  }

  void read_group(const SpikeGroup& group, std::vector<RecordedSpike>& all) const {
    const std::size_t begin = all.size();
    group.samples->each_integer([&](std::int64_t sample, std::uint64_t) {
      all.push_back({sample, all.size() - begin, group.first_electrode, 0});
    });
    std::size_t i = begin;
    if (group.clusters) {
      group.clusters->each_integer(
          [&](std::int64_t id, std::uint64_t) { all[i++].id = static_cast<std::uint16_t>(id); });
    }
    if (!group.indices) return;
    i = begin;
    group.indices->each_integer([&](std::int64_t number, std::uint64_t offset) {
      if (number < 1 || number > static_cast<std::int64_t>(group.electrodes)) {
        throw group.indices->source().error_at(
            offset, "electrode " + std::to_string(number) + " of " + std::to_string(group.electrodes) + ": damaged");
      }
      all[i++].electrode = group.first_electrode + static_cast<std::uint32_t>(number - 1);
    });
  }

  /// Before GUI 0.6 a spike's scale is that of the continuous data.
  [[nodiscard]] double default_bit_volts() const noexcept {
    const bool known = !oebin_.continuous.empty() && !oebin_.continuous[0].channels.empty();
    return known ? oebin_.continuous[0].channels[0].scale : kUsualBitVolts;
  }

  struct TimelineName {
    std::string folder, stream;
  };

  fs::path folder_;
  OpenSettings settings_;
  Oebin oebin_;
  std::vector<StreamStart> starts_;
  std::vector<TimelineName> timeline_names_;
  std::vector<std::unique_ptr<FlatFile>> data_;
  std::vector<Lines> lines_;
  std::vector<SpikeGroup> groups_;
};

}  // namespace

bool is_open_ephys_recording(const fs::path& path) {
  if (fs::is_directory(path)) return !oebins_in(path).empty();
  return path.extension() == ".oebin" && fs::is_regular_file(path);
}

std::unique_ptr<Recording> open_open_ephys(const fs::path& path, const OpenSettings& settings) {
  if (!fs::is_directory(path)) return std::make_unique<OpenEphysRecording>(path, settings);
  const auto found = oebins_in(path);
  if (found.size() == 1) return std::make_unique<OpenEphysRecording>(found[0], settings);
  std::string list;
  for (std::size_t i = 0; i < found.size() && i < 8; ++i) list += "\n  " + found[i].parent_path().string();
  throw RecordingError(path.string() + ": holds " + std::to_string(found.size()) +
                       " recordings; name one of them:" + list);
}

}  // namespace vturn::recordings
