#pragma once

#include <optional>
#include <vector>

#include "tools/simulation/random.hpp"
#include "tools/simulation/settings.hpp"

namespace vturn::simulation {

/// One rotation of the compass, real or virtual.
struct TurnTruth {
  double onset_s;
  double angle_rad;  ///< counter-clockwise positive; what was turned, also when it was cut short
  SleepState stage;
};

/// The internal heading. At rest it drifts (Ornstein-Uhlenbeck velocity plus diffusion); turns are added as
/// raised-cosine velocity pulses. The figures follow facts measured on mice: wake angular velocity s.d. ~78 deg/s with
/// an autocorrelation time of ~0.15 s; REM rest drift s.d. 20 deg/s (tau 0.5 s) with 10 deg/sqrt(s) diffusion and turns
/// of 200-800 ms up to 600 deg/s; NREM ten times faster wandering (tau 50 ms) and no turns. Awake the compass holds to
/// the head; asleep the head lies still, and on waking the compass returns to it.
class Compass {
 public:
  Compass(std::uint64_t seed, std::uint64_t life);

  /// Starts a turn at `onset_s` unless one is under way. Returns whether it was taken.
  bool command_turn(const Moment& now, double onset_s, Direction direction);
  /// A long rotation at steady speed, as after unilateral TTX.
  bool command_rotation(const Moment& now, double onset_s, Direction direction);
  void step(const Moment& now);

  /// A stimulus: the turn under way dies out within 20 ms and true is returned; with none, the heading is nudged by 8
  /// degrees within 100 ms.
  bool stimulate(double time_s);

  [[nodiscard]] double heading_rad() const noexcept { return heading_rad_; }
  [[nodiscard]] double head_rad() const noexcept { return head_rad_; }
  [[nodiscard]] double velocity_rad_s() const noexcept { return velocity_rad_s_; }
  [[nodiscard]] bool turning() const noexcept { return turn_.has_value() && started_; }
  /// Turns that ended since the last call, by onset.
  std::vector<TurnTruth> take_turns();

 private:
  struct Turn {
    double onset_s, duration_s, peak_rad_s;
    bool sustained;  ///< plateau with 150 ms flanks instead of one raised cosine
    std::optional<double> cut_s;
    SleepState stage;
  };

  double drift(const Moment& now);
  double turn_velocity(double time_s);
  void end_turn();
  Turn draw_turn(const Moment& now, double onset_s, Direction direction);

  Random random_;
  OrnsteinUhlenbeck wake_active_, wake_quiet_, rem_, nrem_;
  double heading_rad_ = 0.0, head_rad_ = 0.0, velocity_rad_s_ = 0.0;
  std::optional<Turn> turn_;
  bool started_ = false;
  double turned_rad_ = 0.0;
  double nudge_rad_s_ = 0.0, nudge_until_s_ = -1.0;
  std::vector<TurnTruth> done_;
};

}  // namespace vturn::simulation
