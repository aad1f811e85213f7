// What the headstages of the simulated RHX hear of the digital mouse, against the mouse's own truth.
#include <catch2/catch.hpp>
#include <cmath>
#include <map>

#include "tests/unit/ingest/rhx_streams.hpp"
#include "tests/unit/simulation/rhx_rig.hpp"

using namespace vturn;
using namespace vturn::simulation;
using namespace vturn::simulation::test;

namespace {

/// What a detector with RHX's dead time makes of the mouse's spikes before `end`.
UnitSamples expected_crossings(const std::vector<Block>& lived, double rate_hz, std::int64_t end) {
  UnitSamples all;
  for (const auto& block : lived) {
    for (const auto& spike : block.spikes) {
      const auto sample = static_cast<std::int64_t>(std::floor(spike.time_s * rate_hz));
      auto& of_unit = all[amplifier(spike.unit)];
      const bool seam = !of_unit.empty() && of_unit.back() / 128 != (of_unit.back() + 50) / 128;
      if (sample < end && (of_unit.empty() || sample >= of_unit.back() + (seam ? 50 : 51))) of_unit.push_back(sample);
    }
  }
  std::erase_if(all, [](const auto& unit) { return unit.second.empty(); });
  return all;
}

}  // namespace

TEST_CASE("RHX mouse: each unit's crossings are its spikes but for RHX's dead time, at any rate") {
  for (const double rate_hz : {20000.0, 25000.0, 30000.0}) {
    Rig rig(make_settings(), rate_hz);
    rig.enable(spike_items());
    rig.connect();
    rig.run();
    rig.live(600);
    const auto frames = rig.frames();
    const auto chunks = parse_chunks(rig.client.spikes);
    CHECK(contiguous(frames, 0, frames.size(), 0));
    const auto expected = expected_crossings(rig.lived, rate_hz, static_cast<std::int64_t>(frames.size()));
    CHECK(expected.size() > 50);
    CHECK(by_name(chunks) == expected);
    std::size_t spikes = 0;
    for (const auto& block : rig.lived) spikes += block.spikes.size();
    CHECK(chunks.size() > spikes * 98 / 100);
    CHECK(std::all_of(chunks.begin(), chunks.end(), [](const Chunk& c) { return c.id == 1; }));
    CHECK(std::is_sorted(chunks.begin(), chunks.end(), [](const Chunk& a, const Chunk& b) {
      return std::pair(a.timestamp, a.name) < std::pair(b.timestamp, b.name);
    }));
  }
}

TEST_CASE("RHX mouse: vturnd's reader finds the same spikes, the pulses and the signals") {
  auto settings = make_settings();
  settings.mouse.artefact_hz = 20.0;
  Rig rig(settings);
  auto items = spike_items();
  for (const char* item : {"b-000.tcpdataoutputenabledlow", "b-001.tcpdataoutputenabledhigh",
                           "a-aux2.tcpdataoutputenabled", "digital-in-01.tcpdataoutputenabled"}) {
    items.emplace_back(item);
  }
  rig.enable(items);
  rig.connect();
  rig.run();
  rig.live(300);

  auto reader_settings =
      vturn::test::rhx_settings({"B-000|LOW", "B-001|HIGH", "A-AUX2", "DIGITAL-IN-01"}, rig.mouse_settings.rate_hz);
  reader_settings.signals = {{0, "B-000|LOW"}, {1, "B-001|HIGH"}, {2, "A-AUX2"}};
  vturn::test::RhxRun run(std::move(reader_settings));
  // Some frames first, which say that the run is on: spikes far behind them would be taken for a new run's.
  constexpr std::size_t kFirstBlock = 4 + 128 * (4 + 2 * 4);
  const auto& waveform = rig.client.waveform;
  run.waveform({waveform.begin(), waveform.begin() + kFirstBlock});
  run.spikes(rig.client.spikes);
  run.waveform({waveform.begin() + kFirstBlock, waveform.end()});
  const auto frames = rig.frames();
  const auto chunks = parse_chunks(rig.client.spikes);
  UnitSamples read;
  for (const auto& event : run.sink.of(InputKind::kSpike))
    read[amplifier(event.payload.spike.unit)].push_back(event.source_sample);
  std::vector<Chunk> crossings;
  std::copy_if(chunks.begin(), chunks.end(), std::back_inserter(crossings), [](const Chunk& c) { return c.id == 1; });
  CHECK(read == by_name(crossings));
  CHECK(run.reader.counters().spike_artefacts == chunks.size() - crossings.size());
  CHECK(run.reader.counters().missing_samples == 0);
  CHECK(run.reader.counters().epochs == 0);
  std::vector<std::pair<std::int64_t, int>> edges, expected;
  for (const auto& event : run.sink.of(InputKind::kTtl))
    edges.emplace_back(event.source_sample, event.payload.ttl.state);
  for (std::int64_t second = 0; second < 10; ++second) {
    for (const auto& [at, state] : {std::pair{15000, 1}, std::pair{15300, 0}}) {
      if (second * 30000 + at < static_cast<std::int64_t>(frames.size()))
        expected.emplace_back(second * 30000 + at, state);
    }
  }
  CHECK(edges == expected);
  for (int signal = 0; signal < 3; ++signal) {
    const auto lfp = run.sink.of(InputKind::kLfp);
    CHECK(std::count_if(lfp.begin(), lfp.end(), [&](const InputEvent& e) { return e.payload.lfp.signal == signal; }) >
          100);
  }
}

