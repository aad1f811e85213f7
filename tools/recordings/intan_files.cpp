// Intan's traditional format: a header, then blocks that hold every signal for 60 or 128 samples.
#include <algorithm>
#include <optional>

#include "tools/lib/interrupt.hpp"
#include "tools/recordings/intan_header.hpp"
#include "tools/recordings/intan_recording.hpp"
#include "tools/recordings/run_builder.hpp"

namespace vturn::recordings {
namespace {

constexpr std::size_t kSampleBytes = 2;
constexpr std::size_t kTimestampBytes = 4;
constexpr std::int64_t kAuxiliaryDivider = 4;
constexpr std::size_t kFullRate = 0;

/// Where a channel's samples lie in a block.
struct Column {
  std::size_t offset = 0;
  bool is_signed = false;
};

/// Streams, their channels and their places in a block. Stream order: full rate, then auxiliary inputs, then what
/// comes once a block.
class BlockLayout {
 public:
  explicit BlockLayout(const IntanHeader& header) : header_(header), samples_(header.samples_per_block()) {
    bytes_ = static_cast<std::size_t>(samples_) * kTimestampBytes;
    add_stream("data", 1);
    add_each(ChannelKind::kAmplifier, ChannelKind::kAmplifier, "", kFullRate);
    if (header.stim) {
      if (header.dc_saved) add_each(ChannelKind::kAmplifier, ChannelKind::kDc, "dc-", kFullRate);
      add_each(ChannelKind::kAmplifier, ChannelKind::kStim, "stim-", kFullRate);
    } else {
      add_slow();
    }
    add_each(ChannelKind::kAnalogIn, ChannelKind::kAnalogIn, "", kFullRate);
    add_each(ChannelKind::kAnalogOut, ChannelKind::kAnalogOut, "", kFullRate);
    add_word(ChannelKind::kDigitalIn, "DIGITAL-IN");
    add_word(ChannelKind::kDigitalOut, "DIGITAL-OUT");
  }

  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::int64_t samples() const noexcept { return samples_; }
  [[nodiscard]] const Column& column(std::size_t stream, std::size_t channel) const {
    return columns_[stream][channel];
  }
  std::vector<Stream> take_streams() { return std::move(streams_); }

 private:
  std::size_t add_stream(const char* name, std::int64_t divider) {
    Stream stream;
    stream.name = name;
    stream.divider = divider;
    stream.rate_hz = header_.rate_hz / static_cast<double>(divider);
    streams_.push_back(std::move(stream));
    columns_.emplace_back();
    return streams_.size() - 1;
  }

  void add_slow() {
    if (!header_.enabled(ChannelKind::kAuxiliary).empty()) {
      add_each(ChannelKind::kAuxiliary, ChannelKind::kAuxiliary, "", add_stream("auxiliary", kAuxiliaryDivider));
    }
    if (header_.enabled(ChannelKind::kSupply).empty() && header_.temperature_sensors == 0) return;
    const std::size_t slow = add_stream("slow", samples_);
    add_each(ChannelKind::kSupply, ChannelKind::kSupply, "", slow);
    constexpr double kDegreesAStep = 0.01;
    for (int i = 1; i <= header_.temperature_sensors; ++i) {
      add(slow, {"TEMPERATURE-" + std::to_string(i), "", ChannelKind::kTemperature, "degC", kDegreesAStep, 0.0, -1},
          true);
    }
  }

  void add_each(ChannelKind enabled, ChannelKind kind, const char* prefix, std::size_t stream) {
    for (const IntanChannel* channel : header_.enabled(enabled)) {
      Channel made = intan_channel(header_, *channel, kind, false);
      made.name = prefix + made.name;
      if (kind != enabled) made.custom_name.clear();
      add(stream, std::move(made), false);
    }
  }

  void add_word(ChannelKind kind, const char* name) {
    if (!header_.enabled(kind).empty()) add(kFullRate, {name, "", kind, "", 1.0, 0.0, -1}, false);
  }

  void add(std::size_t stream, Channel channel, bool is_signed) {
    streams_[stream].channels.push_back(std::move(channel));
    columns_[stream].push_back({bytes_, is_signed});
    bytes_ += kSampleBytes * static_cast<std::size_t>(samples_ / streams_[stream].divider);
  }

