// The reader on hand-made messages: what it gives for each kind, session time through epochs, gaps, clock mapping,
// streams, refusals, damaged samples.
#include "daemon/ingest/open_ephys_reader.hpp"

#include <catch2/catch.hpp>
#include <limits>

#include "tests/unit/ingest/reader_run.hpp"

using namespace vturn;
using namespace vturn::ingest;
using namespace vturn::test;

namespace {

OpenEphysReaderSettings with_lfp() {
  OpenEphysReaderSettings settings;
  settings.signals = {{0, "LFP", -1}, {1, "", 5}};
  return settings;
}

std::vector<float> level(std::size_t count, float value = 5) { return std::vector<float>(count, value); }

}  // namespace

TEST_CASE("The first event says that the source is up; then each message gives its own") {
  OpenEphysReaderSettings settings = spikes_at_30_khz();
  settings.source = 3;
  settings.carries_motion = true;
  ReaderRun run(settings);
  run.message(spike_message(1, 3000, "Electrode 4", {10, -5, -82.5F, 3}), 77);
  run.message(ttl_message(2, 6000, 2, 1, 4), 78);
  REQUIRE(run.sink.events.size() == 3);
  const InputEvent& up = run.sink.events[0];
  CHECK(up.kind == InputKind::kSource);
  CHECK(up.payload.source.change == SourceChange::kUp);
  CHECK(up.payload.source.cause == EpochCause::kStart);
  CHECK(up.payload.source.carries_spikes == 1);
  CHECK(up.payload.source.carries_motion == 1);
  const InputEvent& spike = run.sink.events[1];
  CHECK(spike.kind == InputKind::kSpike);
  CHECK(spike.session_time_ns == 100 * kNsPerMs);
  CHECK(spike.arrival_mono_ns == 77);
  CHECK(spike.source_sample == 3000);
  CHECK(spike.source == 3);
  CHECK(spike.flags == kFlagMaster);
  CHECK(spike.payload.spike.unit == 3);
  CHECK(spike.payload.spike.amplitude_uv == -82.5F);
  const InputEvent& ttl = run.sink.events[2];
  CHECK(ttl.kind == InputKind::kTtl);
  CHECK(ttl.session_time_ns == 200 * kNsPerMs);
  CHECK(ttl.payload.ttl.line == 2);
  CHECK(ttl.payload.ttl.word == 4);
}

TEST_CASE("Spikes of electrodes without a unit are handed on and counted") {
  ReaderRun run(spikes_at_30_khz());
  run.message(spike_message(1, 0, "Tetrode 1"));
  REQUIRE(run.sink.of(InputKind::kSpike).size() == 1);
  CHECK(run.sink.of(InputKind::kSpike)[0].payload.spike.unit == kNoUnit);
  CHECK(run.reader.counters().spikes_unmapped == 1);
  CHECK(run.reader.counters().spikes_received == 1);
}

TEST_CASE("Only configured channels are decimated, by name or, without names, by number") {
  ReaderRun run(with_lfp());
  run.message(data_message(1, 0, level(90), 0, "CH1"));
  run.message(data_message(2, 0, level(90), 1, "LFP"));
  run.message(data_message(3, 0, level(90), 5, "EMG"));
  run.message(data_message(4, 90, level(90), 5, ""));
  const auto blocks = run.sink.of(InputKind::kLfp);
  REQUIRE(blocks.size() == 3);
  CHECK(blocks[0].payload.lfp.signal == 0);
  CHECK(blocks[1].payload.lfp.signal == 1);
  CHECK(blocks[2].payload.lfp.signal == 1);
  CHECK(blocks[0].payload.lfp.count == 3);
  CHECK(blocks[0].payload.lfp.rate_hz == 1000.0F);
  CHECK(blocks[2].session_time_ns == 3 * kNsPerMs);
  CHECK(run.reader.counters().data_received == 4);
  CHECK(run.reader.counters().lfp_blocks == 3);
}

TEST_CASE("A block's time is that of its first decimated sample; long messages give several blocks") {
  ReaderRun run(with_lfp());
  run.message(data_message(1, 100, level(1000), 1, "LFP"));
  const auto blocks = run.sink.of(InputKind::kLfp);
  REQUIRE(blocks.size() == 2);
  CHECK(blocks[0].source_sample == 120);
  CHECK(blocks[0].session_time_ns == 4 * kNsPerMs);
  CHECK(blocks[0].payload.lfp.count == 20);
  CHECK(blocks[1].session_time_ns == 24 * kNsPerMs);
  CHECK(blocks[1].payload.lfp.count == 13);
}

TEST_CASE("Before the rate is known nothing is handed on, and it is counted") {
  ReaderRun run(OpenEphysReaderSettings{});
  run.message(spike_message(1, 0));
  CHECK(run.sink.events.empty());
  CHECK(run.reader.counters().without_rate == 1);
  run.message(data_message(2, 0, level(30)));
  run.message(spike_message(3, 0));
  CHECK(run.sink.events.size() == 2);
  CHECK(run.sink.changes()[0].change == SourceChange::kUp);
}

