// The reader on bytes of the real Intan RHX 3.4.0, against small parsers of their own and the recording that was
// played: every spike, frame, gap and run accounted for.
#include <catch2/catch.hpp>
#include <cstdio>

#include "tests/unit/ingest/rhx_truth.hpp"

using namespace vturn;
using namespace vturn::ingest;
using namespace vturn::test;

namespace {

/// Nothing of either stream is lost, and nothing but the start is told.
void check_whole(const RhxRun& run, std::size_t blocks) {
  const RhxWaveformCounters& frames = run.reader.waveform_counters();
  CHECK(frames.blocks == blocks);
  CHECK(frames.bytes == frames.block_bytes);
  CHECK(frames.resyncs == 0);
  const RhxSpikeCounters& chunks = run.reader.spike_counters();
  CHECK(chunks.bytes == kRhxSpikeBytes * chunks.spikes);
  const RhxCounters& counters = run.reader.counters();
  CHECK(chunks.spikes == counters.spikes + counters.spike_artefacts);
  CHECK(counters.spikes == run.sink.of(InputKind::kSpike).size());
  CHECK(counters.ttl_edges == run.sink.of(InputKind::kTtl).size());
  CHECK(counters.lfp_blocks == run.sink.of(InputKind::kLfp).size());
  CHECK(counters.blocks_without_columns == 0);
  CHECK(counters.missing_samples == 0);
  CHECK(run.reader.epoch() == 0);
  CHECK(run.changes().size() == 1);
  CHECK(run.sink.events.front().payload.source.change == SourceChange::kUp);
}

const std::vector<std::string> kStandard = {"A-000", "A-001", "A-002",  "A-003",  "A-004",  "A-005",
                                            "A-006", "A-007", "A-AUX1", "A-AUX2", "A-AUX3", "DIGITAL-IN-01"};

}  // namespace

TEST_CASE("RHX, 20 s at 30 kHz: exactly 1285 spikes as they were sent, 1950 blocks, TTL edges, signals") {
  const auto frames = load_rhx("std_usb3_30k_20s/waveform"), chunks = load_rhx("std_usb3_30k_20s/spike");
  if (!frames || !chunks) return;
  RhxReaderSettings settings = rhx_settings(kStandard, 30000);
  settings.signals = {{0, "A-000", -1}, {1, "A-007", -1}, {2, "A-AUX2", -1}};
  RhxRun run(settings);
  play(run, *frames, *chunks);
  const PlainFrames plain(frames->bytes);
  check_whole(run, plain.blocks());
  const auto spikes = plain_spikes(chunks->bytes);
  CHECK(spikes.size() == 1285);
  CHECK(wrong_spikes(run, spikes) == 0);
  CHECK(run.reader.counters().spike_artefacts == 0);
  const auto on_b = std::count_if(spikes.begin(), spikes.end(), [](const auto& s) { return s.channel[0] == 'B'; });
  CHECK(run.reader.counters().spikes_unmapped == static_cast<std::uint64_t>(on_b));
  CHECK(ttl_edges(run) == plain_edges(plain, 11));
  CHECK(run.reader.counters().ttl_edges == 17);
  CHECK(worst_difference(run, 0, plain, 0, 0.195, 32768) < 0.001);
  CHECK(worst_difference(run, 1, plain, 7, 0.195, 32768) < 0.001);
  CHECK(samples_of(run, 2).size() == plain.blocks());
  const auto behind =
      std::count_if(spikes.begin(), spikes.end(), [&](const auto& s) { return s.timestamp >= plain.frames(); });
  std::printf("RHX std_usb3_30k_20s: %zu spikes (%zu behind the trimmed frames), %zu blocks, %llu spikes waited\n",
              spikes.size(), static_cast<std::size_t>(behind), plain.blocks(),
              static_cast<unsigned long long>(run.reader.counters().spikes_waited));
}

TEST_CASE("RHX crossings that it takes for artefacts are left out and counted; units do not depend on the id") {
  const auto frames = load_rhx("std_usb3_30k_20s/waveform");
  auto chunks = load_rhx("std_usb3_30k_20s/spike");
  if (!frames || !chunks) return;
  std::vector<PlainSpike> kept = plain_spikes(chunks->bytes);
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (i % 7 == 3) chunks->bytes[14 * i + 13] = i % 2 == 0 ? 0x80 : 0xC1;
    if (i % 7 == 4) chunks->bytes[14 * i + 13] = 0x40;
  }
  std::size_t number = 0;
  std::erase_if(kept, [&](const PlainSpike&) { return number++ % 7 == 3; });
  RhxRun run(rhx_settings(kStandard, 30000));
  play(run, *frames, *chunks);
  CHECK(run.reader.counters().spike_artefacts == 1285 - kept.size());
  CHECK(run.reader.spike_counters().spikes == 1285);
  CHECK(wrong_spikes(run, kept) == 0);
}