  const IntanHeader& header_;
  std::int64_t samples_;
  std::size_t bytes_ = 0;
  std::vector<Stream> streams_;
  std::vector<std::vector<Column>> columns_;
};

struct Part {
  std::unique_ptr<ByteSource> file;
  std::uint64_t data_begin = 0;
  std::int64_t first_block = 0;
  std::int64_t blocks = 0;
};

bool same_signals(const IntanHeader& a, const IntanHeader& b) {
  const auto same = [](const IntanChannel& x, const IntanChannel& y) {
    return x.native_name == y.native_name && x.kind == y.kind && x.enabled == y.enabled;
  };
  return a.stim == b.stim && a.rate_hz == b.rate_hz && a.dc_saved == b.dc_saved &&
         a.samples_per_block() == b.samples_per_block() && a.temperature_sensors == b.temperature_sensors &&
         std::equal(a.channels.begin(), a.channels.end(), b.channels.begin(), b.channels.end(), same);
}

class IntanFiles : public Recording {
 public:
  IntanFiles(std::vector<std::unique_ptr<ByteSource>> files, const OpenSettings& settings)
      : header_(read_intan_header(*files.at(0))), layout_(header_) {
    info_.path = files[0]->name();
    for (auto& file : files) add_part(std::move(file), settings);
    describe();
    scan_timestamps();
  }

  std::vector<TtlEdge> ttl_edges(std::size_t source) override {
    const auto& channels = info_.streams[kFullRate].channels;
    const auto word = std::find_if(channels.begin(), channels.end(),
                                   [&](const Channel& c) { return c.name == info_.ttl.at(source).name; });
    const auto index = static_cast<std::size_t>(word - channels.begin());
    return edges_of_channels(kFullRate, {&index, 1});
  }

 protected:
  void read_channel(std::size_t stream, std::size_t channel, std::int64_t first, std::span<std::int32_t> out) override {
    const Column column = layout_.column(stream, channel);
    const std::int64_t a_block = layout_.samples() / info_.streams[stream].divider;
    while (!out.empty()) {
      const std::int64_t within = first % a_block;
      const auto count =
          static_cast<std::size_t>(std::min<std::int64_t>(a_block - within, static_cast<std::int64_t>(out.size())));
      const std::uint8_t* at =
          block(first / a_block).data() + column.offset + kSampleBytes * static_cast<std::size_t>(within);
      for (std::size_t i = 0; i < count; ++i, at += kSampleBytes) {
        out[i] = column.is_signed ? little<std::int16_t>(at) : little<std::uint16_t>(at);
      }
      out = out.subspan(count);
      first += static_cast<std::int64_t>(count);
    }
  }

  [[nodiscard]] std::int64_t window_frames(std::size_t stream) const override {
    const auto blocks = std::max<std::int64_t>(1, static_cast<std::int64_t>(Window::kBytes / layout_.bytes()) - 1);
    return blocks * (layout_.samples() / info_.streams[stream].divider);
  }

 private:
  void add_part(std::unique_ptr<ByteSource> file, const OpenSettings& settings) {
    const IntanHeader header = parts_.empty() ? header_ : read_intan_header(*file);
    if (!same_signals(header, header_)) {
      throw RecordingError(file->name() + ": has other signals than " + info_.path +
                           ": they are no one recording; give one file at a time");
    }
    const std::uint64_t bytes = file->size() - header.bytes;
    const std::uint64_t blocks = bytes / layout_.bytes(), rest = bytes % layout_.bytes();
    if (rest != 0) {
      const std::uint64_t begin = header.bytes + blocks * layout_.bytes();
      const std::string what = "data block " + std::to_string(blocks) + " has " + std::to_string(rest) + " of its " +
                               std::to_string(layout_.bytes()) + " bytes: the file is cut off or damaged";
      if (!settings.allow_truncated) throw file->error_at(begin, what + " (--allow-truncated reads what is whole)");
      info_.warnings.push_back(file->error_at(begin, what).what());
    }
    parts_.push_back({std::move(file), header.bytes, blocks_, static_cast<std::int64_t>(blocks)});
    blocks_ += static_cast<std::int64_t>(blocks);
  }

