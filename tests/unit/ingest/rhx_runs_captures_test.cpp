// Runs, gaps and changes of the channel set as the real Intan RHX 3.4.0 sent them, and its stimulation controller.
#include <catch2/catch.hpp>

#include "tests/unit/ingest/rhx_truth.hpp"

using namespace vturn;
using namespace vturn::ingest;
using namespace vturn::test;

namespace {

struct CollectingOutputs final : RhxOutputSink {
  void output_edge(const RhxOutputEdge& edge) noexcept override { edges.push_back(edge); }
  std::vector<RhxOutputEdge> edges;
};

SourceInput change(const RhxRun& run, std::size_t i) { return run.changes().at(i).payload.source; }

}  // namespace

TEST_CASE("RHX run and stopped three times on one connection: two restarts, no gap, time goes on") {
  const auto stream = load_rhx("rob_restart/waveform");
  if (!stream) return;
  RhxReaderSettings settings = rhx_settings({"A-000"}, 20000);
  settings.signals = {{0, "A-000", -1}};
  RhxRun run(settings);
  play(run, *stream);
  const PlainFrames plain(stream->bytes);
  std::vector<std::size_t> begins;
  for (std::size_t frame = 0; frame < plain.frames(); ++frame) {
    if (plain.timestamp(frame) == 0) begins.push_back(frame);
  }
  REQUIRE(begins == std::vector<std::size_t>{0, 393 * 128, 786 * 128});

  const auto changes = run.changes();
  REQUIRE(changes.size() == 3);
  for (std::size_t i = 1; i < 3; ++i) {
    CHECK(change(run, i).change == SourceChange::kEpoch);
    CHECK(change(run, i).cause == EpochCause::kRestart);
    CHECK(change(run, i).epoch == i);
    CHECK(changes[i].source_sample == 0);
    // What passed between the last block of a run and the first of the next, by their receipts.
    const auto at = [&](std::size_t block) {
      const auto holds = [&](const RhxRead& read) { return read.begin <= 772 * block && 772 * block < read.end; };
      return std::find_if(stream->reads.begin(), stream->reads.end(), holds)->at;
    };
    const std::size_t first = begins[i] / 128;
    const SessionNs ended = changes[i - 1].session_time_ns + SessionNs{393} * 6'400'000;
    CHECK(changes[i].session_time_ns == ended + at(first) - at(first - 1));
  }
  CHECK(run.reader.counters().gaps == 0);
  CHECK(run.reader.counters().missing_samples == 0);
  CHECK(run.reader.waveform_counters().blocks == 1184);
  CHECK(run.reader.waveform_counters().bytes_skipped == 0);
  CHECK(run.reader.next_sample() == 398 * 128);
  // Session time never falls.
  const auto& events = run.sink.events;
  CHECK(std::is_sorted(events.begin(), events.end(),
                       [](const auto& a, const auto& b) { return a.session_time_ns < b.session_time_ns; }));
}

TEST_CASE("RHX whose channel set is changed during the run: columns are doubted, then told; the gap is exact") {
  const auto stream = load_rhx("rob_midrun/waveform");
  if (!stream) return;
  const PlainFrames plain(stream->bytes);
  const auto narrow = rhx_columns_of({"A-000"}), wide = rhx_columns_of({"A-000", "A-001"});
  RhxReaderSettings settings = rhx_settings({"A-000"}, 20000);
  settings.signals = {{0, "A-000", -1}};
  RhxRun run(settings);
  std::vector<std::uint64_t> doubted_at;
  play(run, *stream, {}, [&](RhxRun& r) {
    if (!r.reader.columns_in_doubt()) return;
    doubted_at.push_back(r.reader.waveform_counters().blocks);
    REQUIRE(r.reader.words() == (doubted_at.size() == 1 ? 2 : 1));
    r.reader.set_columns(r.reader.words() == 2 ? wide : narrow);
  });
  // Told from the stream alone: 318 blocks of 772 B, 315 of 1028 B, a jump, 365 of 772 B.
  std::vector<std::uint64_t> truth;
  for (std::size_t block = 1; block < plain.blocks(); ++block) {
    if (plain.block_bytes(block) != plain.block_bytes(block - 1)) truth.push_back(block + 1);
  }
  CHECK(truth == std::vector<std::uint64_t>{319, 634});
  CHECK(doubted_at == truth);
  const RhxCounters& counters = run.reader.counters();
  CHECK(counters.column_changes == 2);
  CHECK(counters.blocks_without_columns == 2);
  CHECK(run.reader.waveform_counters().width_changes == 2);
  CHECK(run.reader.waveform_counters().bytes_skipped == 0);

  const std::uint64_t missing = plain.timestamp(633 * 128) - plain.timestamp(632 * 128) - 128;
  CHECK(missing == 39680);
  CHECK(counters.missing_samples == missing);
  CHECK(counters.gaps == 1);
  CHECK(run.reader.epoch() == 0);
  using C = SourceChange;
  std::vector<C> told;
  for (const InputEvent& event : run.changes()) told.push_back(event.payload.source.change);
  CHECK(told == std::vector<C>{C::kUp, C::kRefused, C::kUp, C::kGap, C::kRefused, C::kUp});
  CHECK(change(run, 3).count == missing);
  CHECK(run.changes()[3].source_sample == plain.timestamp(633 * 128));
}