TEST_CASE("RHX playing a crafted recording: spike onsets, digital lines, auxiliary values and wide band are its own") {
  const auto frames = load_rhx("pb_b1/waveform"), chunks = load_rhx("pb_b1/spike");
  const auto onsets = load_rhx_file("crafted_truth.npy");
  if (!frames || !chunks || !onsets) return;
  RhxReaderSettings settings =
      rhx_settings({"A-000", "A-000|HIGH", "A-001", "A-AUX1", "A-AUX2", "DIGITAL-IN-01"}, 20000);
  settings.signals = {{0, "A-AUX1", -1}, {1, "A-AUX2", -1}, {2, "A-001", -1}, {3, "A-000|HIGH", -1}};
  RhxRun run(settings);
  play(run, *frames, *chunks);
  const PlainFrames plain(frames->bytes);
  check_whole(run, 831);

  const auto spikes = run.sink.of(InputKind::kSpike);
  REQUIRE(spikes.size() == 102);
  const std::size_t header = 10U + (*onsets)[8] + 256U * (*onsets)[9];
  for (std::size_t i = 0; i < spikes.size(); ++i) {
    std::int64_t onset = 0;
    std::memcpy(&onset, &(*onsets)[header + 8 * i], 8);
    CHECK(spikes[i].source_sample == onset);
    CHECK(spikes[i].payload.spike.unit == 0);
  }

  // Line 0 changes every 1000 samples, line 1 every 128.
  std::vector<PlainEdge> edges;
  for (SampleIndex sample = 1; sample < 831 * 128; ++sample) {
    if (sample % 1000 == 0) edges.push_back({sample, 0, static_cast<unsigned>(sample / 1000 % 2)});
    if (sample % 128 == 0) edges.push_back({sample, 1, static_cast<unsigned>(sample / 128 % 2)});
  }
  CHECK(ttl_edges(run) == edges);

  // Auxiliary sample k (5 kHz) of the file is 20000 + k % 20000 on line 1 and k / 10 on line 2: one a block.
  const auto aux1 = samples_of(run, 0), aux2 = samples_of(run, 1);
  REQUIRE(aux1.size() == 831);
  REQUIRE(aux2.size() == 831);
  std::size_t wrong = 0;
  for (std::size_t block = 0; block < 831; ++block) {
    const auto k = static_cast<double>(32 * block);
    const bool right = aux1[block].first == static_cast<SessionNs>(block) * 6'400'000 &&
                       aux2[block].first == aux1[block].first &&
                       std::fabs(aux1[block].second - 37.4e-6 * (20000 + std::fmod(k, 20000))) < 1e-6 &&
                       std::fabs(aux2[block].second - 37.4e-6 * std::floor(k / 10)) < 1e-6;
    if (!right) ++wrong;
  }
  CHECK(wrong == 0);
  CHECK(run.sink.of(InputKind::kLfp).front().payload.lfp.rate_hz == 156.25F);

  // The wide band of A-001 is a saw tooth of 500 samples.
  std::size_t off = 0;
  for (std::size_t frame = 0; frame < plain.frames(); ++frame) {
    if (plain.word(frame, 2) != 32518 + frame % 500) ++off;
  }
  CHECK(off == 0);
  CHECK(worst_difference(run, 2, plain, 2, 0.195, 32768) < 0.001);
  CHECK(worst_difference(run, 3, plain, 1, 0.195, 32768) < 0.001);
}

TEST_CASE("RHX at 770 spikes a second: all 9582, in order, each where it belongs") {
  const auto frames = load_rhx("busy_qa/waveform"), chunks = load_rhx("busy_qa/spike");
  if (!frames || !chunks) return;
  RhxReaderSettings settings = rhx_settings({"A-000"}, 30000);
  settings.signals = {{0, "A-000", -1}};
  RhxRun run(settings);
  play(run, *frames, *chunks);
  const PlainFrames plain(frames->bytes);
  check_whole(run, 2902);
  const auto spikes = plain_spikes(chunks->bytes);
  CHECK(spikes.size() == 9582);
  CHECK(wrong_spikes(run, spikes) == 0);
  CHECK(run.reader.counters().spikes_unmapped == 0);
  CHECK(worst_difference(run, 0, plain, 0, 0.195, 32768) < 0.001);
}
