#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "daemon/core/types.hpp"
#include "daemon/ingest/clock_line.hpp"

namespace vturn::ingest {

/// Published while nothing can be said: far above any bound a rule may set.
inline constexpr std::int64_t kUnknownUncertaintyNs = 3'600 * kNsPerS;
/// What a clock may wander away from its last known rate when nothing is heard from it (temperature).
inline constexpr double kHoldDrift = 20e-6;

struct ArrivalMapSettings {
  double speed = 1.0;  ///< own-clock seconds per wall second: 1 on a rig, more in accelerated runs
};

/// Maps a sample clock onto this machine's monotonic clock by the lower envelope of arrival times: data are often late
/// and never early, so the earliest arrivals of each second lie on a line whose slope is the clocks' rate.
///
/// The line is the lower hull's edge below the mean (Moon, Skelly & Towsley 1999, "Estimation and removal of clock skew
/// from network delay measurements") over two minutes of one-second minima. It maps onto the instant of arrival at
/// *minimum* delay; that delay itself cannot be observed.
/// Bounded, allocation-free; one hull of 128 points a second.
class ArrivalMap {
 public:
  explicit ArrivalMap(ArrivalMapSettings settings = {}) noexcept;

  /// Data up to own time `own_ns` had arrived at `arrival_ns`. Older own times than the newest are ignored.
  void observe(std::int64_t own_ns, MonoNs arrival_ns) noexcept;
  /// The relation of the clocks begins anew (a new epoch of the own clock). The mapped line bends over to the new one.
  void restart() noexcept;

  [[nodiscard]] bool started() const noexcept { return line_.started(); }
  [[nodiscard]] const ClockLine& line() const noexcept { return line_; }
  [[nodiscard]] MonoNs at(std::int64_t own_ns) const noexcept { return line_.at(own_ns); }
  /// Bound on the error of `at`, wall nanoseconds, without the unobservable minimum delay.
  [[nodiscard]] std::int64_t uncertainty_ns(std::int64_t own_ns) const noexcept;
  /// Its part that does not grow with time since the newest observation.
  [[nodiscard]] double spread_ns() const noexcept { return spread_ns_; }
  /// Growth of the uncertainty with wall time since the newest observation.
  [[nodiscard]] double drift_bound() const noexcept;
  [[nodiscard]] std::int64_t newest_own_ns() const noexcept { return newest_own_ns_; }

 private:
  static constexpr std::size_t kBins = 128;
  /// Wall seconds since the first observation; late = arrival minus own time (scaled), what the envelope is fitted to.
  struct Point {
    double own_ns;
    double late_ns;
  };

  [[nodiscard]] Point point(std::int64_t own_ns, MonoNs arrival_ns) const noexcept;
  [[nodiscard]] double above_line(const Point& p) const noexcept {
    return p.late_ns - intercept_ns_ - slope_ * p.own_ns;
  }
  void close_bin() noexcept;
  void fit() noexcept;
  [[nodiscard]] std::size_t lower_hull(std::array<Point, kBins>& hull) const noexcept;
  [[nodiscard]] double mean_own_ns() const noexcept;
  [[nodiscard]] double scatter_ns() const noexcept;
  double risen_ns(double own_ns) noexcept;
  void judge_spread() noexcept;
  void steer_line() noexcept;
  [[nodiscard]] const Point& bin(std::size_t age) const noexcept { return bins_[(closed_ - 1 - age) % kBins]; }
  [[nodiscard]] std::size_t held() const noexcept { return closed_ < kBins ? closed_ : kBins; }

