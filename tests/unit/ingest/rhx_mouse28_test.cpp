// Recorded head-direction cells as the real Intan RHX streamed them: 318 s of spikes, frames and digital pulses,
// decoded with the model that the Open Ephys captures are decoded with; 4 s of wide band.
#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>
#include <map>

#include "daemon/decode/calibration.hpp"
#include "daemon/decode/memoryless.hpp"
#include "tests/unit/ingest/rhx_truth.hpp"
#include "tools/lib/heading_csv.hpp"

using namespace vturn;
using namespace vturn::ingest;
using namespace vturn::test;

namespace {

constexpr double kRateHz = 20000;
const std::vector<std::string> kColumns = {"A-AUX1", "A-AUX2", "A-AUX3", "DIGITAL-IN-01"};

struct Recorded {
  RhxStream frames, chunks;
};

std::optional<Recorded> load_run318() {
  auto frames = load_rhx("mouse28/run318/waveform", ".zst", ".zst");
  auto chunks = load_rhx("mouse28/run318/spike", "", ".zst");
  if (!frames || !chunks) return std::nullopt;
  return Recorded{*std::move(frames), *std::move(chunks)};
}

/// Spikes of which no true one of the same unit lies 2 samples before to 5 behind: the crossing is stamped, not the
/// trough.
std::size_t not_in_truth(const RhxRun& run, const std::filesystem::path& file) {
  std::ifstream lines(file);
  std::string line;
  std::getline(lines, line);
  std::map<UnitId, std::vector<SampleIndex>> truth;
  SampleIndex sample = 0;
  UnitId unit = 0;
  for (char comma = 0; lines >> sample >> comma >> unit;) truth[unit].push_back(sample);
  for (auto& [of, samples] : truth) std::sort(samples.begin(), samples.end());
  std::size_t strange = 0;
  for (const InputEvent& spike : run.sink.of(InputKind::kSpike)) {
    const auto& samples = truth[spike.payload.spike.unit];
    const auto near = std::lower_bound(samples.begin(), samples.end(), spike.source_sample - 2);
    if (near == samples.end() || *near > spike.source_sample + 5) ++strange;
  }
  return strange;
}

std::vector<SpikeSample> spike_samples(const RhxRun& run) {
  std::vector<SpikeSample> spikes;
  for (const InputEvent& event : run.sink.of(InputKind::kSpike)) {
    spikes.push_back({event.session_time_ns, event.payload.spike.unit});
  }
  return spikes;
}

}  // namespace