TEST_CASE("A gap is told once, with its count, and starts the decimator anew") {
  ReaderRun run(with_lfp());
  run.message(data_message(1, 0, level(300, 1000), 1, "LFP"));
  run.message(data_message(5, 900, level(300, -50), 1, "LFP"));
  const auto changes = run.sink.changes();
  REQUIRE(changes.size() == 2);
  CHECK(changes[1].change == SourceChange::kGap);
  CHECK(changes[1].count == 3);
  CHECK(run.reader.counters().lost == 3);
  CHECK(run.reader.counters().gaps == 1);
  const auto blocks = run.sink.of(InputKind::kLfp);
  CHECK(blocks[1].session_time_ns == 30 * kNsPerMs);
  for (std::size_t i = 0; i < blocks[1].payload.lfp.count; ++i) {
    CHECK(blocks[1].payload.lfp.samples[i] == Approx(-50).epsilon(1e-4));
  }
}

TEST_CASE("In a new epoch session time goes on from the last time plus the time that passed") {
  const SampleIndex first = GENERATE(SampleIndex{0}, SampleIndex{10'000'000});
  OpenEphysReaderSettings settings = with_lfp();
  settings.speed = GENERATE(1.0, 20.0);
  ReaderRun run(settings);
  run.message(data_message(7, 0, level(300), 1, "LFP"), 5 * kNsPerS);
  run.message(data_message(1, first, level(300, 99), 1, "LFP"), 7 * kNsPerS);
  const auto changes = run.sink.changes();
  REQUIRE(changes.size() == 2);
  CHECK(changes[1].change == SourceChange::kEpoch);
  CHECK(changes[1].cause == EpochCause::kRestart);
  CHECK(changes[1].epoch == 1);
  const SessionNs expected = 10 * kNsPerMs + static_cast<SessionNs>(settings.speed * 2e9);
  CHECK(run.sink.of(InputKind::kSource)[1].session_time_ns == expected);
  const auto blocks = run.sink.of(InputKind::kLfp);
  CHECK(std::llabs(blocks[1].session_time_ns - expected) < kNsPerMs);
  CHECK(blocks[1].payload.lfp.samples[0] == Approx(99).epsilon(1e-4));
  CHECK(run.reader.counters().epochs == 1);
  CHECK(run.reader.counters().gaps == 0);
}

TEST_CASE("Session time keeps to the nanosecond over a day of samples") {
  ReaderRun run(spikes_at_30_khz());
  const SampleIndex sample = 30000LL * 86400 + 1;
  run.message(spike_message(1, sample));
  CHECK(run.sink.events[1].session_time_ns == 86400 * kNsPerS + 33333);
}

TEST_CASE("A source that is not the master is mapped; its own time goes along") {
  OpenEphysReaderSettings settings = spikes_at_30_khz();
  settings.master = false;
  CHECK_THROWS_AS(OpenEphysReader(settings), std::invalid_argument);
  std::int64_t asked = 0;
  settings.mapping = {&asked, [](void* context, std::int64_t own_ns, MonoNs arrival_ns) noexcept -> SessionNs {
                        ++*static_cast<std::int64_t*>(context);
                        return own_ns + arrival_ns;
                      }};
  ReaderRun run(settings);
  run.message(spike_message(1, 30), 500);
  REQUIRE(run.sink.events.size() == 2);
  CHECK(run.sink.events[1].session_time_ns == kNsPerMs + 500);
  CHECK(run.sink.own_ns[1] == kNsPerMs);
  CHECK(run.sink.events[1].flags == 0);
  CHECK(asked == 2);
}

TEST_CASE("The stream asked for is read, others are counted; without one the first after each start is taken") {
  OpenEphysReaderSettings named = spikes_at_30_khz();
  named.stream = "b";
  ReaderRun asked(named);
  asked.message(ttl_message(1, 0, 0, 1, 1, "a"));
  asked.message(ttl_message(2, 0, 0, 1, 1, "b"));
  CHECK(asked.sink.of(InputKind::kTtl).size() == 1);
  CHECK(asked.reader.counters().other_stream == 1);
  ReaderRun any(spikes_at_30_khz());
  any.message(ttl_message(1, 0, 0, 1, 1, "a"));
  any.message(ttl_message(2, 0, 0, 1, 1, "b"));
  any.message(ttl_message(3, 1, 0, 0, 0, "a"));
  any.message(ttl_message(1, 0, 0, 1, 1, "b"));
  CHECK(any.sink.of(InputKind::kTtl).size() == 3);
  CHECK(any.reader.counters().other_stream == 1);
  CHECK(any.reader.counters().epochs == 1);
}

TEST_CASE("What happened in a foreign stream's message is told with the next of our own") {
  OpenEphysReaderSettings named = spikes_at_30_khz();
  named.stream = "b";
  ReaderRun run(named);
  run.message(ttl_message(8, 0, 0, 1, 1, "b"));
  run.message(ttl_message(1, 0, 0, 1, 1, "a"));
  run.message(ttl_message(2, 0, 0, 1, 1, "b"));
  REQUIRE(run.sink.changes().size() == 2);
  CHECK(run.sink.changes()[1].cause == EpochCause::kRestart);
}

