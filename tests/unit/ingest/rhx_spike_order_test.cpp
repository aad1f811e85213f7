// Spikes of RHX that come up to 42 ms before their frames or behind them, around a new run as well: each has the time
// that its run's frames give it, whatever the two sockets' order.
#include <catch2/catch.hpp>
#include <random>

#include "tests/unit/ingest/rhx_truth.hpp"

using namespace vturn;
using namespace vturn::ingest;
using namespace vturn::test;

namespace {

using Random = std::mt19937_64;
constexpr std::int64_t kSampleNs = 50'000;
constexpr std::int64_t kFurthestNs = 42 * kNsPerMs;

struct Sent {
  MonoNs at;
  bool is_spike;
  std::uint32_t timestamp;
};

struct RunPlan {
  std::uint32_t first;
  std::uint32_t blocks;
  MonoNs begins;
  MonoNs ends = 0;
};

/// Runs one behind the other; frames are sent when their last sample is over, each spike within 42 ms of that.
struct Plan {
  Plan(Random& random, std::size_t mean_spike_distance) {
    MonoNs now = kNsPerS;
    for (int i = 0; i < 3; ++i) {
      RunPlan run{random() % 2 == 0 ? 0U : 1500U, 60 + static_cast<std::uint32_t>(random() % 300), now};
      add_frames(run);
      add_spikes(run, random, mean_spike_distance);
      runs.push_back(run);
      // Runs in which hardly a cell fires are told apart by the pause between them, which RHX does not make so short.
      const MonoNs shortest_ms = mean_spike_distance > 4000 ? 300 : 1;
      now = run.ends + (shortest_ms + static_cast<MonoNs>(random() % 1000)) * kNsPerMs;
    }
    std::stable_sort(sent.begin(), sent.end(), [](const Sent& a, const Sent& b) { return a.at < b.at; });
  }

  void add_frames(RunPlan& run) {
    for (std::uint32_t block = 0; block < run.blocks; ++block) {
      run.ends = run.begins + (block + 1) * 128 * kSampleNs;
      sent.push_back({run.ends, false, run.first + 128 * block});
    }
  }
  void add_spikes(const RunPlan& run, Random& random, std::size_t mean_distance) {
    for (std::uint32_t at = 0; at < 128 * run.blocks;
         at += 1 + static_cast<std::uint32_t>(random() % (2 * mean_distance))) {
      const MonoNs frames_at = run.begins + (at / 128 + 1) * 128 * kSampleNs;
      const auto shift = static_cast<MonoNs>(random() % (2 * kFurthestNs)) - kFurthestNs;
      // One socket: a spike does not overtake the one before it.
      last_spike_at = std::max(last_spike_at + 1, frames_at + shift);
      sent.push_back({last_spike_at, true, run.first + at});
      samples.push_back(run.first + at);
      // What passed between the last frames of a run and the first of the next is added to session time.
      const std::int64_t offset_ns = runs.empty() ? 0 : run_offset_ns(run);
      times.push_back(offset_ns + (run.first + at) * kSampleNs);
    }
  }
  /// Session time of sample 0 of this run, which is not yet in `runs`.
  [[nodiscard]] std::int64_t run_offset_ns(const RunPlan& run) const {
    std::int64_t newest_ns = (runs[0].first + 128 * SampleIndex{runs[0].blocks}) * kSampleNs;
    for (std::size_t i = 1; i <= runs.size(); ++i) {
      const RunPlan& next = i < runs.size() ? runs[i] : run;
      newest_ns += next.begins + 128 * kSampleNs - runs[i - 1].ends;
      if (i == runs.size()) break;
      newest_ns += 128 * SampleIndex{next.blocks} * kSampleNs;
    }
    return newest_ns - run.first * kSampleNs;
  }

  std::vector<RunPlan> runs;
  std::vector<Sent> sent;
  std::vector<SampleIndex> samples;
  std::vector<SessionNs> times;
  MonoNs last_spike_at = 0;
};

}  // namespace

TEST_CASE("RHX spikes around frames and runs in any order of the sockets: all have their sample and their time") {
  const std::size_t distance = GENERATE(40U, 400U, 4000U, 12000U, 40000U);
  std::size_t spikes = 0, waited = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    INFO("seed " << seed << ", distance " << distance);
    Random random(seed);
    const Plan plan(random, distance);
    RhxRun run(rhx_settings());
    for (const Sent& sent : plan.sent) {
      if (sent.is_spike) run.spikes(rhx_chunk(sent.timestamp), sent.at);
      if (!sent.is_spike) run.waveform(rhx_block(sent.timestamp), sent.at);
    }
    run.waveform({}, plan.sent.back().at);
    REQUIRE(run.reader.epoch() == 2);
    REQUIRE(run.reader.counters().gaps == 0);
    REQUIRE(run.reader.counters().spikes_unplaced == 0);
    const auto events = run.sink.of(InputKind::kSpike);
    REQUIRE(events.size() + run.reader.spikes_waiting() == plan.samples.size());
    REQUIRE(run.reader.spikes_waiting() == 0);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < events.size(); ++i) {
      const bool right = events[i].source_sample == plan.samples[i] && events[i].session_time_ns == plan.times[i];
      if (!right) ++wrong;
    }
    REQUIRE(wrong == 0);
    spikes += events.size();
    waited += run.reader.counters().spikes_waited;
  }
  CHECK(waited > 0);
  CHECK(spikes > waited);
}
