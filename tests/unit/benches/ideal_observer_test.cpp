// The near-ideal observer against what an exact posterior must do: where it says "turning" with probability p, the
// simulated heading turns in that share of cases (calibration), on average over a session it generated itself.
#include "tools/benches/ideal_observer.hpp"

#include <array>
#include <catch2/catch.hpp>

#include "tools/benches/detection_session.hpp"

using namespace vturn;
using namespace vturn::benches;

namespace {

double probability(float log_odds) { return 1.0 / (1.0 + std::exp(-static_cast<double>(log_odds))); }

/// +1 within a turn left, -1 within one right.
int turning_at(const std::vector<SimulatedTurn>& turns, double now_s) {
  for (const SimulatedTurn& turn : turns) {
    if (now_s >= turn.onset_s && now_s < turn.onset_s + turn.shape.duration_s)
      return turn.shape.peak_velocity_rad_s > 0.0 ? 1 : -1;
  }
  return 0;
}

}  // namespace

TEST_CASE("the observer's probabilities are frequencies") {
  const HeadingModel cells = random_ring(30, kBenchWake, 4);
  const DetectionSession session = session_with_turns(cells, 40, 5);
  IdealObserver observer(cells);
  double said_left = 0.0, said_right = 0.0;
  std::array<double, 3> truth{};
  std::array<double, 2> sure{};  // steps at which a left turn is said to be surer than 0.9, and those it was true at
  walk(
      session, 10 * kNsPerMs, [&](const SpikeSample& spike) { observer.spike(spike.unit); },
      [&](SessionNs now_ns) {
        observer.step();
        const int turning = turning_at(session.turns, seconds(now_ns));
        truth[static_cast<std::size_t>(turning + 1)] += 1.0;
        const double left = probability(observer.log_odds_left());
        said_left += left;
        said_right += probability(observer.log_odds_right());
        if (left < 0.9) return;
        sure[0] += 1.0;
        sure[1] += turning == 1 ? 1.0 : 0.0;
      });
  CHECK(said_left == Approx(truth[2]).epsilon(0.15));
  CHECK(said_right == Approx(truth[0]).epsilon(0.15));
  REQUIRE(sure[0] > 100.0);
  CHECK(sure[1] / sure[0] > 0.88);
}
