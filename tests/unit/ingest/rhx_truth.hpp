#pragma once

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/ingest/reference_filter.hpp"
#include "tests/unit/ingest/rhx_streams.hpp"

namespace vturn::test {

/// A whole undamaged waveform stream, taken apart by its magic numbers alone.
class PlainFrames {
 public:
  explicit PlainFrames(const CaptureBytes& bytes) : bytes_(bytes), starts_(block_starts(bytes)) {
    starts_.push_back(bytes.size());
  }

  [[nodiscard]] std::size_t blocks() const { return starts_.size() - 1; }
  [[nodiscard]] std::size_t block_bytes(std::size_t block) const { return starts_[block + 1] - starts_[block]; }
  /// Of any frame, counted through the blocks.
  [[nodiscard]] std::uint32_t timestamp(std::size_t frame) const {
    const std::size_t at = place(frame);
    return value(at) | value(at + 1) << 8 | value(at + 2) << 16 | value(at + 3) << 24;
  }
  [[nodiscard]] std::uint16_t word(std::size_t frame, std::size_t column) const {
    const std::size_t at = place(frame) + 4 + 2 * column;
    return static_cast<std::uint16_t>(value(at) | value(at + 1) << 8);
  }
  [[nodiscard]] std::size_t frames() const { return 128 * blocks(); }

 private:
  [[nodiscard]] std::uint32_t value(std::size_t at) const { return bytes_[at]; }
  [[nodiscard]] std::size_t place(std::size_t frame) const {
    const std::size_t block = frame / 128;
    return starts_[block] + 4 + frame % 128 * ((block_bytes(block) - 4) / 128);
  }

  const CaptureBytes& bytes_;
  std::vector<std::size_t> starts_;
};

struct PlainSpike {
  std::string channel;
  std::uint32_t timestamp;
  int id;
  [[nodiscard]] UnitId unit() const {
    return channel[0] == 'A' ? static_cast<UnitId>(std::stoi(channel.substr(2))) : kNoUnit;
  }
};

/// A whole undamaged spike stream.
inline std::vector<PlainSpike> plain_spikes(const CaptureBytes& bytes) {
  REQUIRE(bytes.size() % 14 == 0);
  std::vector<PlainSpike> spikes;
  for (std::size_t at = 0; at < bytes.size(); at += 14) {
    REQUIRE((bytes[at] == 0x0f && bytes[at + 1] == 0x71 && bytes[at + 2] == 0xe2 && bytes[at + 3] == 0x3a));
    const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(bytes[at + 9 + i]) << (8 * i); };
    spikes.push_back(
        {std::string(&bytes[at + 4], &bytes[at + 9]), byte(0) | byte(1) | byte(2) | byte(3), bytes[at + 13]});
  }
  return spikes;
}

inline SessionNs time_of(SampleIndex sample, double rate_hz) {
  return std::llround(static_cast<double>(sample) * 1e9 / rate_hz);
}

/// Spike events that are not, one by one, the chunks of the stream with their sample, unit and time.
inline std::size_t wrong_spikes(const RhxRun& run, const std::vector<PlainSpike>& truth) {
  const auto events = run.sink.of(InputKind::kSpike);
  REQUIRE(events.size() == truth.size());
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const bool right = events[i].source_sample == truth[i].timestamp &&
                       events[i].payload.spike.unit == truth[i].unit() &&
                       events[i].session_time_ns == time_of(truth[i].timestamp, run.reader.sample_rate_hz());
    if (!right) ++wrong;
  }
  return wrong;
}

/// Every sample of a signal's LfpInput events with its time.
inline std::vector<std::pair<SessionNs, float>> samples_of(const RhxRun& run, std::uint16_t signal) {
  std::vector<std::pair<SessionNs, float>> samples;
  for (const InputEvent& event : run.sink.of(InputKind::kLfp)) {
    const LfpInput& block = event.payload.lfp;
    if (block.signal != signal) continue;
    for (std::size_t i = 0; i < block.count; ++i) {
      const double elapsed_ns = static_cast<double>(i) * 1e9 / static_cast<double>(block.rate_hz);
      samples.emplace_back(event.session_time_ns + std::llround(elapsed_ns), block.samples[i]);
    }
  }
  return samples;
}

/// Largest difference between a signal and the column `column` of the stream, scaled as the protocol says and
/// decimated by the reference filter.
inline double worst_difference(const RhxRun& run, std::uint16_t signal, const PlainFrames& frames, std::size_t column,
                               double gain, double zero) {
  const double rate_hz = run.reader.sample_rate_hz();
  const auto factor = static_cast<std::size_t>(std::lround(rate_hz / 1000.0));
  ReferenceLowPass filter(rate_hz, 375);
  const auto samples = samples_of(run, signal);
  std::size_t at = 0;
  double worst = 0;
  for (std::size_t frame = 0; frame < frames.frames(); ++frame) {
    const double value = gain * (frames.word(frame, column) - zero);
    if (frame == 0) filter.settle(value);
    const double filtered = filter.push(value);
    const std::uint32_t timestamp = frames.timestamp(frame);
    if (timestamp % factor != 0) continue;
    REQUIRE(at < samples.size());
    if (std::llabs(samples[at].first - time_of(timestamp, rate_hz)) > 1) return INFINITY;
    worst = std::max(worst, std::fabs(static_cast<double>(samples[at++].second) - filtered));
  }
  CHECK(at == samples.size());
  return worst;
}

/// Changes of a column's bits from frame to frame, as (sample, line, state).
struct PlainEdge {
  SampleIndex sample;
  unsigned line, state;
  bool operator==(const PlainEdge&) const = default;
};
inline std::vector<PlainEdge> plain_edges(const PlainFrames& frames, std::size_t column) {
  std::vector<PlainEdge> edges;
  for (std::size_t frame = 1; frame < frames.frames(); ++frame) {
    const unsigned before = frames.word(frame - 1, column), now = frames.word(frame, column);
    for (unsigned line = 0; line < 16; ++line) {
      const unsigned state = now >> line & 1U;
      if (state != (before >> line & 1U)) edges.push_back({frames.timestamp(frame), line, state});
    }
  }
  return edges;
}
inline std::vector<PlainEdge> ttl_edges(const RhxRun& run) {
  std::vector<PlainEdge> edges;
  for (const InputEvent& event : run.sink.of(InputKind::kTtl)) {
    edges.push_back({event.source_sample, event.payload.ttl.line, event.payload.ttl.state});
  }
  return edges;
}

}  // namespace vturn::test
