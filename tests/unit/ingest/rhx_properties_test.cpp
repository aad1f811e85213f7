// Whatever pieces the streams of RHX come in, and in whichever order the two sockets are read, the events are the same;
// what is damaged is lost alone, and counted.
#include <catch2/catch.hpp>
#include <random>

#include "tests/unit/ingest/rhx_truth.hpp"

using namespace vturn;
using namespace vturn::ingest;
using namespace vturn::test;

namespace {

using Random = std::mt19937_64;

std::size_t below(Random& random, std::size_t bound) { return random() % bound; }

bool same_event(const InputEvent& a, const InputEvent& b) {
  return same_data(a, b) && a.session_time_ns == b.session_time_ns && a.arrival_mono_ns == b.arrival_mono_ns &&
         a.source == b.source && a.flags == b.flags;
}

bool same_counters(const RhxReader& a, const RhxReader& b) {
  const auto numbers = [](const RhxReader& reader) {
    const RhxCounters& c = reader.counters();
    const RhxWaveformCounters& w = reader.waveform_counters();
    const RhxSpikeCounters& s = reader.spike_counters();
    return std::vector<std::uint64_t>{c.blocks_without_rate,
                                      c.blocks_without_columns,
                                      c.column_changes,
                                      c.missing_samples,
                                      c.spike_artefacts,
                                      c.spikes_unplaced,
                                      c.spikes_unmapped,
                                      c.spikes,
                                      c.spikes_waited,
                                      c.ttl_edges,
                                      c.lfp_blocks,
                                      c.epochs,
                                      c.gaps,
                                      w.bytes,
                                      w.block_bytes,
                                      w.bytes_skipped,
                                      w.blocks,
                                      w.resyncs,
                                      w.width_changes,
                                      s.bytes,
                                      s.bytes_skipped,
                                      s.spikes,
                                      s.resyncs};
  };
  return numbers(a) == numbers(b);
}

bool same_run(const RhxRun& a, const RhxRun& b) {
  return std::equal(a.sink.events.begin(), a.sink.events.end(), b.sink.events.begin(), b.sink.events.end(),
                    same_event) &&
         a.sink.own_ns == b.sink.own_ns && same_counters(a.reader, b.reader);
}

void check_accounts(const RhxReader& reader) {
  const RhxWaveformCounters& frames = reader.waveform_counters();
  const std::uint64_t frames_held = frames.bytes - frames.block_bytes - frames.bytes_skipped;
  CHECK(frames_held <= 2 * rhx_block_bytes(kRhxMaxWords));
  const RhxSpikeCounters& chunks = reader.spike_counters();
  CHECK(chunks.bytes - chunks.spikes * kRhxSpikeBytes - chunks.bytes_skipped < kRhxSpikeBytes);
  const RhxCounters& counters = reader.counters();
  CHECK(chunks.spikes ==
        counters.spike_artefacts + counters.spikes_unplaced + counters.spikes + reader.spikes_waiting());
}

RhxReaderSettings two_columns() {
  RhxReaderSettings settings = rhx_settings({"A-000", "DIGITAL-IN-01"});
  settings.signals = {{0, "A-000", -1}};
  return settings;
}

/// A noisy signal and a digital word that counts.
ByteVector busy_block(std::uint32_t timestamp) {
  return rhx_block(timestamp, 2, [&](std::size_t frame, std::size_t column) {
    const std::size_t at = timestamp + frame;
    return column == 0 ? 32768 + at * 2654435761U % 900 : at / 50;
  });
}
ByteVector busy_chunks(std::uint32_t timestamp) {
  ByteVector bytes = rhx_chunk(timestamp + 10, "A-003");
  append(bytes, rhx_chunk(timestamp + 100, "A-005", 0x80));
  append(bytes, rhx_chunk(timestamp + 110, "B-001"));
  return bytes;
}

/// A start, a gap, and another run: timestamps of the blocks.
const std::vector<std::uint32_t> kStarts = {1500, 1628, 1756, 2000, 0, 128};

struct Pieces {
  std::size_t waveform, spikes;  ///< first piece of each block and of its chunks; then the rest
};
RhxRun run_in_pieces(const Pieces& pieces) {
  RhxRun run(two_columns());
  const auto feed = [&](const ByteVector& bytes, std::size_t cut, auto&& read) {
    read(ByteVector(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(cut)));
    read(ByteVector(bytes.begin() + static_cast<std::ptrdiff_t>(cut), bytes.end()));
  };
  MonoNs at = kNsPerS;
  for (const std::uint32_t start : kStarts) {
    at += 6'400'000;
    feed(busy_block(start), pieces.waveform, [&](const ByteVector& bytes) { run.waveform(bytes, at); });
    feed(busy_chunks(start), pieces.spikes, [&](const ByteVector& bytes) { run.spikes(bytes, at); });
  }
  return run;
}

}  // namespace

