#include "tools/recordings/feature_reader.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "daemon/ingest/decimator.hpp"
#include "daemon/sleep/features.hpp"
#include "tools/lib/interrupt.hpp"

namespace vturn::recordings {
namespace {

constexpr std::int64_t kBlockSamples = 128;  ///< of RHX's stream
constexpr double kPieceS = 1.0;
constexpr double kLongestS = 100 * 86400.0;
/// Signals of several streams may not drift apart by more than the extractor waits for.
constexpr SessionNs kSliceNs = 100 * kNsPerMs;

/// One signal on its way to the extractor.
class Signal {
 public:
  Signal(std::size_t channel, std::uint16_t number, double clock_hz, std::int64_t divider, bool once_a_block,
         double rate_hz)
      : channel_(channel), decimator_(clock_hz / static_cast<double>(divider), rate_hz), once_a_block_(once_a_block) {
    const double own_hz = once_a_block ? clock_hz / static_cast<double>(kBlockSamples) : decimator_.output_rate_hz();
    block_ = {number, 0, static_cast<float>(own_hz), {}};
  }

  [[nodiscard]] std::size_t channel() const noexcept { return channel_; }

  /// `frame` counts at the stream's rate, `sample` and `clock_frame` at the clock's.
  void push(SampleIndex sample, std::int64_t divider, std::int64_t clock_frame, float value, SessionNs time_ns,
            FeatureExtractor& extractor) {
    float output = value;
    if (once_a_block_ ? clock_frame % kBlockSamples != 0 : !decimator_.push(sample / divider, value, output)) return;
    if (block_.count == 0) {
      first_ns_ = time_ns;
      first_ = sample / divider;
    }
    block_.samples[block_.count++] = output;
    if (block_.count == kMaxLfpSamples) flush(extractor);
  }
  void flush(FeatureExtractor& extractor) {
    if (block_.count > 0) extractor.push(block_, first_ns_, first_);
    block_.count = 0;
  }
  void gap() noexcept {
    block_.count = 0;
    decimator_.reset();
  }

 private:
  std::size_t channel_;
  ingest::Decimator decimator_;
  bool once_a_block_;
  LfpInput block_{};
  SessionNs first_ns_ = 0;
  SampleIndex first_ = 0;
};

/// The signals of one stream, read a piece at a time.
class StreamSignals {
 public:
  StreamSignals(Recording& recording, std::size_t stream) : recording_(recording), stream_(stream) {
    const Timeline& timeline = clock();
    if (timeline.jumps_back()) {
      throw RecordingError(recording.info().path +
                           ": sample numbers jump back in it: two recordings were joined; use one");
    }
    piece_frames_ = std::max<std::int64_t>(kBlockSamples, std::llround(info().rate_hz * kPieceS));
  }

  [[nodiscard]] std::size_t stream() const noexcept { return stream_; }
  [[nodiscard]] bool done() const noexcept { return next_ >= info().frames; }
  void add(std::size_t channel, std::uint16_t number, double rate_hz) {
    const bool once_a_block = recording_.info().from_rhx && info().channels[channel].kind == ChannelKind::kAuxiliary;
    signals_.emplace_back(channel, number, clock().rate_hz, info().divider, once_a_block, rate_hz);
    channels_.push_back(channel);
  }

  /// Pushes what was sampled before `end_ns`.
  void push_until(SessionNs end_ns, FeatureExtractor& extractor) {
    for (; !done(); ++next_) {
      const std::int64_t clock_frame = next_ * info().divider;
      enter_run(clock_frame, extractor);
      const Run& run = clock().runs[run_];
      const SampleIndex sample = run.first_sample + (clock_frame - run.first_frame);
      const auto time_ns = static_cast<SessionNs>(std::llround(clock().time_s(sample) * 1e9));
      if (time_ns >= end_ns) break;
      load();
      const auto at = static_cast<std::size_t>(next_ - piece_begin_);
      for (std::size_t i = 0; i < signals_.size(); ++i) {
        signals_[i].push(sample, info().divider, clock_frame, piece_[i * piece_size_ + at], time_ns, extractor);
      }
    }
    for (Signal& signal : signals_) signal.flush(extractor);
  }

 private:
  [[nodiscard]] const Stream& info() const noexcept { return recording_.info().streams[stream_]; }
  [[nodiscard]] const Timeline& clock() const noexcept { return recording_.info().timelines[info().timeline]; }

  void enter_run(std::int64_t clock_frame, FeatureExtractor& extractor) {
    const auto& runs = clock().runs;
    if (run_ + 1 >= runs.size() || clock_frame < runs[run_ + 1].first_frame) return;
    while (run_ + 1 < runs.size() && clock_frame >= runs[run_ + 1].first_frame) ++run_;
    for (Signal& signal : signals_) {
      signal.flush(extractor);
      signal.gap();
    }
    extractor.gap();
  }

