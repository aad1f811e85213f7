// A run that a reader in an earlier process had read up to some sample, taken over: what was missed is exact, another
// run is told from it, and time goes on.
#include <catch2/catch.hpp>

#include "tests/unit/ingest/rhx_streams.hpp"

using namespace vturn;
using namespace vturn::ingest;
using namespace vturn::test;

namespace {

constexpr SampleIndex kWrap = SampleIndex{1} << 32;

struct TakenOver {
  TakenOver(SampleIndex next, std::uint32_t timestamp) : run(rhx_settings()) {
    run.reader.resume(next);
    run.waveform(rhx_blocks(timestamp, 2), 7 * kNsPerS);
    changes = run.changes();
    REQUIRE_FALSE(changes.empty());
    CHECK(changes[0].payload.source.change == SourceChange::kUp);
    CHECK(changes[0].payload.source.cause == EpochCause::kStart);
  }
  RhxRun run;
  std::vector<InputEvent> changes;
};

}  // namespace

TEST_CASE("RHX run taken over: the missing samples are one exact gap behind kUp, over the wrap of 2^32 too") {
  struct Case {
    SampleIndex next;
    std::uint32_t timestamp;
    std::uint64_t missing;
  };
  const std::vector<Case> cases = {
      {128'000, 128'001, 1},
      {128'000, 12'928'000, 12'800'000},              // 640 s
      {128'000, 0x7FFFFFFFU, 0x7FFFFFFFU - 128'000},  // a day
      {0, 1500, 1500},
      {kWrap - 1000, 500, 1500},
      {kWrap + 1000, 5000, 4000},
      {5 * kWrap - 1, 0, 1},
  };
  for (const Case& c : cases) {
    INFO("next " << c.next << ", timestamp " << c.timestamp);
    TakenOver taken(c.next, c.timestamp);
    REQUIRE(taken.changes.size() == 2);
    const SourceInput& gap = taken.changes[1].payload.source;
    CHECK(gap.change == SourceChange::kGap);
    CHECK(gap.count == c.missing);
    const SampleIndex first = c.next + static_cast<SampleIndex>(c.missing);
    CHECK(taken.changes[1].source_sample == first);
    CHECK(taken.changes[1].session_time_ns == first * 50'000);
    CHECK(taken.run.reader.counters().missing_samples == c.missing);
    CHECK(taken.run.reader.counters().gaps == 1);
    CHECK(taken.run.reader.epoch() == 0);
    CHECK(taken.run.reader.next_sample() == first + 256);
  }
}

TEST_CASE("RHX run taken over where the other reader had ended: up, and nothing else") {
  for (const SampleIndex next : {SampleIndex{1500}, kWrap, 3 * kWrap + 77}) {
    TakenOver taken(next, static_cast<std::uint32_t>(next));
    CHECK(taken.changes.size() == 1);
    CHECK(taken.changes[0].source_sample == next);
    CHECK(taken.run.reader.counters().missing_samples == 0);
  }
}

TEST_CASE("RHX: a run that began while nobody read is an epoch, and time does not fall") {
  struct Case {
    SampleIndex next;
    std::uint32_t timestamp;
  };
  for (const Case& c : {Case{1'000'000, 0}, Case{1'000'000, 1500}, Case{1'000'000, 700'000}, Case{129, 128},
                        Case{3'000'000'000, 1500}, Case{kWrap + 2'000'000'000, 19'999}}) {
    INFO("next " << c.next << ", timestamp " << c.timestamp);
    TakenOver taken(c.next, c.timestamp);
    REQUIRE(taken.changes.size() == 2);
    const SourceInput& epoch = taken.changes[1].payload.source;
    CHECK(epoch.change == SourceChange::kEpoch);
    CHECK(epoch.cause == EpochCause::kRestart);
    CHECK(epoch.epoch == 1);
    CHECK(epoch.count == 0);
    CHECK(taken.changes[1].source_sample == c.timestamp);
    CHECK(taken.changes[1].session_time_ns == c.next * 50'000);
    CHECK(taken.run.reader.counters().missing_samples == 0);
    CHECK(taken.run.reader.counters().gaps == 0);
  }
}

TEST_CASE("RHX run taken over: spikes that come before its first frames wait for them and stand where they belong") {
  const bool restarted = GENERATE(false, true);
  RhxRun run(rhx_settings());
  run.reader.resume(kWrap + 10'000);
  run.spikes(rhx_chunk(restarted ? 600U : 10'600U));
  CHECK(run.sink.events.empty());
  CHECK(run.reader.spikes_waiting() == 1);
  run.waveform(rhx_block(restarted ? 512 : 10'512));
  const auto spikes = run.sink.of(InputKind::kSpike);
  REQUIRE(spikes.size() == 1);
  CHECK(spikes[0].source_sample == (restarted ? 600 : kWrap + 10'600));
  CHECK(spikes[0].session_time_ns == (kWrap + (restarted ? 10'088 : 10'600)) * 50'000);
  CHECK(run.reader.counters().spikes_waited == 1);
}

TEST_CASE("RHX run taken over: told before the rate is known; not once frames have come") {
  RhxReaderSettings settings = rhx_settings();
  settings.sample_rate_hz = 0;
  RhxRun run(settings);
  run.reader.resume(1000);
  CHECK(run.reader.next_sample() == 1000);
  run.waveform(rhx_block(1128));
  CHECK(run.changes().empty());
  run.reader.set_sample_rate(30000);
  run.waveform(rhx_block(1256));
  run.reader.resume(99);
  run.waveform(rhx_block(1384));
  const auto changes = run.changes();
  REQUIRE(changes.size() == 2);
  CHECK(changes[1].payload.source.change == SourceChange::kGap);
  CHECK(changes[1].payload.source.count == 256);
}

TEST_CASE("RHX run taken over: what happens later is judged as ever") {
  TakenOver taken(1000, 2000);
  taken.run.waveform(rhx_block(2356), 7 * kNsPerS);
  taken.run.waveform(rhx_block(0), 8 * kNsPerS);
  taken.run.waveform(rhx_block(900'000), 9 * kNsPerS);
  const auto changes = taken.run.changes();
  REQUIRE(changes.size() == 5);
  CHECK(changes[2].payload.source.change == SourceChange::kGap);
  CHECK(changes[2].payload.source.count == 100);
  CHECK(changes[3].payload.source.cause == EpochCause::kRestart);
  CHECK(changes[4].payload.source.cause == EpochCause::kLoop);
}
