// The reader of both RHX streams on bytes made here: what it tells, what it leaves out, and what it counts.
#include "daemon/ingest/rhx_reader.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/ingest/rhx_truth.hpp"

using namespace vturn;
using namespace vturn::ingest;
using namespace vturn::test;

namespace {

constexpr auto kRhs = RhxController::kStimRecord;
constexpr MonoNs kBlockNs = 6'400'000;

struct CollectingOutputs final : RhxOutputSink {
  void output_edge(const RhxOutputEdge& edge) noexcept override { edges.push_back(edge); }
  std::vector<RhxOutputEdge> edges;
};

/// A block of one column that changes from `before` to `after` at `frame`.
ByteVector stepping(std::uint32_t timestamp, std::uint16_t before, std::uint16_t after, std::size_t frame) {
  return rhx_block(timestamp, 1, [=](std::size_t at, std::size_t) { return at < frame ? before : after; });
}

std::vector<SourceChange> told(const RhxRun& run) {
  std::vector<SourceChange> changes;
  for (const InputEvent& event : run.changes()) changes.push_back(event.payload.source.change);
  return changes;
}

}  // namespace

TEST_CASE("RHX reader: up with the first frames; spikes before them wait and have their unit by name") {
  RhxRun run(rhx_settings());
  run.spikes(rhx_chunk(18, "A-004"));
  run.spikes(rhx_chunk(19, "B-004"));
  CHECK(run.sink.events.empty());
  CHECK(run.reader.spikes_waiting() == 2);
  run.waveform(rhx_block(0));
  REQUIRE(run.sink.events.size() == 3);
  CHECK(run.sink.events[0].payload.source.change == SourceChange::kUp);
  CHECK(run.sink.events[0].payload.source.cause == EpochCause::kStart);
  CHECK(run.sink.events[1].payload.spike.unit == 4);
  CHECK(run.sink.events[1].session_time_ns == 900'000);
  CHECK(run.sink.events[1].flags == kFlagMaster);
  CHECK(run.sink.events[2].payload.spike.unit == kNoUnit);
  CHECK(run.reader.counters().spikes_unmapped == 1);
  CHECK(run.reader.counters().spikes_waited == 2);
}

TEST_CASE("RHX reader: of too many spikes that wait the oldest go, counted") {
  constexpr std::uint32_t kMost = 32'768, kMore = 480, kAtOnce = 16;
  RhxRun run(rhx_settings());
  for (std::uint32_t i = 0; i < kMost + kMore; ++i) run.spikes(rhx_chunk(i / kAtOnce));
  CHECK(run.reader.spikes_waiting() == kMost);
  run.waveform(rhx_block(2048));
  CHECK(run.reader.counters().spikes_unplaced == kMore);
  CHECK(run.reader.counters().spikes == kMost);
  CHECK(run.sink.of(InputKind::kSpike).at(0).source_sample == kMore / kAtOnce);
}

TEST_CASE("RHX reader: 3 s of a busy spike stream that are read before their frames come whole") {
  constexpr std::uint32_t kSpikes = 15'000;
  RhxRun run(rhx_settings());
  run.reader.resume(128'000);
  for (std::uint32_t i = 0; i < kSpikes; ++i) run.spikes(rhx_chunk(128'000 + 4 * i));
  run.waveform(rhx_block(128'000));
  CHECK(run.reader.counters().spikes == kSpikes);
  CHECK(run.reader.counters().spikes_unplaced == 0);
}

TEST_CASE("RHX reader: artefacts and damaged timestamps are left out, counted apart") {
  RhxRun run(rhx_settings());
  run.waveform(rhx_block(0));
  run.spikes(rhx_chunk(5, "A-000", 0x80));
  run.spikes(rhx_chunk(6, "A-000", 0x82));
  run.spikes(rhx_chunk(0x40000000, "A-000"));
  run.spikes(rhx_chunk(7, "A-000", 0x40));
  CHECK(run.reader.counters().spike_artefacts == 2);
  CHECK(run.reader.counters().spikes_unplaced == 1);
  CHECK(run.reader.counters().spikes == 1);
}

TEST_CASE("RHX reader: spikes that wait in vain for a new run are handed on after half a second") {
  RhxRun run(rhx_settings());
  run.waveform(rhx_blocks(0, 100), kNsPerS);
  run.spikes(rhx_chunk(12'000), kNsPerS);
  run.spikes(rhx_chunk(5'000), kNsPerS);
  run.spikes(rhx_chunk(12'100), kNsPerS);
  std::uint32_t block = 100;
  for (; block < 178; ++block) run.waveform(rhx_block(128 * block), kNsPerS + (block - 99) * kBlockNs);
  CHECK(run.reader.spikes_waiting() == 2);
  run.waveform(rhx_block(128 * block), kNsPerS + (block - 99) * kBlockNs);
  CHECK(run.reader.spikes_waiting() == 0);
  CHECK(run.reader.counters().spikes == 3);
  run.spikes(rhx_chunk(12'200), kNsPerS + (block - 99) * kBlockNs);
  CHECK(run.reader.counters().spikes == 4);
}

TEST_CASE("RHX reader: without a rate blocks are counted and spikes wait; another rate is an epoch") {
  RhxReaderSettings settings = rhx_settings({"A-000"}, 0);
  settings.signals = {{0, "A-000", -1}};
  RhxRun run(settings);
  run.waveform(rhx_blocks(0, 3, 1));
  run.spikes(rhx_chunk(500));
  CHECK(run.sink.events.empty());
  CHECK(run.reader.counters().blocks_without_rate == 3);
  run.reader.set_sample_rate(20000);
  run.waveform(rhx_blocks(384, 10, 1));
  CHECK(told(run) == std::vector<SourceChange>{SourceChange::kUp});
  CHECK(run.sink.of(InputKind::kSpike).size() == 1);
  CHECK(run.sink.of(InputKind::kLfp).front().payload.lfp.rate_hz == 1000.0F);
  const std::int64_t ended_ns = run.reader.newest_own_ns();
  run.reader.set_sample_rate(25000);
  run.waveform(rhx_blocks(1664, 10, 1));
  REQUIRE(run.changes().size() == 2);
  CHECK(run.changes()[1].payload.source.cause == EpochCause::kRateChange);
  CHECK(run.changes()[1].session_time_ns == ended_ns);
  CHECK(run.sink.of(InputKind::kLfp).back().payload.lfp.rate_hz == 1000.0F);
  CHECK(run.reader.newest_own_ns() == ended_ns + 1280 * 40'000);
}

TEST_CASE("RHX reader: columns that are not as told are refused if anything in them is wanted, and a clock even so") {
  const bool wanted = GENERATE(true, false);
  RhxReaderSettings settings = rhx_settings({"A-000"});
  if (wanted) settings.signals = {{0, "A-000", -1}};
  RhxRun run(settings);
  run.waveform(rhx_blocks(0, 2, 3));
  CHECK(run.reader.columns_in_doubt());
  CHECK(run.reader.words() == 3);
  run.waveform(rhx_blocks(256, 2, 1));  // as told again: what it is nobody knows
  CHECK(run.reader.columns_in_doubt());
  CHECK(run.sink.of(InputKind::kLfp).empty());
  CHECK(run.reader.counters().blocks_without_columns == 4);
  CHECK(run.reader.counters().column_changes == 1);
  CHECK(run.reader.next_sample() == 512);
  run.reader.set_columns(rhx_columns_of({"A-001"}));
  CHECK(run.reader.signals_without_column() == (wanted ? 1 : 0));
  run.waveform(rhx_block(512, 1));
  CHECK(run.sink.of(InputKind::kLfp).empty());
  run.reader.set_columns(rhx_columns_of({"A-000", "A-001"}));
  run.waveform(rhx_blocks(640, 2, 2));
  CHECK(run.reader.signals_without_column() == 0);
  CHECK(run.sink.of(InputKind::kLfp).empty() != wanted);
  using C = SourceChange;
  CHECK(told(run) == (wanted ? std::vector<C>{C::kUp, C::kRefused, C::kUp} : std::vector<C>{C::kUp}));
}

TEST_CASE("RHX reader: TTL edges of the lines asked for; none against nothing") {
  RhxReaderSettings settings = rhx_settings({"DIGITAL-IN-01"});
  settings.ttl_lines = 0x0005;
  RhxRun run(settings);
  run.waveform(stepping(0, 0x0001, 0x0006, 100));
  CHECK(ttl_edges(run) == std::vector<PlainEdge>{{100, 0, 0}, {100, 2, 1}});
  CHECK(run.sink.of(InputKind::kTtl).back().payload.ttl.word == 6);
  run.waveform(stepping(128, 0x0007, 0x0007, 0));
  CHECK(ttl_edges(run).back() == PlainEdge{128, 0, 1});
  run.waveform(stepping(300, 0x0000, 0x0001, 5));  // behind a gap
  CHECK(run.reader.counters().ttl_edges == 4);
  CHECK(ttl_edges(run).back() == PlainEdge{305, 0, 1});
  run.waveform(stepping(0, 0x0004, 0x0004, 0));  // a new run
  CHECK(run.reader.counters().ttl_edges == 4);
}

TEST_CASE("RHX reader: samples lost within a block are a gap there, and its columns go on behind it") {
  RhxReaderSettings settings = rhx_settings({"DIGITAL-IN-01"});
  RhxRun run(settings);
  run.waveform(rhx_block(0, 1, [](std::size_t, std::size_t) { return 0U; }));
  ByteVector block = rhx_block(128, 1, [](std::size_t frame, std::size_t) { return frame < 90 ? 0U : 1U; });
  for (std::size_t frame = 40; frame < 128; ++frame) block[4 + 6 * frame + 1] = 1;  // 256 more
  run.waveform(block);
  REQUIRE(run.changes().size() == 2);
  CHECK(run.changes()[1].payload.source.change == SourceChange::kGap);
  CHECK(run.changes()[1].payload.source.count == 256);
  CHECK(run.changes()[1].source_sample == 128 + 40 + 256);
  CHECK(run.reader.next_sample() == 256 + 256);
  CHECK(ttl_edges(run) == std::vector<PlainEdge>{{128 + 90 + 256, 0, 1}});
}

TEST_CASE("RHX reader: edges of DIGITAL-OUT and of stimulation currents confirm outputs") {
  CollectingOutputs outputs;
  RhxReaderSettings settings = rhx_settings();
  settings.controller = kRhs;
  settings.columns = rhx_columns_of({"A-010|STIM", "DIGITAL-OUT-01"}, kRhs);
  settings.outputs = &outputs;
  RhxRun run(settings);
  const auto word = [](std::size_t frame, std::size_t column) -> unsigned {
    if (column == 1) return frame >= 20 && frame < 50 ? 0x8001U : 0x8000U;
    if (frame == 60) return 0x2100;                // settling: no current
    if (frame >= 30 && frame < 33) return 0x0105;  // five steps, negative
    return frame >= 33 && frame < 36 ? 0x8005 : 0x0100;
  };
  run.waveform(rhx_block(1500, 2, word), 77);
  REQUIRE(outputs.edges.size() == 4);
  const RhxChannel line{RhxSignal::kDigitalOut, 0, 0}, electrode{RhxSignal::kStim, 0, 10};
  CHECK((outputs.edges[0].channel == line && outputs.edges[0].on && outputs.edges[0].sample == 1520));
  CHECK((outputs.edges[1].channel == line && !outputs.edges[1].on && outputs.edges[1].sample == 1550));
  CHECK((outputs.edges[2].channel == electrode && outputs.edges[2].on && outputs.edges[2].sample == 1530));
  CHECK((outputs.edges[3].channel == electrode && !outputs.edges[3].on && outputs.edges[3].sample == 1536));
  CHECK(outputs.edges[2].word == 0x0105);
  CHECK(outputs.edges[2].own_ns == 1530 * 50'000);
  CHECK(outputs.edges[2].arrival_mono_ns == 77);
  // Behind a gap the levels are new: no edge.
  run.waveform(rhx_block(9000, 2, [](std::size_t, std::size_t column) { return column == 1 ? 0U : 0x0107U; }));
  CHECK(outputs.edges.size() == 4);
}

TEST_CASE("RHX reader: how far RHX is ahead, over the wrap too") {
  RhxRun run(rhx_settings());
  run.waveform(rhx_block(0xFFFFFF00U));
  CHECK(run.reader.lag_samples(0xFFFFFF80U) == 0);
  CHECK(run.reader.lag_samples(0x00000180U) == 512);
  CHECK(run.reader.lag_samples(0xFFFFFF00U) == -128);
}

TEST_CASE("RHX reader stalled: what is held is dropped, the next frames are an epoch with what was missed") {
  RhxRun run(rhx_settings());
  ByteVector bytes = rhx_blocks(0, 2);
  bytes.resize(bytes.size() - 100);
  run.waveform(bytes);
  run.spikes({0x0f, 0x71, 0xe2});
  run.reader.stalled();
  run.spikes(rhx_chunk(1000));
  run.waveform(rhx_block(1000));
  REQUIRE(run.changes().size() == 2);
  const SourceInput epoch = run.changes()[1].payload.source;
  CHECK(epoch.change == SourceChange::kEpoch);
  CHECK(epoch.cause == EpochCause::kRestart);
  CHECK(epoch.count == 1000 - 128);
  CHECK(run.changes()[1].session_time_ns == 50'000'000);
  CHECK(run.reader.waveform_counters().bytes_skipped == rhx_block_bytes(0) - 100);
  CHECK(run.reader.spike_counters().bytes_skipped == 3);
  CHECK(run.reader.counters().spikes == 1);
}

TEST_CASE("RHX reader: frames without their spikes are told as gaps, whole and while it lasts") {
  RhxRun run(rhx_settings());
  run.reader.spikes_lost();
  run.reader.spikes_connected();  // before any frame: nothing was missed
  run.waveform(rhx_blocks(0, 2));
  CHECK(told(run) == std::vector<SourceChange>{SourceChange::kUp});
  CHECK(run.reader.counters().missing_samples == 0);
  run.reader.spikes_lost();
  run.waveform(rhx_block(256));
  REQUIRE(run.changes().size() == 2);
  CHECK(run.changes()[1].payload.source.change == SourceChange::kGap);
  CHECK(run.changes()[1].payload.source.count == 128);
  run.waveform(rhx_blocks(384, 78));
  CHECK(run.reader.counters().gaps == 1);
  run.waveform(rhx_block(384 + 78 * 128));  // 0.5 s later
  CHECK(run.reader.counters().gaps == 2);
  run.waveform(rhx_block(20'000));  // of which some never came
  CHECK(run.reader.counters().missing_samples == 20'128 - 256);
  run.reader.spikes_connected();
  run.waveform(rhx_block(20'128));
  run.waveform(rhx_blocks(20'256, 200));
  CHECK(run.reader.counters().gaps == 4);
  CHECK(run.reader.counters().missing_samples == 20'256 - 256);
}

TEST_CASE("RHX reader: spikes that are still lost when a new run begins are told with it and after it") {
  RhxRun run(rhx_settings());
  run.waveform(rhx_blocks(0, 100));
  run.reader.spikes_lost();
  run.waveform(rhx_block(0));
  run.waveform(rhx_blocks(128, 80));
  using C = SourceChange;
  CHECK(told(run) == std::vector<C>{C::kUp, C::kEpoch, C::kGap});
  CHECK(run.changes()[1].payload.source.count == 128);
  CHECK(run.changes()[2].payload.source.count == 79 * 128);
}

TEST_CASE("RHX reader: blocks of timestamps alone tell the time ten times a second") {
  RhxRun run(rhx_settings());
  run.waveform(rhx_blocks(0, 157));
  std::vector<SessionNs> times;
  for (const InputEvent& event : run.sink.events) times.push_back(event.session_time_ns);
  REQUIRE(times.size() == 10);
  for (std::size_t i = 1; i < times.size(); ++i) CHECK(times[i] - times[i - 1] == 16 * kBlockNs);
}

TEST_CASE("RHX reader beside another master: session time is the mapping's") {
  RhxReaderSettings settings = rhx_settings({"DIGITAL-IN-01"});
  settings.source = 3;
  settings.master = false;
  CHECK_THROWS_AS(RhxReader(settings), std::invalid_argument);
  settings.mapping.session_of = [](void*, std::int64_t own_ns, MonoNs arrival) noexcept {
    return own_ns + 2 * arrival;
  };
  RhxRun run(settings);
  run.waveform(stepping(0, 0, 1, 10), 1000);
  run.spikes(rhx_chunk(20), 1001);
  REQUIRE(run.sink.events.size() == 3);
  CHECK(run.sink.events[1].session_time_ns == 10 * 50'000 + 2000);
  CHECK(run.sink.events[2].session_time_ns == 20 * 50'000 + 2002);
  CHECK(run.sink.own_ns[2] == 20 * 50'000);
  CHECK(run.sink.events[2].source == 3);
  CHECK(run.sink.events[2].flags == 0);
}

TEST_CASE("RHX reader: signals that the controller does not have or that are no voltage are refused") {
  const auto refused = [](const std::string& name) {
    RhxReaderSettings settings = rhx_settings();
    settings.signals = {{0, name, -1}};
    REQUIRE_THROWS_AS(RhxReader(settings), std::invalid_argument);
  };
  for (const char* name : {"LFP", "A-000|DC", "A-000|SPK", "DIGITAL-IN-01", "DIGITAL-OUT-01", "ANALOG-OUT-1", ""}) {
    refused(name);
  }
}