  void load() {
    if (piece_size_ > 0 && next_ < piece_begin_ + static_cast<std::int64_t>(piece_size_)) return;
    tools::throw_if_interrupted();
    piece_begin_ = next_;
    piece_size_ = static_cast<std::size_t>(std::min(piece_frames_, info().frames - next_));
    piece_.resize(piece_size_ * channels_.size());
    recording_.read(stream_, channels_, piece_begin_, piece_size_, piece_);
  }

  Recording& recording_;
  std::size_t stream_;
  std::int64_t piece_frames_ = 0;
  std::vector<Signal> signals_;
  std::vector<std::size_t> channels_;
  std::vector<float> piece_;
  std::int64_t piece_begin_ = 0;
  std::size_t piece_size_ = 0;
  std::int64_t next_ = 0;
  std::size_t run_ = 0;
};

/// Which distinct channels there are, and which of them means what.
class SignalList {
 public:
  explicit SignalList(Recording& recording) : recording_(recording) {}

  /// kNoSignal for an empty name. `rate_hz`: what a channel that is not known yet is decimated to.
  int number_of(const std::string& name, double rate_hz = ingest::kDecimatedRateHz) {
    if (name.empty()) return kNoSignal;
    const ChannelAddress address = find_channel(recording_.info(), name);
    for (std::size_t i = 0; i < known_.size(); ++i) {
      if (known_[i].stream == address.stream && known_[i].channel == address.channel) return static_cast<int>(i);
    }
    known_.push_back(address);
    const auto stream = std::find_if(streams_.begin(), streams_.end(),
                                     [&](const StreamSignals& s) { return s.stream() == address.stream; });
    StreamSignals& found = stream != streams_.end() ? *stream : streams_.emplace_back(recording_, address.stream);
    found.add(address.channel, static_cast<std::uint16_t>(known_.size() - 1), rate_hz);
    return static_cast<int>(known_.size() - 1);
  }
  std::vector<StreamSignals>& streams() noexcept { return streams_; }

 private:
  Recording& recording_;
  std::vector<ChannelAddress> known_;
  std::vector<StreamSignals> streams_;
};

SessionNs end_of(const Recording& recording) {
  double end_s = 0.0;
  for (const Stream& stream : recording.info().streams) {
    const Timeline& timeline = recording.info().timelines[stream.timeline];
    if (!timeline.runs.empty()) end_s = std::max(end_s, timeline.time_s(timeline.sample_of(timeline.frames() - 1)));
  }
  if (end_s > kLongestS) {
    throw RecordingError(recording.info().path + ": its sample numbers span over a hundred days: they are damaged");
  }
  return static_cast<SessionNs>(end_s * 1e9);
}

}  // namespace

std::vector<LabelledEpoch> read_features(Recording& recording, const FeatureChannels& channels,
                                         const std::function<void(double)>& progress) {
  SignalList signals(recording);
  FeatureSettings settings;
  if (channels.emg_lfp.size() == 1 || channels.emg_lfp.size() > settings.emg_lfp.size())
    throw RecordingError("EMG from LFP: two to six channels");
  for (std::size_t i = 0; i < channels.emg_lfp.size(); ++i)
    settings.emg_lfp[i] = signals.number_of(channels.emg_lfp[i], ingest::kWideRateHz);
  settings.theta = signals.number_of(channels.theta);
  settings.slow = signals.number_of(channels.slow);
  settings.emg = signals.number_of(channels.emg);
  if (settings.theta == kNoSignal && settings.slow == kNoSignal) {
    throw RecordingError(recording.info().path + ": name a channel for theta or for slow waves");
  }
  if (channels.motion.size() > settings.motion.size()) throw RecordingError("motion: three axes at most");
  for (std::size_t i = 0; i < channels.motion.size(); ++i) {
    settings.motion[i] = signals.number_of(channels.motion[i]);
  }
  FeatureExtractor extractor;
  extractor.prepare(settings);
  std::vector<LabelledEpoch> epochs;
  const auto collect = [&] {
    for (FeatureFrame frame; extractor.next(frame);) {
      if (frame.time_ns % kNsPerS == 0 && frame.valid != 0) {
        epochs.push_back({seconds(frame.time_ns - kNsPerS), frame, SleepState::kUnknown});
      }
    }
  };
  const SessionNs end_ns = end_of(recording);
  for (SessionNs slice = kSliceNs; slice < end_ns + 2 * kSliceNs; slice += kSliceNs) {
    for (StreamSignals& stream : signals.streams()) stream.push_until(slice, extractor);
    collect();
    progress(std::min(1.0, static_cast<double>(slice) / static_cast<double>(std::max<SessionNs>(1, end_ns))));
  }
  return epochs;
}

}  // namespace vturn::recordings