TEST_CASE("RHX whose channel set is changed and nobody tells: a clock and no more, the gap stays exact") {
  const auto stream = load_rhx("rob_midrun/waveform");
  if (!stream) return;
  RhxReaderSettings settings = rhx_settings({"A-000"}, 20000);
  settings.signals = {{0, "A-000", -1}};
  RhxRun run(settings);
  play(run, *stream);
  CHECK(run.reader.columns_in_doubt());
  CHECK(run.reader.counters().column_changes == 1);
  CHECK(run.reader.counters().blocks_without_columns == 315 + 365);
  CHECK(run.reader.counters().missing_samples == 39680);
  for (const InputEvent& event : run.sink.of(InputKind::kLfp)) REQUIRE(event.source_sample < 318 * 128);
  CHECK(run.reader.newest_own_ns() == time_of(167296 + 128, 20000));
}

TEST_CASE("RHX data client that left and came back: one gap of the exact size") {
  const auto first = load_rhx("rob_reconn/first"), second = load_rhx("rob_reconn/waveform");
  if (!first || !second) return;
  const PlainFrames before(first->bytes), after(second->bytes);
  const std::uint32_t ended = before.timestamp(before.frames() - 1) + 1;
  REQUIRE(after.timestamp(0) - ended == 21504);
  const bool torn = GENERATE(false, true);  // the connection ends within a block
  RhxRun run(rhx_settings({"A-000"}, 20000));
  play(run, *first);
  if (torn) run.waveform(ByteVector(first->bytes.begin(), first->bytes.begin() + 500), first->reads.back().at);
  run.reader.waveform_connected();
  play(run, *second);
  REQUIRE(run.changes().size() == 2);
  CHECK(change(run, 1).change == SourceChange::kGap);
  CHECK(change(run, 1).count == 21504);
  CHECK(run.reader.counters().missing_samples == 21504);
  CHECK(run.reader.epoch() == 0);
  CHECK(run.reader.waveform_counters().bytes_skipped == (torn ? 500 : 0));
  CHECK(run.reader.waveform_counters().resyncs == (torn ? 1 : 0));
  CHECK(run.reader.waveform_counters().blocks == before.blocks() + after.blocks());
}

TEST_CASE("RHX data client that left, taken over by another process: the same gap") {
  const auto first = load_rhx("rob_reconn/first"), second = load_rhx("rob_reconn/waveform");
  if (!first || !second) return;
  RhxRun earlier(rhx_settings({"A-000"}, 20000)), later(rhx_settings({"A-000"}, 20000));
  play(earlier, *first);
  later.reader.resume(earlier.reader.next_sample());
  play(later, *second);
  REQUIRE(later.changes().size() == 2);
  CHECK(change(later, 1).change == SourceChange::kGap);
  CHECK(change(later, 1).count == 21504);
}

TEST_CASE("RHX stimulation controller: first timestamp 1500, every kind of column with its scale, no output edge") {
  const auto frames = load_rhx("rhs_30k_b1/waveform"), chunks = load_rhx("rhs_30k_b1/spike");
  if (!frames || !chunks) return;
  constexpr auto kRhs = RhxController::kStimRecord;
  CollectingOutputs outputs;
  RhxReaderSettings settings = rhx_settings({}, 30000);
  settings.controller = kRhs;
  settings.columns =
      rhx_columns_of({"A-000", "A-001", "A-002", "A-003", "A-000|LOW", "A-000|HIGH", "A-000|SPK", "A-000|DC",
                      "A-000|STIM", "A-010|STIM", "DIGITAL-IN-01", "DIGITAL-OUT-01", "ANALOG-IN-1", "ANALOG-OUT-1"},
                     kRhs);
  CHECK(settings.columns.size() == 13);
  settings.signals = {{0, "A-000", -1}, {1, "A-000|LOW", -1},   {2, "A-000|HIGH", -1},  {3, "A-000|DC", -1},
                      {4, "A-003", -1}, {5, "ANALOG-IN-1", -1}, {6, "ANALOG-OUT-1", -1}};
  settings.outputs = &outputs;
  RhxRun run(settings);
  play(run, *frames, *chunks);
  const PlainFrames plain(frames->bytes);

  REQUIRE(run.changes().size() == 1);
  CHECK(run.changes()[0].source_sample == 1500);
  CHECK(run.changes()[0].session_time_ns == 50'000'000);
  CHECK(run.reader.waveform_counters().blocks == 390);
  CHECK(run.reader.waveform_counters().bytes_skipped == 0);
  CHECK(run.reader.counters().blocks_without_columns == 0);
  CHECK(run.reader.signals_without_column() == 0);
  CHECK(run.reader.next_sample() == 1500 + 390 * 128);

  CHECK(worst_difference(run, 0, plain, 0, 0.195, 32768) < 0.001);
  CHECK(worst_difference(run, 1, plain, 1, 0.195, 32768) < 0.001);
  CHECK(worst_difference(run, 2, plain, 2, 0.195, 32768) < 0.001);
  CHECK(worst_difference(run, 3, plain, 3, -0.01923, 512) < 1e-6);
  CHECK(worst_difference(run, 4, plain, 7, 0.195, 32768) < 0.001);
  CHECK(worst_difference(run, 5, plain, 9, 312.5e-6, 32768) < 1e-5);
  CHECK(worst_difference(run, 6, plain, 10, 312.5e-6, 32768) < 1e-6);
  CHECK(samples_of(run, 3).back().second == Approx(-0.01923 * (460 - 512)));

  CHECK(ttl_edges(run) == std::vector<PlainEdge>{{15000, 0, 1}, {30001, 0, 0}, {45001, 0, 1}});
  CHECK(ttl_edges(run) == plain_edges(plain, 11));
  // Nothing was stimulated: STIM idles at 0x0100 and DIGITAL-OUT stays low.
  CHECK(outputs.edges.empty());
  CHECK(plain_edges(plain, 12).empty());
  CHECK(wrong_spikes(run, plain_spikes(chunks->bytes)) == 0);
}
