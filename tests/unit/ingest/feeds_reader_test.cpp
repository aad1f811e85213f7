// The reader on the Event Broadcaster and the Falcon Output: the same events as from the ZMQ Interface, epochs and gaps
// by what each feed tells.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "daemon/ingest/falcon_output.hpp"
#include "tests/unit/ingest/feed_messages.hpp"
#include "tests/unit/ingest/reader_run.hpp"
#include "tests/unit/ingest/reference_filter.hpp"

using namespace vturn;
using namespace vturn::ingest;
using namespace vturn::test;

namespace {

OpenEphysReaderSettings of_feed(GuiFeed feed, double sample_rate_hz = 0) {
  OpenEphysReaderSettings settings;
  settings.feed = feed;
  settings.sample_rate_hz = sample_rate_hz;
  return settings;
}

/// Where two runs differ, apart from arrival: number of events, or of events with another sample, time or payload.
std::size_t differences(const std::vector<InputEvent>& a, const std::vector<InputEvent>& b) {
  if (a.size() != b.size()) return std::max(a.size(), b.size());
  std::size_t different = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    bool same = a[i].kind == b[i].kind && a[i].session_time_ns == b[i].session_time_ns &&
                a[i].source_sample == b[i].source_sample && a[i].flags == b[i].flags;
    if (same && a[i].kind == InputKind::kSpike) {
      const SpikeInput &x = a[i].payload.spike, &y = b[i].payload.spike;
      same = x.unit == y.unit && x.channel == y.channel && x.amplitude_uv == y.amplitude_uv;
    }
    if (same && a[i].kind == InputKind::kTtl) {
      const TtlInput &x = a[i].payload.ttl, &y = b[i].payload.ttl;
      same = x.line == y.line && x.state == y.state && x.word == y.word;
    }
    if (!same) ++different;
  }
  return different;
}

}  // namespace

TEST_CASE("Recorded cells: the Event Broadcaster's Raw Binary gives the ZMQ Interface's events, one for one") {
  const auto zmq_capture = load_capture("mouse28/zmq-spikes-318s.bin.zst");
  const auto capture = load_capture("mouse28/eb-rawbinary-318s.bin.zst");
  if (!zmq_capture || !capture) return;
  ReaderRun zmq(spikes_at_30_khz());
  zmq.capture(*zmq_capture);
  ReaderRun run(of_feed(GuiFeed::kEventBroadcaster, 30000));
  run.capture(*capture);
  CHECK(run.reader.counters().received == 51339 + 636);
  CHECK(run.reader.counters().malformed == 0);
  CHECK(run.reader.counters().spikes_received == 51339);
  CHECK(run.reader.counters().spikes_unmapped == 0);
  CHECK(run.reader.counters().ttl_received == 636);
  CHECK(run.reader.counters().epochs + run.reader.counters().gaps + run.reader.counters().lost == 0);
  CHECK(differences(zmq.sink.events, run.sink.events) == 0);
}

TEST_CASE("The Event Broadcaster's JSON of the same run has the ZMQ Interface's spikes and TTL edges") {
  const auto zmq_capture = load_capture("capture-spikes-b1024.bin");
  const auto capture = load_capture("capture-eb-b1024.bin");
  if (!zmq_capture || !capture) return;
  ReaderRun zmq(spikes_at_30_khz());
  zmq.capture(*zmq_capture);
  ReaderRun run(of_feed(GuiFeed::kEventBroadcaster));
  run.capture(*capture);
  CHECK(run.reader.counters().spikes_received == 4005);
  CHECK(run.reader.counters().ttl_received == 58);
  CHECK(run.reader.counters().malformed + run.reader.counters().without_rate == 0);
  const auto strip = [](std::vector<InputEvent> events) {
    // JSON tells one sample of the waveform, not its minimum.
    for (InputEvent& event : events)
      if (event.kind == InputKind::kSpike) event.payload.spike.amplitude_uv = 0;
    return events;
  };
  CHECK(differences(strip(zmq.sink.events), strip(run.sink.events)) == 0);
  std::size_t above_threshold = 0;
  for (const InputEvent& spike : run.sink.of(InputKind::kSpike))
    above_threshold += spike.payload.spike.amplitude_uv > -20.0F ? 1U : 0U;
  CHECK(above_threshold < 40);
}

