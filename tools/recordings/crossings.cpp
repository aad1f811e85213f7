#include "tools/recordings/crossings.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tools/lib/interrupt.hpp"

namespace vturn::recordings {
namespace {

constexpr std::size_t kPieceFrames = 16384;

/// Second-order Bessel: quality factor, and natural frequency of a low-pass whose power is halved at 1.
constexpr double kBesselQ = 0.57735026919;
constexpr double kBesselFrequency = 1.27201964951;

struct MappedChannel {
  std::size_t channel;
  UnitId unit;
  CrossingDetector detector;
};

/// Wideband channels of one stream that have a unit.
std::vector<MappedChannel> mapped_channels(const Stream& stream, ingest::ElectrodeTable& table,
                                           const CrossingSettings& settings) {
  std::vector<MappedChannel> mapped;
  for (std::size_t i = 0; i < stream.channels.size(); ++i) {
    if (stream.channels[i].kind != ChannelKind::kAmplifier) continue;
    const UnitId unit = table.find(stream.channels[i].name, 0).unit;
    if (unit != kNoUnit) mapped.push_back({i, unit, CrossingDetector(settings, stream.rate_hz)});
  }
  return mapped;
}

/// Goes through one stream, run by run.
class StreamSearch {
 public:
  StreamSearch(Recording& recording, std::size_t stream, std::vector<MappedChannel> channels)
      : recording_(recording), stream_(stream), channels_(std::move(channels)) {
    for (const MappedChannel& channel : channels_) numbers_.push_back(channel.channel);
    values_.resize(kPieceFrames * numbers_.size());
  }

  void search(std::vector<SpikeSample>& spikes, const std::function<void(double)>& progress) {
    for (const Run& run : clock().runs) {
      for (MappedChannel& channel : channels_) channel.detector.reset();
      for (std::int64_t done = 0; done < run.frames; done += static_cast<std::int64_t>(kPieceFrames)) {
        tools::throw_if_interrupted();
        const auto frames = static_cast<std::size_t>(
            std::min<std::int64_t>(static_cast<std::int64_t>(kPieceFrames), run.frames - done));
        recording_.read(stream_, numbers_, run.first_frame + done, frames, values_);
        for (std::size_t i = 0; i < channels_.size(); ++i) {
          search_piece(channels_[i], std::span(values_).subspan(i * frames, frames), run.first_sample + done, spikes);
        }
        progress(static_cast<double>(run.first_frame + done) / static_cast<double>(clock().frames()));
      }
    }
  }

 private:
  [[nodiscard]] const Timeline& clock() const {
    return recording_.info().timelines[recording_.info().streams[stream_].timeline];
  }

  void search_piece(MappedChannel& channel, std::span<const float> values, SampleIndex first,
                    std::vector<SpikeSample>& spikes) const {
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!channel.detector.push(static_cast<double>(values[i]))) continue;
      const double time_s = clock().time_s(first + static_cast<SampleIndex>(i));
      spikes.push_back({static_cast<SessionNs>(std::llround(time_s * 1e9)), channel.unit});
    }
  }

  Recording& recording_;
  std::size_t stream_;
  std::vector<MappedChannel> channels_;
  std::vector<std::size_t> numbers_;
  std::vector<float> values_;
};

}  // namespace

CrossingDetector::CrossingDetector(const CrossingSettings& settings, double rate_hz) noexcept
    : threshold_uv_(settings.threshold_uv), dead_samples_(settings.dead_samples), since_spike_(settings.dead_samples) {
  // Bilinear transform of s^2 / (s^2 + s w / Q + w^2); the high-pass is the low-pass mirrored at its cut-off.
  const double k = std::tan(std::numbers::pi * settings.high_pass_hz / kBesselFrequency / rate_hz);
  const double a0 = 1.0 + k / kBesselQ + k * k;
  gain_ = 1.0 / a0;
  a1_ = 2.0 * (k * k - 1.0) / a0;
  a2_ = (1.0 - k / kBesselQ + k * k) / a0;
}

void CrossingDetector::reset() noexcept {
  settled_ = false;
  since_spike_ = dead_samples_;
}

bool CrossingDetector::push(double microvolts) noexcept {
  if (!settled_) {
    // At a constant level the output is 0, so each state holds what the input alone leaves behind.
    s2_ = gain_ * microvolts;
    s1_ = -gain_ * microvolts;
    settled_ = true;
  }
  const double output = gain_ * microvolts + s1_;
  s1_ = -2.0 * gain_ * microvolts - a1_ * output + s2_;
  s2_ = gain_ * microvolts - a2_ * output;
  if (since_spike_ < dead_samples_) ++since_spike_;
  const bool beyond = threshold_uv_ < 0.0 ? output < threshold_uv_ : output > threshold_uv_;
  if (!beyond || since_spike_ < dead_samples_) return false;
  since_spike_ = 0;
  return true;
}

UnitSpikes detect_by_unit(Recording& recording, const ingest::UnitMapSettings& units, const CrossingSettings& settings,
                          const std::function<void(double)>& progress) {
  const RecordingInfo& info = recording.info();
  ingest::ElectrodeTable table(units);
  UnitSpikes result;
  bool any = false;
  for (std::size_t stream = 0; stream < info.streams.size(); ++stream) {
    auto channels = mapped_channels(info.streams[stream], table, settings);
    if (channels.empty() || info.streams[stream].divider != 1) continue;
    require_forward(info, info.streams[stream].timeline);
    any = true;
    StreamSearch(recording, stream, std::move(channels)).search(result.spikes, progress);
  }
  if (!any) {
    throw RecordingError(info.path +
                         ": no wideband channel has a unit: give --pattern and --first, or the rig file with "
                         "--config");
  }
  std::stable_sort(result.spikes.begin(), result.spikes.end(),
                   [](const SpikeSample& a, const SpikeSample& b) { return a.time_ns < b.time_ns; });
  return result;
}

}  // namespace vturn::recordings
