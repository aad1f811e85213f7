#include "tools/benches/detection_session.hpp"

#include <cmath>

namespace vturn::benches {
namespace {

constexpr double kStepS = 0.001;

/// Velocity of the turn under way; asked in order of time.
class TurnVelocity {
 public:
  explicit TurnVelocity(const std::vector<SimulatedTurn>& turns) : turns_(turns) {}
  double at(double now_s) {
    while (next_ < turns_.size() && now_s > turns_[next_].onset_s + turns_[next_].shape.duration_s) ++next_;
    return next_ < turns_.size() ? turns_[next_].shape.velocity_rad_s(now_s - turns_[next_].onset_s) : 0.0;
  }

 private:
  const std::vector<SimulatedTurn>& turns_;
  std::size_t next_ = 0;
};

void simulate(const HeadingModel& cells, double duration_s, std::uint64_t seed, DetectionSession& session) {
  WanderingHeading heading(kBenchRest, seed);
  calibrate::SimulatedUnits units(cells, seed + 1);
  TurnVelocity turn(session.turns);
  const auto steps = static_cast<std::int64_t>(std::llround(duration_s / kStepS));
  for (std::int64_t step = 0; step < steps; ++step) {
    const SessionNs now_ns = step * kNsPerMs;
    const double angle_rad = heading.step(turn.at(seconds(now_ns)));
    units.step(angle_rad, kStepS, [&](double at_s, UnitId unit) {
      session.spikes.push_back({now_ns + static_cast<SessionNs>(at_s * 1e9), unit});
    });
    if (step % 1000 == 0) tools::throw_if_interrupted();
  }
  session.end_ns = steps * kNsPerMs;
}

}  // namespace

DetectionSession session_with_turns(const HeadingModel& cells, std::size_t turns, std::uint64_t seed) {
  DetectionSession session;
  session.turns = random_turns(turns, seed + 2);
  simulate(cells, session.turns.back().onset_s + 2.0, seed, session);
  return session;
}

DetectionSession session_at_rest(const HeadingModel& cells, double duration_s, std::uint64_t seed) {
  DetectionSession session;
  simulate(cells, duration_s, seed, session);
  return session;
}

}  // namespace vturn::benches