TEST_CASE("RHX streams cut at every byte of a block and of a chunk give the same events and counts, bit for bit") {
  const RhxRun whole = run_in_pieces({0, 0});
  CHECK(whole.reader.counters().spikes == 2 * kStarts.size());
  CHECK(whole.reader.counters().spike_artefacts == kStarts.size());
  CHECK(whole.reader.counters().gaps == 1);
  CHECK(whole.reader.epoch() == 1);
  CHECK(whole.reader.counters().ttl_edges > 20);
  CHECK(whole.reader.counters().lfp_blocks >= kStarts.size());
  std::size_t different = 0;
  const std::size_t block = rhx_block_bytes(2), chunks = 3 * kRhxSpikeBytes;
  for (std::size_t cut = 0; cut <= block; ++cut) {
    if (!same_run(run_in_pieces({cut, cut % (chunks + 1)}), whole)) ++different;
  }
  CHECK(different == 0);
}

TEST_CASE("RHX streams read byte by byte, or all at once, give the same events and counts") {
  const RhxRun whole = run_in_pieces({0, 0});
  RhxRun single(two_columns());
  MonoNs at = kNsPerS;
  for (const std::uint32_t start : kStarts) {
    at += 6'400'000;
    for (const std::uint8_t byte : busy_block(start)) single.waveform({byte}, at);
    for (const std::uint8_t byte : busy_chunks(start)) single.spikes({byte}, at);
  }
  CHECK(same_run(single, whole));
}

TEST_CASE("RHX capture in random pieces gives the same events and counts") {
  auto frames = load_rhx("pb_b1/waveform"), chunks = load_rhx("pb_b1/spike");
  if (!frames || !chunks) return;
  RhxReaderSettings settings = rhx_settings({"A-000", "A-000|HIGH", "A-001", "A-AUX1", "A-AUX2", "DIGITAL-IN-01"});
  settings.signals = {{0, "A-AUX1", -1}, {1, "A-001", -1}};
  const auto spikes_of_second = [&](std::size_t second) { return 20 * second; };  // about 20 a second
  const auto run_with = [&](auto&& size) {
    RhxRun run(settings);
    for (std::size_t second = 0; second < 6; ++second) {
      const auto read = [&](const CaptureBytes& bytes, std::size_t begin, std::size_t end, auto&& take) {
        for (end = std::min(end, bytes.size()); begin < end;) {
          const std::size_t count = std::min(size(), end - begin);
          take(Bytes(bytes).subspan(begin, count));
          begin += count;
        }
      };
      const auto at = static_cast<MonoNs>(second + 1) * kNsPerS;
      read(frames->bytes, second * 160 * 2052, (second + 1) * 160 * 2052,
           [&](Bytes bytes) { run.reader.waveform(bytes, at, run.sink); });
      read(chunks->bytes, 14 * spikes_of_second(second), 14 * spikes_of_second(second + 1),
           [&](Bytes bytes) { run.reader.spikes(bytes, at, run.sink); });
    }
    return run;
  };
  const RhxRun whole = run_with([] { return std::size_t{1} << 30; });
  CHECK(whole.reader.waveform_counters().blocks == 831);
  CHECK(whole.reader.counters().spikes == 102);
  for (const std::uint64_t seed : {1U, 2U, 3U, 4U, 5U, 6U}) {
    Random random(seed);
    const std::size_t bound = std::size_t{1} << (3 * seed);
    CHECK(same_run(run_with([&] { return 1 + below(random, bound); }), whole));
  }
}

namespace {

/// Blocks of A-000 and DIGITAL-IN with some bytes flipped, cut out or put in, and what an undamaged reader gives.
struct Damage {
  explicit Damage(std::uint64_t seed) : random(seed) {
    for (std::uint32_t i = 0; i < kBlocks; ++i) append(bytes, busy_block(128 * i));
    const std::size_t block_bytes = rhx_block_bytes(2);
    const std::size_t at = block_bytes + below(random, 10 * block_bytes);
    const auto place = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    const std::size_t count = 1 + below(random, 700);
    switch (seed % 3) {
      case 0:
        *place = static_cast<std::uint8_t>(*place ^ (1 + below(random, 255)));
        break;
      case 1:
        bytes.erase(place, place + static_cast<std::ptrdiff_t>(count));
        break;
      default:
        bytes.insert(place, count, static_cast<std::uint8_t>(random()));
    }
  }
  static constexpr std::uint32_t kBlocks = 30;
  Random random;
  ByteVector bytes;
};

}  // namespace