TEST_CASE("The Event Broadcaster's streams: the first one, or the one that is asked for by name or number") {
  for (const auto& [stream, expected] : {std::pair{"", 2U}, {"s", 2U}, {"t", 1U}, {"10003", 1U}, {"absent", 0U}}) {
    OpenEphysReaderSettings settings = of_feed(GuiFeed::kEventBroadcaster, 30000);
    settings.stream = stream;
    ReaderRun run(settings);
    run.message(json_spike(10, "Electrode 1", {70.0F}, "s"));
    run.message(json_spike(11, "Electrode 2", {70.0F}, "t"));
    run.message(raw_spike(12));
    run.message(json_ttl(13, 3, "true", "s"));
    CHECK(run.sink.of(InputKind::kSpike).size() + run.sink.of(InputKind::kTtl).size() == expected);
    CHECK(run.reader.counters().other_stream == 4 - expected);
    CHECK(run.reader.stream() == (std::string(stream).empty() ? "s" : stream));
    CHECK(run.reader.other_stream() != run.reader.stream());
    CHECK_FALSE(run.reader.other_stream().empty());
  }
}

TEST_CASE("Raw Binary needs its rate from elsewhere; JSON tells it") {
  ReaderRun run(of_feed(GuiFeed::kEventBroadcaster));
  run.message(raw_spike(3000));
  CHECK(run.sink.events.empty());
  CHECK(run.reader.counters().without_rate == 1);
  ReaderRun with_json(of_feed(GuiFeed::kEventBroadcaster));
  with_json.message(json_spike(3000));
  REQUIRE(with_json.sink.of(InputKind::kSpike).size() == 1);
  CHECK(with_json.sink.events[1].session_time_ns == 100 * kNsPerMs);
}

