#pragma once

#include <cstdint>

#include "daemon/core/types.hpp"
#include "daemon/sleep/sleep_features.hpp"

namespace vturn {

/// The heading as the last 200 ms of spikes tell it, whatever the state: see MemorylessDecoder.
struct WindowedHeading {
  SessionNs time_ns = INT64_MIN;
  double angle_rad = 0.0;
  double evidence_nats = 0.0;  ///< of the tuning against mean rates
};

/// What spikes tell of sleep: rate, silences and bursts of the whole population (up and down states of NREM), and how
/// fast and how coherently the decoded heading moves (ten times faster in NREM, Peyrache et al. 2015). Tells NREM from
/// the rest; REM and wake look alike to it. Averages over 2 s; 50 ms behind the frame's time, by when spikes have come.
/// Pure, no allocation, the same bits on every machine.
class UnitFeatures {
 public:
  static constexpr SessionNs kBinNs = 50 * kNsPerMs;
  static constexpr SessionNs kWindowNs = 200 * kNsPerMs;
  static constexpr SessionNs kHeadingStepNs = 100 * kNsPerMs;

  void prepare() noexcept;
  void reset() noexcept;
  /// Of any unit; one that comes late counts at the newest time.
  void spike(SessionNs time_ns) noexcept;
  /// Every kHeadingStepNs; a missing one forgets the one before.
  void heading(const WindowedHeading& heading) noexcept;
  /// Adds the unit features to a frame; none before 4 s of data.
  void add_to(FeatureFrame& frame) noexcept;

 private:
  void advance(SessionNs time_ns) noexcept;
  void close_bin() noexcept;

  double rate_ = 1.0;          ///< of the averages, a bin
  double heading_rate_ = 1.0;  ///< a step of the heading
  std::int64_t bin_ = INT64_MIN;
  double count_ = 0.0;
  double mean_ = 0.0, square_ = 0.0, silent_ = 0.0;
  int bins_ = 0;
  WindowedHeading last_, before_;
  double speed_rad_s_ = 0.0, evidence_nats_ = 0.0;
  int headings_ = 0;
};

}  // namespace vturn
