#pragma once

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "daemon/ingest/rhx_reader.hpp"
#include "tests/unit/ingest/reader_run.hpp"

namespace vturn::test {

using ByteVector = std::vector<std::uint8_t>;

inline void append(ByteVector& bytes, std::uint64_t value, int size) {
  for (int i = 0; i < size; ++i) bytes.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}
inline void append(ByteVector& bytes, const ByteVector& more) { bytes.insert(bytes.end(), more.begin(), more.end()); }

/// A block as RHX writes it; `word(frame, column)` is what it holds.
template <class Word>
ByteVector rhx_block(std::uint32_t timestamp, std::size_t words, Word&& word) {
  ByteVector bytes;
  append(bytes, 0x2ef07a08, 4);
  for (std::size_t frame = 0; frame < 128; ++frame) {
    append(bytes, timestamp + frame, 4);
    for (std::size_t column = 0; column < words; ++column) append(bytes, word(frame, column), 2);
  }
  return bytes;
}
inline ByteVector rhx_block(std::uint32_t timestamp, std::size_t words = 0) {
  return rhx_block(timestamp, words, [](std::size_t, std::size_t) { return 32768U; });
}
inline ByteVector rhx_blocks(std::uint32_t timestamp, std::size_t count, std::size_t words = 0) {
  ByteVector bytes;
  for (std::size_t i = 0; i < count; ++i)
    append(bytes, rhx_block(timestamp + static_cast<std::uint32_t>(128 * i), words));
  return bytes;
}

inline ByteVector rhx_chunk(std::uint32_t timestamp, const std::string& name = "A-004", std::uint8_t id = 1) {
  ByteVector bytes;
  append(bytes, 0x3ae2710f, 4);
  for (const char letter : name) append(bytes, static_cast<std::uint8_t>(letter), 1);
  append(bytes, timestamp, 4);
  append(bytes, id, 1);
  return bytes;
}

inline std::vector<ingest::RhxChannel> rhx_channels(
    const std::vector<std::string>& names, ingest::RhxController controller = ingest::RhxController::kRecordUsb3) {
  std::vector<ingest::RhxChannel> channels;
  for (const std::string& name : names) {
    const auto channel = ingest::parse_rhx_channel(name, controller);
    if (!channel) FAIL(channel.error());
    channels.push_back(*channel);
  }
  return channels;
}
inline ingest::RhxColumns rhx_columns_of(const std::vector<std::string>& names,
                                         ingest::RhxController controller = ingest::RhxController::kRecordUsb3) {
  return ingest::rhx_columns(rhx_channels(names, controller));
}

/// 20 kHz, master, unit = channel of port A.
inline ingest::RhxReaderSettings rhx_settings(const std::vector<std::string>& enabled = {}, double rate_hz = 20000) {
  ingest::RhxReaderSettings settings;
  settings.sample_rate_hz = rate_hz;
  settings.units.pattern = "A-{}";
  settings.units.first = 0;
  settings.columns = rhx_columns_of(enabled);
  return settings;
}

/// A reader of both streams and all that it has given.
struct RhxRun {
  explicit RhxRun(ingest::RhxReaderSettings settings) : reader(std::move(settings)) {}

  void waveform(const ByteVector& bytes, MonoNs at = kNsPerS) { reader.waveform(bytes, at, sink); }
  void spikes(const ByteVector& bytes, MonoNs at = kNsPerS) { reader.spikes(bytes, at, sink); }
  /// Source changes that tell more than the time.
  [[nodiscard]] std::vector<InputEvent> changes() const {
    auto events = sink.of(InputKind::kSource);
    std::erase_if(events, [](const InputEvent& event) { return event.payload.source.change == SourceChange::kClock; });
    return events;
  }

  ingest::RhxReader reader;
  CollectingSink sink;
};

/// One receive of a recorded stream.
struct RhxRead {
  MonoNs at = 0;
  std::size_t begin = 0, end = 0;
};
struct RhxStream {
  CaptureBytes bytes;
  std::vector<RhxRead> reads;