TEST_CASE("RHX, recorded head-direction cells, 318 s: 51,314 spikes, 49,732 blocks, 318 pulses, nothing lost") {
  const auto recorded = load_run318();
  const auto truth = shared_data("intan/mouse28/truth_spikes_20k.csv");
  if (!recorded || !truth) return;
  RhxRun run(rhx_settings(kColumns, kRateHz));
  play(run, recorded->frames, recorded->chunks);
  CHECK(run.reader.counters().spikes == 51314);
  CHECK(run.reader.counters().spikes_unmapped == 0);
  CHECK(run.reader.counters().spikes_unplaced == 0);
  CHECK(run.reader.spikes_waiting() == 0);
  CHECK(wrong_spikes(run, plain_spikes(recorded->chunks.bytes)) == 0);
  CHECK(not_in_truth(run, *truth) == 0);

  CHECK(run.reader.waveform_counters().blocks == 49732);
  CHECK(run.reader.waveform_counters().bytes == run.reader.waveform_counters().block_bytes);
  CHECK(run.reader.counters().missing_samples == 0);
  CHECK(run.reader.counters().column_changes == 0);
  CHECK(run.reader.epoch() == 0);
  CHECK(run.changes().size() == 1);
  CHECK(run.reader.next_sample() == 49732 * 128);

  // 10 ms high at each half second.
  std::vector<PlainEdge> pulses;
  for (SampleIndex second = 0; second < 318; ++second) {
    pulses.push_back({20000 * second + 10000, 0, 1});
    pulses.push_back({20000 * second + 10200, 0, 0});
  }
  CHECK(ttl_edges(run) == pulses);
  for (const InputEvent& edge : run.sink.of(InputKind::kTtl)) {
    REQUIRE(edge.session_time_ns == edge.source_sample * 50'000);
  }
  std::printf("RHX mouse28: %llu spikes, %llu of them waited for their run's first frames\n",
              static_cast<unsigned long long>(run.reader.counters().spikes),
              static_cast<unsigned long long>(run.reader.counters().spikes_waited));
}

TEST_CASE("RHX, recorded head-direction cells: decoded at every 25 ms step with a median error below 11.5 degrees") {
  const auto recorded = load_run318();
  const auto calib_spikes = shared_data("open-ephys/mouse28/calib_spikes.csv");
  const auto calib_heading = shared_data("open-ephys/mouse28/calib_heading.csv");
  const auto heading = shared_data("open-ephys/mouse28/heading.csv");
  if (!recorded || !calib_spikes || !calib_heading || !heading) return;
  const auto model =
      calibrate_heading(tools::read_spikes_csv(*calib_spikes), tools::read_heading_csv(*calib_heading, false), {});
  REQUIRE(model);
  RhxRun run(rhx_settings(kColumns, kRateHz));
  play(run, recorded->frames, recorded->chunks);
  const auto spikes = spike_samples(run);
  auto truth = tools::read_heading_csv(*heading, false);
  std::erase_if(truth, [&](const HeadingSample& row) { return row.time_ns > run.reader.newest_own_ns(); });

  HeadingFilter filter;
  filter.prepare(*model);
  HeadingTally tally, memoryless_tally, shifted_tally;
  score_filter(filter, spikes, truth, {}, tally);
  MemorylessDecoder memoryless;
  memoryless.prepare(*model, 200 * kNsPerMs);
  score_memoryless(memoryless, spikes, truth, {}, memoryless_tally);
  const HeadingScore score = tally.score();
  const double memoryless_deg = memoryless_tally.score().median_abs_error_deg;
  CHECK(score.steps > 12'700);
  CHECK(score.median_abs_error_deg <= 11.5);
  CHECK(score.median_abs_error_deg <= 1.05 * memoryless_deg);
  CHECK(memoryless_deg == Approx(10.9).margin(0.4));

  // Heading shifted by 150 s: nothing must be left but the animal's preference for some directions.
  std::vector<HeadingSample> shifted = truth;
  for (std::size_t row = 0; row < truth.size(); ++row)
    shifted[row].angle_rad = truth[(row + 6000) % truth.size()].angle_rad;
  filter.reset();
  score_filter(filter, spikes, shifted, {.coverage = false}, shifted_tally);
  const double shifted_deg = shifted_tally.score().median_abs_error_deg;
  CHECK(shifted_deg > 45.0);
  std::printf("RHX mouse28: median %.2f deg over %llu steps, memoryless 200 ms %.2f deg, heading shifted %.1f deg\n",
              score.median_abs_error_deg, static_cast<unsigned long long>(score.steps), memoryless_deg, shifted_deg);
}

TEST_CASE("RHX, recorded head-direction cells, 4 s of wide band: 867 spikes, 32 wide columns, 4 pulses") {
  const auto frames = load_rhx("mouse28/wide4/waveform", ".zst"), chunks = load_rhx("mouse28/wide4/spike");
  if (!frames || !chunks) return;
  std::vector<std::string> enabled = kColumns;
  RhxReaderSettings settings = rhx_settings({}, kRateHz);
  for (std::uint16_t channel = 0; channel < 32; ++channel) {
    const std::string name = "A-0" + std::string(channel < 10 ? "0" : "") + std::to_string(channel);
    enabled.push_back(name);
    settings.signals.push_back({channel, name, -1});
  }
  settings.columns = rhx_columns_of(enabled);
  REQUIRE(settings.columns.size() == 36);
  RhxRun run(settings);
  play(run, *frames, *chunks);
  const PlainFrames plain(frames->bytes);
  CHECK(run.reader.waveform_counters().blocks == 673);
  CHECK(run.reader.counters().blocks_without_columns == 0);
  CHECK(run.changes().size() == 1);
  CHECK(run.reader.counters().spikes == 867);
  CHECK(wrong_spikes(run, plain_spikes(chunks->bytes)) == 0);
  for (const std::uint16_t channel : {std::uint16_t{0}, std::uint16_t{13}, std::uint16_t{31}}) {
    CHECK(worst_difference(run, channel, plain, channel, 0.195, 32768) < 0.001);
  }
  CHECK(ttl_edges(run) == plain_edges(plain, 35));
  CHECK(ttl_edges(run).size() == 8);
}
