#pragma once

#include <cstdint>

#include "daemon/core/types.hpp"

namespace vturn::turns {

struct ProportionEstimate {
  double probability = 0.0;  ///< hits / trials, 0 without trials
  double low = 0.0;          ///< 95 % interval; [0, 1] without trials
  double high = 1.0;
  std::uint64_t trials = 0;
  std::uint64_t hits = 0;
};

/// Wilson's score interval of a proportion (Wilson 1927), 95 %.
ProportionEstimate wilson(std::uint64_t hits, std::uint64_t trials) noexcept;

/// A proportion whose trials are not independent: those close in time see the same moments. How much less they tell is
/// read from blocks of time (the variance between them against the binomial's), and the interval is Wilson's of so many
/// fewer trials. Constant memory, no allocation.
class BlockedProportion {
 public:
  /// Trials in order of time, but for some seconds.
  void add(SessionNs time_ns, bool hit) noexcept;
  [[nodiscard]] ProportionEstimate estimate() const noexcept;

 private:
  static constexpr std::int64_t kBlockNs = 30 * kNsPerS;

  /// Trials and hits of the blocks that are over, their number, and the sums of their products.
  struct Sums {
    double trials = 0.0, hits = 0.0;
    double blocks = 0.0, trials_trials = 0.0, trials_hits = 0.0, hits_hits = 0.0;
    void close(double block_trials, double block_hits) noexcept;
  };
  [[nodiscard]] static double design_effect(const Sums& sums) noexcept;

  Sums done_;
  double block_trials_ = 0.0, block_hits_ = 0.0;
  SessionNs block_end_ns_ = 0;
};

}  // namespace vturn::turns