TEST_CASE("An edge that was injected with the first stream's sample number is left out, and moves no time") {
  const SampleIndex foreign = GENERATE(SampleIndex{700}, SampleIndex{30000LL * 3600});
  ReaderRun run(with_lfp());
  run.message(data_message(1, 3'000'000, level(300), 1, "LFP"));
  const std::int64_t newest_ns = run.reader.newest_own_ns();
  run.message(ttl_message(2, foreign, 4, 1, 16));
  CHECK(run.reader.newest_own_ns() == newest_ns);
  run.message(data_message(3, 3'000'300, level(300), 1, "LFP"));
  CHECK(run.sink.of(InputKind::kTtl).empty());
  CHECK(run.reader.counters().ttl_received == 1);
  CHECK(run.reader.counters().ttl_misplaced == 1);
  CHECK(run.reader.counters().epochs == 0);
  CHECK(run.reader.counters().gaps == 0);
  CHECK(run.reader.newest_own_ns() == newest_ns + 10 * kNsPerMs);
  run.message(ttl_message(4, 3'000'700, 4, 1, 16));  // of the next block
  CHECK(run.sink.of(InputKind::kTtl).size() == 1);
  CHECK(run.reader.newest_own_ns() == newest_ns + 10 * kNsPerMs);
}

TEST_CASE("Edges that come before the block that tells a loop or a gap stand in it") {
  const SampleIndex next = GENERATE(SampleIndex{336}, SampleIndex{3'000'000 + 150'000});
  ReaderRun run(with_lfp());
  run.message(data_message(1, 3'000'000, level(300), 1, "LFP"), 5 * kNsPerS);
  const bool loop = next < 3'000'000;
  run.message(ttl_message(loop ? 2 : 9, next + 30, 4, 1, 16), 6 * kNsPerS);
  run.message(ttl_message(loop ? 3 : 10, next + 60, 4, 0, 0), 6 * kNsPerS);
  run.message(data_message(loop ? 4 : 11, next, level(300), 1, "LFP"), 6 * kNsPerS);
  const auto edges = run.sink.of(InputKind::kTtl);
  REQUIRE(edges.size() == 2);
  CHECK(run.reader.counters().ttl_misplaced == 0);
  CHECK(run.sink.changes().back().change == (loop ? SourceChange::kEpoch : SourceChange::kGap));
  const SessionNs began_ns = run.sink.of(InputKind::kSource).back().session_time_ns;
  CHECK(edges[0].session_time_ns == began_ns + kNsPerMs);
  CHECK(edges[1].session_time_ns == began_ns + 2 * kNsPerMs);
  CHECK(edges[1].payload.ttl.word == 0);
}

TEST_CASE("GUI 0.5 is refused once in the events, every time in the counters") {
  ReaderRun run(spikes_at_30_khz());
  const Message old{{envelope("DATA"), part(R"({"message_no":1})"), {}}};
  run.message(old);
  run.message(old);
  REQUIRE(run.sink.changes().size() == 1);
  CHECK(run.sink.changes()[0].change == SourceChange::kRefused);
  CHECK(run.reader.counters().malformed == 2);
  CHECK(run.reader.counters().errors[static_cast<std::size_t>(ParseError::kTooOld)] == 2);
  CHECK(run.reader.last_error() == ParseError::kTooOld);
}

TEST_CASE("A malformed message is counted and shows as a gap of one") {
  ReaderRun run(spikes_at_30_khz());
  run.message(spike_message(1, 0));
  Message broken = spike_message(2, 10);
  broken.parts[2].pop_back();
  run.message(broken);
  run.message(spike_message(3, 20));
  const auto& counters = run.reader.counters();
  CHECK(counters.received == 3);
  CHECK(counters.parsed == 2);
  CHECK(counters.malformed == 1);
  CHECK(counters.lost == 1);
  CHECK(run.sink.changes().back().change == SourceChange::kGap);
}

TEST_CASE("Samples that are no numbers do not reach a filter or an amplitude") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  ReaderRun run(with_lfp());
  auto samples = level(300, 7);
  for (const std::size_t i : {10U, 11U, 200U}) samples[i] = i % 2 == 0 ? nan : -infinity;
  samples[100] = 3e38F;
  run.message(data_message(1, 0, samples, 1, "LFP"));
  for (const float sample : run.sink.of(InputKind::kLfp)[0].payload.lfp.samples)
    CHECK((sample == 0 || sample == Approx(7)));
  CHECK(run.reader.counters().bad_samples == 4);
  run.message(spike_message(2, 0, "Electrode 1", {nan, -40, -infinity, 2}));
  run.message(spike_message(3, 0, "Electrode 1", {nan, infinity}));
  const auto spikes = run.sink.of(InputKind::kSpike);
  CHECK(spikes[0].payload.spike.amplitude_uv == -40.0F);
  CHECK(spikes[1].payload.spike.amplitude_uv == 0.0F);
}