TEST_CASE("Raw Binary of a second detector has the numbers of the first one's electrodes: its spikes get no unit") {
  ReaderRun run(of_feed(GuiFeed::kEventBroadcaster, 30000));
  const auto spike_of = [&run](unsigned detector, std::int64_t sample) {
    Message spike = raw_spike(sample, 4);
    spike.parts[1][2] = static_cast<std::uint8_t>(detector);
    run.message(spike);
  };
  for (const unsigned detector : {102U, 104U, 102U}) spike_of(detector, 60'000);
  spike_of(104, 0);  // a new epoch: the GUI's chain was built anew
  std::vector<UnitId> units;
  for (const InputEvent& event : run.sink.of(InputKind::kSpike)) units.push_back(event.payload.spike.unit);
  CHECK(units == std::vector<UnitId>{4, kNoUnit, 4, 4});
  CHECK(run.reader.counters().other_detector == 1);
  CHECK(run.reader.counters().spikes_unmapped == 1);
}

TEST_CASE("JSON edges keep a word of their own, line by line") {
  ReaderRun run(of_feed(GuiFeed::kEventBroadcaster));
  const std::vector<std::pair<int, bool>> edges = {{0, true}, {63, true}, {64, true}, {255, true}, {0, false}};
  for (const auto& [line, state] : edges) run.message(json_ttl(1, line, state ? "true" : "false"));
  std::vector<std::uint64_t> words;
  for (const InputEvent& event : run.sink.of(InputKind::kTtl)) words.push_back(event.payload.ttl.word);
  const std::uint64_t top = std::uint64_t{1} << 63;
  CHECK(words == std::vector<std::uint64_t>{1, top | 1, top | 1, top | 1, top});
}

TEST_CASE("The Event Broadcaster numbers nothing: a jump of samples that nothing explains begins an epoch") {
  ReaderRun run(of_feed(GuiFeed::kEventBroadcaster, 30000));
  MonoNs now_ns = kNsPerS;
  const auto spike_at = [&](double time_s) {
    run.message(raw_spike(std::llround(time_s * 30000)), now_ns);
    now_ns += 10 * kNsPerMs;
  };
  for (const double time_s : {50.0, 50.01, 49.7, 50.02, 51.0, 58.0}) spike_at(time_s);
  CHECK(run.sink.changes().size() == 1);
  spike_at(0.01);  // a board that was restarted
  spike_at(0.02);
  spike_at(500.0);  // another recording
  const auto changes = run.sink.changes();
  REQUIRE(changes.size() == 3);
  CHECK(changes[1].change == SourceChange::kEpoch);
  CHECK(changes[1].cause == EpochCause::kLoop);
  CHECK(changes[2].change == SourceChange::kEpoch);
  CHECK(changes[2].cause == EpochCause::kRestart);
  const auto spikes = run.sink.of(InputKind::kSpike);
  // Session time goes on from the newest time plus what passed since.
  CHECK(spikes[6].session_time_ns == 58'010 * kNsPerMs);
  CHECK(spikes[7].session_time_ns == 58'020 * kNsPerMs);
}

TEST_CASE("Falcon: signals by number, decimated as a reference filter decimates the captured samples") {
  const auto capture = load_capture("capture-falcon-b1024.bin");
  if (!capture) return;
  OpenEphysReaderSettings settings = of_feed(GuiFeed::kFalconOutput);
  settings.signals = {{4, "", 31}, {5, "", 0}};
  ReaderRun run(settings);
  run.capture(*capture);
  CHECK(run.reader.counters().received == 40);
  CHECK(run.reader.counters().parsed == 40);
  CHECK(run.reader.counters().data_received == 40);
  CHECK(run.reader.counters().lost + run.reader.counters().gaps + run.reader.counters().epochs == 0);
  CHECK(run.sink.changes().size() == 1);
  // The file has line 0 high from 15000 to 15300; the plugin's stale sample makes the second edge one early.
  const auto edges = run.sink.of(InputKind::kTtl);
  REQUIRE(edges.size() == 2);
  CHECK(edges[0].source_sample == 15000);
  CHECK(edges[0].payload.ttl.state == 1);
  CHECK(edges[0].payload.ttl.word == 1);
  CHECK(edges[1].source_sample == 15299);
  CHECK(edges[1].payload.ttl.state == 0);
  CHECK(run.reader.counters().ttl_received == 2);

  for (const auto& [signal, channel] : {std::pair<int, std::size_t>{4, 31}, {5, 0}}) {
    ReferenceLowPass filter(30000, 375);
    FalconOutputParser parser;
    std::vector<double> expected;
    std::int64_t count = 0;
    for_each_message(*capture, [&](const CapturedMessage& captured) {
      GuiMessage message;
      REQUIRE(parser.parse(captured.frames(), message) == ParseError::kNone);
      for (std::size_t i = 0; i < 696; ++i) {
        const double sample = sample_at(message.samples, channel * 696 + i);
        if (count == 0) filter.settle(sample);
        const double filtered = filter.push(sample);
        if (count++ % 30 == 0) expected.push_back(filtered);
      }
    });
    std::size_t next = 0;
    double worst = 0;
    for (const InputEvent& event : run.sink.of(InputKind::kLfp)) {
      if (event.payload.lfp.signal != signal) continue;
      CHECK(event.session_time_ns == static_cast<SessionNs>(next) * kNsPerMs);
      for (std::size_t i = 0; i < event.payload.lfp.count; ++i, ++next)
        worst = std::max(worst, std::fabs(event.payload.lfp.samples[i] - expected.at(next)));
    }
    CHECK(next == expected.size());
    CHECK(worst < 0.001);
  }
}

TEST_CASE("Falcon: a missing block is a gap by its number, a hole in the samples one by its samples") {
  OpenEphysReaderSettings settings = of_feed(GuiFeed::kFalconOutput);
  settings.signals = {{0, "", 1}};
  ReaderRun run(settings);
  FalconBlock block = falcon_block(1, 0, 300);
  run.message(falcon_message(block));
  block = falcon_block(4, 900, 300);
  block.codes.assign(300, 1);  // went high while nothing came: no edge of a time that is not known
  run.message(falcon_message(block));
  run.message(falcon_message(falcon_block(5, 1500, 300)));
  const auto changes = run.sink.changes();
  REQUIRE(changes.size() == 3);
  CHECK(changes[1].change == SourceChange::kGap);
  CHECK(changes[1].count == 2);
  CHECK(changes[2].change == SourceChange::kGap);
  CHECK(changes[2].count == 300);
  CHECK(run.reader.counters().lost == 2);
  CHECK(run.sink.of(InputKind::kTtl).empty());
}

TEST_CASE("Falcon: a board that begins anew is an epoch although the blocks are counted on") {
  ReaderRun run(of_feed(GuiFeed::kFalconOutput));
  run.message(falcon_message(falcon_block(1, 0, 300)), kNsPerS);
  run.message(falcon_message(falcon_block(2, 300, 300)), kNsPerS + 10 * kNsPerMs);
  run.message(falcon_message(falcon_block(3, 0, 300)), 6 * kNsPerS);
  run.message(falcon_message(falcon_block(4, 300, 300)), 6 * kNsPerS + 10 * kNsPerMs);
  // The plugin was made anew: its count begins at 1 again.
  run.message(falcon_message(falcon_block(1, 600, 300)), 8 * kNsPerS);
  std::vector<SourceChange> changes;
  for (const SourceInput& change : run.sink.changes())
    if (change.change != SourceChange::kClock) changes.push_back(change.change);
  CHECK(changes == std::vector<SourceChange>{SourceChange::kUp, SourceChange::kEpoch, SourceChange::kEpoch});
  CHECK(run.reader.counters().lost == 0);
}

TEST_CASE("Falcon without channels still tells the time and the lines") {
  ReaderRun run(of_feed(GuiFeed::kFalconOutput));
  for (std::uint64_t i = 0; i < 100; ++i) {
    FalconBlock block = falcon_block(i + 1, 300 * i, 300, 0);
    block.codes.assign(300, i >= 50 ? 4 : 0);
    run.message(falcon_message(block), kNsPerS + static_cast<MonoNs>(i) * 10 * kNsPerMs);
  }
  REQUIRE(run.sink.of(InputKind::kTtl).size() == 1);
  CHECK(run.sink.of(InputKind::kTtl)[0].session_time_ns == 500 * kNsPerMs);
  CHECK(run.sink.changes().size() >= 9);
  CHECK(run.reader.newest_own_ns() == kNsPerS);
}

TEST_CASE("What cannot be read of a feed is refused once as an event and counted always") {
  ReaderRun falcon(of_feed(GuiFeed::kFalconOutput));
  ReaderRun broadcaster(of_feed(GuiFeed::kEventBroadcaster));
  for (int i = 0; i < 3; ++i) {
    falcon.message(old_falcon_message());
    broadcaster.message({{part("spike/sortedid:0/id:3/ts:17")}});
  }
  for (const ReaderRun* run : {&falcon, &broadcaster}) {
    REQUIRE(run->sink.changes().size() == 1);
    CHECK(run->sink.changes()[0].change == SourceChange::kRefused);
    CHECK(run->reader.counters().malformed == 3);
    CHECK_THAT(std::string(run->reader.last_error_text()), Catch::Contains("update"));
  }
}
