#pragma once

#include <cstdint>
#include <vector>

#include "daemon/decode/samples.hpp"
#include "tools/benches/simulated_ring.hpp"
#include "tools/lib/interrupt.hpp"

namespace vturn::benches {

/// Simulated REM sleep: spikes of a population whose heading rests as kBenchRest says, with turns or without.
struct DetectionSession {
  std::vector<SpikeSample> spikes;
  std::vector<SimulatedTurn> turns;
  SessionNs end_ns = 0;
  [[nodiscard]] double minutes() const { return seconds(end_ns) / 60.0; }
};

/// With `turns` random turns and 2 s after the last of them.
DetectionSession session_with_turns(const HeadingModel& cells, std::size_t turns, std::uint64_t seed);
DetectionSession session_at_rest(const HeadingModel& cells, double duration_s, std::uint64_t seed);

/// Goes through a session in order of time: `spike` at each spike, `grid` at each multiple of `grid_ns`.
template <class Spike, class Grid>
void walk(const DetectionSession& session, SessionNs grid_ns, Spike spike, Grid grid) {
  std::size_t next = 0;
  for (SessionNs now_ns = grid_ns; now_ns <= session.end_ns; now_ns += grid_ns) {
    for (; next < session.spikes.size() && session.spikes[next].time_ns <= now_ns; ++next) spike(session.spikes[next]);
    grid(now_ns);
    if (now_ns % kNsPerS == 0) tools::throw_if_interrupted();
  }
}

}  // namespace vturn::benches