  [[nodiscard]] ingest::Bytes part(const RhxRead& read) const {
    return ingest::Bytes(bytes).subspan(read.begin, read.end - read.begin);
  }
};

inline std::optional<CaptureBytes> load_rhx_file(const std::string& name) {
  auto file = shared_data("intan/" + name);
  if (!file) return std::nullopt;
  auto bytes = tools::read_file_or_zst(*file);
  if (!bytes) FAIL(bytes.error());
  return *std::move(bytes);
}

/// `suffix` is ".zst" where the capture is packed. Receives beyond the end of trimmed bytes are left out.
inline std::optional<RhxStream> load_rhx(const std::string& name, const std::string& suffix = "",
                                         const std::string& times_suffix = "") {
  auto bytes = load_rhx_file(name + ".raw" + suffix);
  const auto times = load_rhx_file(name + ".times.csv" + times_suffix);
  if (!bytes || !times) return std::nullopt;
  RhxStream stream{*std::move(bytes), {}};
  const std::string text(times->begin(), times->end());
  for (std::size_t line = text.find('\n') + 1; line < text.size(); line = text.find('\n', line) + 1) {
    char* next = nullptr;
    const MonoNs at = std::strtoll(&text[line], &next, 10);
    static_cast<void>(std::strtoll(next + 1, &next, 10));
    const std::size_t begin = std::strtoul(next + 1, &next, 10);
    const std::size_t end = std::min(begin + std::strtoul(next + 1, &next, 10), stream.bytes.size());
    if (begin < end) stream.reads.push_back({at, begin, end});
  }
  REQUIRE(stream.reads.back().end == stream.bytes.size());
  return stream;
}

/// Both streams as they were received, merged by time. `after(run)` follows each read of frames.
template <class After>
void play(RhxRun& run, const RhxStream& waveform, const RhxStream& spikes, After&& after) {
  std::size_t next_spikes = 0;
  const auto spikes_until = [&](MonoNs at) {
    for (; next_spikes < spikes.reads.size() && spikes.reads[next_spikes].at < at; ++next_spikes) {
      const RhxRead& read = spikes.reads[next_spikes];
      run.reader.spikes(spikes.part(read), read.at, run.sink);
    }
  };
  for (const RhxRead& read : waveform.reads) {
    spikes_until(read.at);
    run.reader.waveform(waveform.part(read), read.at, run.sink);
    after(run);
  }
  spikes_until(INT64_MAX);
}
inline void play(RhxRun& run, const RhxStream& waveform, const RhxStream& spikes = {}) {
  play(run, waveform, spikes, [](RhxRun&) {});
}

/// Where the blocks of a whole stream begin, told by the magic number alone.
inline std::vector<std::size_t> block_starts(const CaptureBytes& bytes) {
  const ByteVector magic = {0x08, 0x7a, 0xf0, 0x2e};
  std::vector<std::size_t> starts;
  for (auto at = bytes.begin();; ++at) {
    at = std::search(at, bytes.end(), magic.begin(), magic.end());
    if (at == bytes.end()) return starts;
    starts.push_back(static_cast<std::size_t>(at - bytes.begin()));
  }
}

/// The same in every field that an event of this kind uses, but for when and in which order the streams came.
inline bool same_data(const InputEvent& a, const InputEvent& b) {
  if (a.kind != b.kind || a.source_sample != b.source_sample) return false;
  switch (a.kind) {
    case InputKind::kSpike:
      return a.payload.spike.unit == b.payload.spike.unit && a.payload.spike.channel == b.payload.spike.channel;
    case InputKind::kTtl:
      return a.payload.ttl.line == b.payload.ttl.line && a.payload.ttl.state == b.payload.ttl.state &&
             a.payload.ttl.word == b.payload.ttl.word;
    case InputKind::kLfp:
      return a.payload.lfp.signal == b.payload.lfp.signal && a.payload.lfp.count == b.payload.lfp.count &&
             a.payload.lfp.rate_hz == b.payload.lfp.rate_hz && a.payload.lfp.samples == b.payload.lfp.samples;
    case InputKind::kSource:
      return a.payload.source.change == b.payload.source.change && a.payload.source.cause == b.payload.source.cause &&
             a.payload.source.count == b.payload.source.count && a.payload.source.epoch == b.payload.source.epoch;
    default:
      return false;
  }
}

}  // namespace vturn::test