  void describe() {
    info_.from_rhx = true;
    info_.format = std::string("Intan ") + (header_.stim ? "RHS" : "RHD") + ", traditional";
    info_.version = std::to_string(header_.major) + "." + std::to_string(header_.minor);
    info_.streams = layout_.take_streams();
    for (Stream& stream : info_.streams) stream.frames = blocks_ * (layout_.samples() / stream.divider);
    for (const std::string& note : header_.notes) {
      if (!note.empty()) info_.notes.push_back(note);
    }
    for (const Channel& channel : info_.streams[kFullRate].channels) {
      if (channel.kind == ChannelKind::kDigitalIn || channel.kind == ChannelKind::kDigitalOut) {
        info_.ttl.push_back({channel.name, 0});
      }
    }
  }

  /// Timestamps of all blocks. They are 32 bits and wrap after 20 or 40 hours at 30 kHz.
  void scan_timestamps() {
    RunBuilder runs(*parts_[0].file);
    std::optional<SampleIndex> last;
    for (const Part& part : parts_) {
      runs.source(*part.file);
      for (std::int64_t i = 0; i < part.blocks; ++i) {
        if (i % 4096 == 0) tools::throw_if_interrupted();
        scan_block(part, i, runs, last);
      }
    }
    Timeline timeline;
    timeline.rate_hz = header_.rate_hz;
    timeline.runs = runs.finish();
    if (!timeline.runs.empty()) timeline.first_sample = timeline.runs.front().first_sample;
    info_.timelines.push_back(std::move(timeline));
  }

  void scan_block(const Part& part, std::int64_t index, RunBuilder& runs, std::optional<SampleIndex>& last) {
    const auto samples = static_cast<std::size_t>(layout_.samples());
    timestamps_.resize(samples * kTimestampBytes);
    const std::uint64_t begin = part.data_begin + static_cast<std::uint64_t>(index) * layout_.bytes();
    part.file->read(begin, timestamps_);
    for (std::size_t i = 0; i < samples; ++i) {
      const auto stored = little<std::uint32_t>(timestamps_.data() + i * kTimestampBytes);
      const std::uint64_t offset = begin + i * kTimestampBytes;
      const SampleIndex sample = last ? *last + static_cast<std::int32_t>(stored - static_cast<std::uint32_t>(*last))
                                      : first_timestamp(stored);
      if (i > 0 && sample != *last + 1) {
        throw part.file->error_at(offset, "timestamp " + std::to_string(sample) + " follows " + std::to_string(*last) +
                                              " inside a data block: the file is damaged");
      }
      if (i == 0 && index == 0 && last && sample <= *last) {
        throw part.file->error_at(offset, "begins at sample " + std::to_string(sample) + ", before the end of " +
                                              "the file before it: another recording; give one file at a time");
      }
      runs.add(sample, offset);
      last = sample;
    }
  }

  [[nodiscard]] SampleIndex first_timestamp(std::uint32_t stored) const noexcept {
    return header_.unsigned_timestamps() ? SampleIndex{stored} : SampleIndex{static_cast<std::int32_t>(stored)};
  }

  std::span<const std::uint8_t> block(std::int64_t index) {
    if (current_ == nullptr || index < current_->first_block || index >= current_->first_block + current_->blocks) {
      const auto after = std::upper_bound(parts_.begin(), parts_.end(), index,
                                          [](std::int64_t i, const Part& part) { return i < part.first_block; });
      current_ = &*std::prev(after);
      window_.emplace(*current_->file);
    }
    const auto within = static_cast<std::uint64_t>(index - current_->first_block);
    return window_->at(current_->data_begin + within * layout_.bytes(), layout_.bytes());
  }

  IntanHeader header_;
  BlockLayout layout_;
  std::vector<Part> parts_;
  std::int64_t blocks_ = 0;
  const Part* current_ = nullptr;
  std::optional<Window> window_;
  std::vector<std::uint8_t> timestamps_;
};

}  // namespace

std::unique_ptr<Recording> open_intan_files(std::vector<std::unique_ptr<ByteSource>> files,
                                            const OpenSettings& settings) {
  return std::make_unique<IntanFiles>(std::move(files), settings);
}

}  // namespace vturn::recordings