TEST_CASE("RHX mouse: LFP, EMG and accelerometer in the words of the facts, with RHX's error of AUX") {
  for (const int blocks_per_write : {1, 4}) {
    Rig rig(make_settings());
    rig.enable({"b-000.tcpdataoutputenabled", "b-000.tcpdataoutputenabledlow", "b-001.tcpdataoutputenabledhigh",
                "a-aux1.tcpdataoutputenabled", "b-aux3.tcpdataoutputenabled"},
               blocks_per_write);
    rig.connect();
    rig.run();
    rig.live(40);
    const auto frames = rig.frames();
    REQUIRE(frames.size() >= 39 * 1024);
    const auto lfp = rig.signal(0), emg = rig.signal(1), x = rig.signal(2), z = rig.signal(4);
    const auto amplifier_word = [](float uv) { return std::lround(static_cast<double>(uv) / 0.195) + 32768; };
    const auto aux_word = [](float volts) { return std::lround(static_cast<double>(volts) / 37.4e-6); };
    const std::size_t window = 128U * static_cast<std::size_t>(blocks_per_write);
    const std::size_t wide = rig.column("B-000 WIDE"), low = rig.column("B-000 LOW"), high = rig.column("B-001 HIGH"),
                      aux1 = rig.column("A-AUX1"), aux3 = rig.column("B-AUX3");
    std::size_t wrong = 0, late = 0;
    for (std::size_t i = 0; i < frames.size(); ++i) {
      const auto& words = frames[i].words;
      wrong +=
          words[wide] != amplifier_word(lfp[i]) || words[low] != words[wide] || words[high] != amplifier_word(emg[i]);
      // A true value lasts 4 samples; of a write the first quarter is sent, each value for 16.
      const std::size_t sent = i / window * window + i % window / 16 * 4;
      wrong += words[aux1] != aux_word(x[sent]) || words[aux3] != aux_word(z[sent]);
      late += words[aux1] != aux_word(x[i / 4 * 4]);
    }
    CHECK(wrong == 0);
    CHECK(late > frames.size() / 10);
  }
}

TEST_CASE("RHX mouse: a threshold detector over the high band finds the spikes of the spike port") {
  Rig rig(make_settings());
  rig.enable({"a-003.tcpdataoutputenabledhigh", "a-003.tcpdataoutputenabledspike", "a-005.tcpdataoutputenabled",
              "a-005.tcpdataoutputenabledspike"});
  rig.connect();
  rig.run();
  rig.live(1200);
  const auto frames = rig.frames();
  UnitSamples found;
  for (const auto& [name, column] :
       {std::pair{"A-003", rig.column("A-003 HIGH")}, std::pair{"A-005", rig.column("A-005 WIDE")}}) {
    std::int64_t silent_until = 0;
    double sum = 0.0;
    for (std::size_t i = 0; i < frames.size(); ++i) {
      const double uv = 0.195 * (frames[i].words[column] - 32768.0);
      sum += uv * uv;
      if (uv >= -70.0 || static_cast<std::int64_t>(i) < silent_until) continue;
      found[name].push_back(static_cast<std::int64_t>(i));
      silent_until = static_cast<std::int64_t>(i) + 51;
    }
    CHECK(std::sqrt(sum / static_cast<double>(frames.size())) > 5.0);  // there is noise
  }
  CHECK(found.size() == 2);
  CHECK(by_name(parse_chunks(rig.client.spikes)) == found);
}

TEST_CASE("RHX mouse: artefacts and crossings of no unit; thresholds and suppression as set") {
  auto settings = make_settings();
  settings.mouse.amplifiers = 96;
  settings.mouse.background_hz = 2000.0;
  settings.mouse.artefact_hz = 100.0;
  Rig rig(settings);
  rig.enable(spike_items(96));
  rig.connect();
  rig.client.say("set a-090.spikethresholdmicrovolts -400;set a-091.spikethresholdmicrovolts 70;");
  rig.run();
  rig.live(300);
  const auto chunks = parse_chunks(rig.client.spikes);
  const double seconds = 300.0 * 1024.0 / 30000.0;
  std::map<int, double> of_id;
  for (const auto& chunk : chunks) of_id[chunk.id] += 1.0;
  std::size_t spikes = 0;
  for (const auto& block : rig.lived) spikes += block.spikes.size();
  CHECK(of_id.size() == 2);
  CHECK(of_id[0x80] == Approx(100.0 * seconds).epsilon(0.15));
  CHECK(of_id[1] == Approx(2000.0 * seconds + static_cast<double>(spikes)).epsilon(0.1));
  const auto units = by_name(chunks);
  CHECK(units.at("A-095").size() > 50);
  CHECK(units.count("A-091") == 0);
  CHECK(std::all_of(chunks.begin(), chunks.end(), [](const Chunk& c) { return c.name != "A-090" || c.id == 0x80; }));
  rig.client.say("set artifactsuppressionenabled false;");
  rig.live(30);
  const auto later = parse_chunks(rig.client.spikes);
  const auto set = later.begin() + static_cast<std::ptrdiff_t>(chunks.size()) + 100;
  CHECK(set < later.end());
  CHECK(std::all_of(set, later.end(), [](const Chunk& c) { return c.id == 1; }));
}