TEST_CASE("RHX waveform damaged anywhere: at most the blocks that it touches are lost, as a gap of their samples") {
  RhxRun whole(two_columns());
  for (std::uint32_t i = 0; i < Damage::kBlocks; ++i) whole.waveform(busy_block(128 * i));
  std::size_t lost_blocks = 0;
  for (std::uint64_t seed = 0; seed < 900; ++seed) {
    INFO("seed " << seed);
    Damage damage(seed);
    RhxRun run(two_columns());
    for (std::size_t at = 0, count = 0; at < damage.bytes.size(); at += count) {
      count = std::min(1 + below(damage.random, 4000), damage.bytes.size() - at);
      run.reader.waveform(Bytes(damage.bytes).subspan(at, count), kNsPerS, run.sink);
    }
    const std::uint64_t lost = Damage::kBlocks - run.reader.waveform_counters().blocks;
    REQUIRE(lost <= (seed % 3 == 0 ? 1 : 2));
    REQUIRE(run.reader.waveform_counters().bytes ==
            run.reader.waveform_counters().block_bytes + run.reader.waveform_counters().bytes_skipped);
    REQUIRE(run.reader.counters().missing_samples == 128 * lost);
    REQUIRE(run.reader.epoch() == 0);
    // Two, where what is left of two blocks makes one with a jump.
    REQUIRE(run.reader.counters().gaps <= (lost > 0 ? 2 : 0));
    REQUIRE(run.changes().size() == 1 + run.reader.counters().gaps);
    REQUIRE(run.reader.next_sample() == whole.reader.next_sample());
    check_accounts(run.reader);
    // Edges and blocks of the last ten blocks are as if nothing had been.
    const auto late = [](const RhxRun& of) {
      auto edges = ttl_edges(of);
      std::erase_if(edges, [](const PlainEdge& edge) { return edge.sample < 20 * 128; });
      return edges;
    };
    REQUIRE(late(run) == late(whole));
    lost_blocks += lost;
  }
  CHECK(lost_blocks > 400);
}

TEST_CASE("RHX spikes damaged anywhere: at most the chunks that are touched are lost or misread") {
  ByteVector chunks;
  for (std::uint32_t i = 0; i < 60; ++i) append(chunks, rhx_chunk(100 * i, "A-00" + std::to_string(i % 8)));
  for (std::uint64_t seed = 0; seed < 900; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    ByteVector bytes = chunks;
    const auto place = bytes.begin() + static_cast<std::ptrdiff_t>(below(random, 40 * kRhxSpikeBytes));
    if (seed % 3 == 0) *place = static_cast<std::uint8_t>(*place ^ (1 + below(random, 255)));
    if (seed % 3 == 1) bytes.erase(place, place + static_cast<std::ptrdiff_t>(1 + below(random, 13)));
    if (seed % 3 == 2) bytes.insert(place, 1 + below(random, 40), static_cast<std::uint8_t>(random()));
    RhxRun run(rhx_settings());
    run.waveform(rhx_blocks(0, 10));
    run.spikes(bytes);
    for (std::uint32_t i = 10; i < 120; ++i) run.waveform(rhx_block(128 * i), kNsPerS + i * 6'400'000LL);
    check_accounts(run.reader);
    CHECK(run.reader.spikes_waiting() == 0);
    std::size_t right = 0;
    for (const InputEvent& spike : run.sink.of(InputKind::kSpike)) {
      const SampleIndex i = spike.source_sample / 100;
      right += spike.source_sample % 100 == 0 && spike.payload.spike.unit == i % 8 ? 1U : 0U;
    }
    REQUIRE(right >= 58);
  }
}

TEST_CASE("RHX streams over the wrap of 2^32: frames, spikes, edges and the grid of signals go on") {
  constexpr SampleIndex kWrap = SampleIndex{1} << 32;
  RhxRun run(two_columns());
  for (std::uint32_t i = 0; i < 40; ++i) {
    const std::uint32_t start = 0xFFFFF600U + 128 * i;
    run.waveform(busy_block(start));
    run.spikes(busy_chunks(start));
  }
  CHECK(run.changes().size() == 1);
  CHECK(run.reader.counters().missing_samples == 0);
  CHECK(run.reader.next_sample() == kWrap + 128 * 20);
  const auto spikes = run.sink.of(InputKind::kSpike);
  REQUIRE(spikes.size() == 80);
  for (std::size_t i = 0; i < spikes.size(); ++i) {
    const auto sample = kWrap - 128 * 20 + static_cast<SampleIndex>(128 * (i / 2)) + (i % 2 == 0 ? 10 : 110);
    CHECK(spikes[i].source_sample == sample);
    CHECK(spikes[i].session_time_ns == sample * 50'000);
  }
  const auto samples = samples_of(run, 0);
  REQUIRE(samples.size() == 256);
  for (std::size_t i = 1; i < samples.size(); ++i) CHECK(samples[i].first - samples[i - 1].first == kNsPerMs);
}
