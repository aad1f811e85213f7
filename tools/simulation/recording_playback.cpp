#include "tools/simulation/recording_playback.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstring>
#include <thread>

#include "tools/lib/interrupt.hpp"
#include "tools/simulation/open_ephys_wire.hpp"

namespace vturn::simulation {
namespace {

using recordings::RecordingError;

constexpr int kNoHighWater = 0;
constexpr double kBlockS = 0.010;
constexpr int kSourceNode = 100, kDetectorNode = 102;
constexpr std::uint16_t kArtefactBit = 0x80;

std::int64_t unix_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

}  // namespace

RecordingPlayback::RecordingPlayback(std::unique_ptr<recordings::Recording> recording,
                                     const RecordingPlaybackSettings& settings)
    : recording_(std::move(recording)), publisher_(context_, settings.address, kNoHighWater) {
  publisher_.linger(std::chrono::milliseconds(static_cast<std::int64_t>(settings.linger_s * 1e3)));
  choose_stream(settings);
  choose_channels(settings);
  if (clock().jumps_back()) {
    throw RecordingError(recording_->info().path +
                         ": sample numbers jump back in it: two recordings were joined; play one");
  }
  load_events();
  make_runs();
}

void RecordingPlayback::choose_stream(const RecordingPlaybackSettings& settings) {
  const auto& info = recording_->info();
  for (std::size_t i = 0; i < info.streams.size() && !stream_; ++i) {
    if (settings.stream.empty() || info.streams[i].name == settings.stream) stream_ = i;
  }
  if (!stream_ && !settings.stream.empty()) {
    std::string names;
    for (const auto& stream : info.streams) names += (names.empty() ? "" : ", ") + stream.name;
    throw RecordingError(info.path + ": no stream '" + settings.stream + "'; there are: " + names);
  }
  if (stream_) {
    timeline_ = info.streams[*stream_].timeline;
    stream_name_ = info.streams[*stream_].name;
    if (info.streams[*stream_].divider != 1) {
      throw RecordingError(info.path + ": stream '" + stream_name_ + "' is slower than the clock of its spikes: play " +
                           info.streams[0].name);
    }
  } else if (!info.electrodes.empty()) {
    timeline_ = info.electrodes[0].timeline;
    stream_name_ = "spikes";
  } else {
    throw RecordingError(info.path + ": holds nothing that could be played");
  }
}

void RecordingPlayback::choose_channels(const RecordingPlaybackSettings& settings) {
  if (!stream_ || settings.no_channels) return;
  const auto& all = recording_->info().streams[*stream_].channels;
  for (std::size_t i = 0; i < all.size() && settings.channels.empty(); ++i) channels_.push_back(i);
  for (const std::string& name : settings.channels) {
    const auto address = recordings::find_channel(recording_->info(), name);
    if (address.stream != *stream_) {
      throw RecordingError(recording_->info().path + ": channel '" + name + "' is of stream '" +
                           recording_->info().streams[address.stream].name + "', one stream is played at a time");
    }
    channels_.push_back(address.channel);
  }
}

void RecordingPlayback::load_events() {
  const auto& info = recording_->info();
  spikes_ = recording_->spikes();
  std::erase_if(spikes_, [&](const recordings::RecordedSpike& spike) {
    return info.electrodes[spike.electrode].timeline != timeline_ || (info.from_rhx && (spike.id & kArtefactBit) != 0);
  });
  for (std::size_t source = 0; source < info.ttl.size(); ++source) {
    if (info.ttl[source].timeline != timeline_) continue;
    const auto edges = recording_->ttl_edges(source);
    edges_.insert(edges_.end(), edges.begin(), edges.end());
  }
  std::stable_sort(edges_.begin(), edges_.end(), [](const auto& a, const auto& b) { return a.sample < b.sample; });
}

void RecordingPlayback::make_runs() {
  runs_ = clock().runs;
  if (runs_.empty()) {
    SampleIndex end = clock().first_sample;
    if (!spikes_.empty()) end = std::max(end, spikes_.back().sample + 1);
    if (!edges_.empty()) end = std::max(end, edges_.back().sample + 1);
    runs_.push_back({0, end - clock().first_sample, clock().first_sample});
  }
  block_frames_ = std::max<std::int64_t>(1, std::llround(clock().rate_hz * kBlockS));
  for (const recordings::Run& run : runs_) {
    blocks_ += static_cast<std::uint64_t>((run.frames + block_frames_ - 1) / block_frames_);
  }
}

void RecordingPlayback::serve_until(Clock::time_point end) {
  publisher_.subscribers();
  std::this_thread::sleep_until(end);
}

double RecordingPlayback::duration_s() const { return clock().time_s(runs_.back().first_sample + runs_.back().frames); }

std::optional<RecordingPlayback::Block> RecordingPlayback::block() const {
  if (run_ == runs_.size() || runs_[run_].frames == 0) return std::nullopt;
  const recordings::Run& run = runs_[run_];
  return Block{run.first_frame + in_run_, std::min(block_frames_, run.frames - in_run_), run.first_sample + in_run_};
}

std::optional<double> RecordingPlayback::next_s() const {
  const auto next = block();
  return next ? std::optional(clock().time_s(next->first_sample + next->frames)) : std::nullopt;
}

bool RecordingPlayback::send_next() {
  const auto next = block();
  if (!next) return false;
  const SampleIndex end = next->first_sample + next->frames;
  if (!send_edges(end) || !send_spikes(end) || !send_data(*next)) return false;
  in_run_ += next->frames;
  if (in_run_ == runs_[run_].frames) {
    ++run_;
    in_run_ = 0;
  }
  return true;
}

bool RecordingPlayback::send(std::string_view envelope, const std::string& header,
                             std::span<const std::uint8_t> payload) {
  const std::array<std::span<const std::uint8_t>, 3> parts{bytes_of(envelope), bytes_of(header), payload};
  return publisher_.send(parts, tools::interrupted);
}

bool RecordingPlayback::send_edges(SampleIndex end) {
  for (; edge_ < edges_.size() && edges_[edge_].sample < end; ++edge_) {
    const recordings::TtlEdge& edge = edges_[edge_];
    if (edge.line > 255) continue;
    if (edge.line < 64) {
      const std::uint64_t bit = std::uint64_t{1} << edge.line;
      lines_word_ = edge.rising ? lines_word_ | bit : lines_word_ & ~bit;
    }
    std::array<std::uint8_t, 10> payload{static_cast<std::uint8_t>(edge.line),
                                         static_cast<std::uint8_t>(edge.rising ? 1 : 0)};
    std::memcpy(payload.data() + 2, &lines_word_, sizeof lines_word_);
    const TtlHeader header{++message_num_, stream_name_, kSourceNode, edge.sample, unix_ms()};
    if (!send(kEventEnvelope, format_header(header), payload)) return false;
    ++edges_sent_;
  }
  return true;
}

bool RecordingPlayback::send_spikes(SampleIndex end) {
  const auto first = spikes_.begin() + static_cast<std::ptrdiff_t>(spike_);
  const auto last = std::find_if(first, spikes_.end(), [&](const auto& spike) { return spike.sample >= end; });
  std::stable_sort(first, last, [](const auto& a, const auto& b) { return a.electrode < b.electrode; });
  for (auto it = first; it != last; ++it, ++spike_) {
    if (!send_spike(*it)) return false;
  }
  return true;
}

bool RecordingPlayback::send_spike(const recordings::RecordedSpike& spike) {
  const auto& info = recording_->info();
  const recordings::Electrode& electrode = info.electrodes[spike.electrode];
  auto waveform = recording_->waveform(spike);
  if (waveform.empty()) waveform.push_back(0.0F);
  const std::size_t channels = std::max<std::size_t>(1, electrode.waveform_channels);
  const std::vector<double> thresholds(channels, 0.0);
  const SpikeHeader header{++message_num_,
                           stream_name_,
                           kDetectorNode,
                           electrode.name,
                           spike.sample,
                           waveform.size() / channels,
                           info.from_rhx ? 0 : int{spike.id},
                           thresholds,
                           unix_ms()};
  if (!send(kEventEnvelope, format_header(header), bytes_of(waveform))) return false;
  ++spikes_sent_;
  return true;
}

bool RecordingPlayback::send_data(const Block& next) {
  if (channels_.empty()) return true;
  const auto frames = static_cast<std::size_t>(next.frames);
  samples_.resize(frames * channels_.size());
  recording_->read(*stream_, channels_, next.first_frame, frames, samples_);
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    const auto& channel = recording_->info().streams[*stream_].channels[channels_[i]];
    const DataHeader header{++message_num_, stream_name_,      static_cast<int>(i), channel.name,
                            frames,         next.first_sample, clock().rate_hz,     unix_ms()};
    if (!send(kDataEnvelope, format_header(header), bytes_of(std::span(samples_).subspan(i * frames, frames)))) {
      return false;
    }
  }
  return true;
}

void RecordingPlayback::report(tools::Json& summary) const {
  summary["recording"] = recording_->info().path;
  summary["stream"] = stream_name_;
  summary["channels"] = channels_.size();
  summary["spikes"] = spikes_sent_;
  summary["ttl_edges"] = edges_sent_;
}

}  // namespace vturn::simulation