  ArrivalMapSettings settings_;
  double max_drift_;
  std::array<Point, kBins> bins_{};
  std::size_t closed_ = 0;  ///< bins closed so far
  Point lowest_{};          ///< of the open bin
  double bin_end_ns_ = 0;
  double intercept_ns_ = 0;
  double slope_ = 0;
  Point anchor_{};  ///< the envelope as it was when it last lay within what crystals can do
  double anchor_slope_ = 0;
  bool anchored_ = false;
  double spread_ns_ = static_cast<double>(kUnknownUncertaintyNs);
  std::int64_t own_zero_ns_ = 0;
  MonoNs arrival_zero_ns_ = 0;
  std::int64_t newest_own_ns_ = 0;
  bool any_ = false;
  ClockLine line_;
};

/// Where the pairing looks for the partner of an own pulse: session time give or take.
struct ClockEstimate {
  SessionNs session_ns = 0;
  std::int64_t uncertainty_ns = kUnknownUncertaintyNs;
};

/// Maps an own clock onto the session clock by pulses that both record. The pulses need no pattern: a rough estimate
/// (arrival times) says which belong together, so lost pulses, extra pulses and a start at any moment do no harm.
/// Pulses that the estimate cannot tell apart are not paired. Least squares over the last pairs. Bounded,
/// allocation-free.
class TtlMap {
 public:
  /// The master's rising edge.
  void master_edge(SessionNs session_ns) noexcept;
  /// The own clock's rising edge, and where arrival times put it.
  void own_edge(std::int64_t own_ns, const ClockEstimate& rough) noexcept;
  /// Forgets all pairs: not locked until new ones agree.
  void restart() noexcept;

  [[nodiscard]] bool locked() const noexcept { return locked_; }
  [[nodiscard]] SessionNs at(std::int64_t own_ns) const noexcept { return line_.at(own_ns); }
  /// Bound on the error of `at` while locked.
  [[nodiscard]] std::int64_t uncertainty_ns(std::int64_t own_ns) const noexcept;
  [[nodiscard]] std::uint64_t pairs() const noexcept { return pairs_total_; }
  [[nodiscard]] std::uint64_t unpaired() const noexcept { return unpaired_; }

 private:
  static constexpr std::size_t kEdges = 64;
  static constexpr std::size_t kPairs = 64;
  struct OwnEdge {
    std::int64_t own_ns;
    ClockEstimate rough;
  };
  struct Pair {
    std::int64_t own_ns;
    SessionNs session_ns;
  };

  void pair_pending() noexcept;
  bool settle(const OwnEdge& edge) noexcept;
  [[nodiscard]] std::size_t master_edges_within(SessionNs centre_ns, std::int64_t reach_ns,
                                                SessionNs& found) const noexcept;
  [[nodiscard]] std::size_t own_edges_within(std::int64_t own_ns, std::int64_t reach_ns) const noexcept;
  void accept(const OwnEdge& edge, SessionNs session_ns) noexcept;
  void miss(double distance_ns) noexcept;
  [[nodiscard]] bool candidates_agree() const noexcept;
  void fit() noexcept;
  [[nodiscard]] std::size_t held() const noexcept { return pairs_ < kPairs ? pairs_ : kPairs; }
  [[nodiscard]] const Pair& pair(std::size_t age) const noexcept { return pair_ring_[(pairs_ - 1 - age) % kPairs]; }

  std::array<SessionNs, kEdges> master_ring_{};
  std::uint64_t master_edges_ = 0;
  std::array<OwnEdge, kEdges> pending_{};
  std::size_t pending_count_ = 0;
  std::array<std::int64_t, kEdges> own_ring_{};
  std::uint64_t own_edges_ = 0;
  std::array<Pair, kPairs> pair_ring_{};
  std::size_t pairs_ = 0;  ///< since the last lock began
  std::uint64_t pairs_total_ = 0;
  std::uint64_t unpaired_ = 0;
  std::size_t misses_in_a_row_ = 0;
  double spread_ns_ = 0;
  double suspicion_ns_ = 0;  ///< distance of the last pulse that came near a master's pulse without meeting it
  double rate_error_ = 0;
  bool locked_ = false;
  ClockLine line_;
};

}  // namespace vturn::ingest
