#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "tools/simulation/follower.hpp"
#include "tools/simulation/peer.hpp"

namespace vturn::simulation {

struct PaceSettings {
  std::string follow;          ///< vturnd's PUB, empty = none
  double speed = 1.0;          ///< times real time, or the recorded pace; 0 = as fast as it goes
  double run_ahead_ms = 50.0;  ///< of what is sent over the published session time, with follow
  double follow_timeout_s = 30.0;
  bool wait_subscriber = true;
};

/// How fast a run's own time (seconds from its start) may pass: by the clock on the wall, and no further ahead of the
/// session time that vturnd publishes than allowed.
class Pace {
 public:
  using Clock = Peer::Clock;

  /// `command` names itself in messages.
  Pace(ZmqContext& context, const PaceSettings& settings, std::string command);

  /// Waits for whom the peer awaits, if asked to, and starts the clock; false when interrupted or the peer broke.
  bool start(Peer& peer);
  /// Waits until the run's time may be `time_s`; false when interrupted, vturnd is lost or the peer broke.
  bool wait(double time_s, Peer& peer);
  /// Acquisition begins anew with what the run calls `time_s`, whose sample number is that of `sample_time_s`:
  /// vturnd's session time begins there, or goes on from where it stood plus the time that passed.
  void rebase_session(double time_s, double sample_time_s);
  /// Seconds of the run for a session time.
  [[nodiscard]] double run_time_s(SessionNs session_ns) const { return seconds(session_ns) - session_offset_s_; }

  [[nodiscard]] Follower* follower() noexcept { return follower_ ? &*follower_ : nullptr; }
  [[nodiscard]] bool lost_vturnd() const noexcept { return lost_vturnd_; }
  /// When the run's time is `time_s` by the wall clock; in the past when it goes as fast as it can.
  [[nodiscard]] Clock::time_point due(double time_s) const;
  [[nodiscard]] double speed() const noexcept { return settings_.speed; }
  [[nodiscard]] double wall_s() const;

 private:
  bool wait_acquiring(double time_s, Peer& peer);
  bool wait_for_vturnd(double time_s, Peer& peer);
  bool report_lost_vturnd(double time_s);
  [[nodiscard]] double followed_s() const;

  PaceSettings settings_;
  std::string command_;
  std::optional<Follower> follower_;
  Clock::time_point begun_{}, start_{};
  double session_offset_s_ = 0.0;
  double stood_still_s_ = 0.0;  ///< of run time, since the last rebase
  bool lost_vturnd_ = false;
};

}  // namespace vturn::simulation
