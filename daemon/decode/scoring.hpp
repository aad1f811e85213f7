#pragma once

#include <functional>
#include <span>
#include <vector>

#include "daemon/decode/heading_filter.hpp"
#include "daemon/decode/heading_model.hpp"
#include "daemon/decode/memoryless.hpp"
#include "daemon/decode/samples.hpp"

namespace vturn {

/// Told the share done (0..1) of a long computation now and then; false asks it to stop.
using KeepGoing = std::function<bool(double)>;

struct HeadingScore {
  double median_abs_error_deg = 0.0;
  double mean_abs_error_deg = 0.0;
  double p90_abs_error_deg = 0.0;
  double coverage_95 =
      0.0;  ///< share of scored steps whose 95 % highest-density set holds the truth; NaN where unknown
  std::uint64_t steps = 0;
};

/// Collects errors; holds one float a step.
class HeadingTally {
 public:
  void add(double error_rad, bool in_95_set);
  void add(const HeadingTally& other);
  [[nodiscard]] HeadingScore score() const;
  [[nodiscard]] const std::vector<float>& abs_errors_rad() const noexcept { return abs_errors_rad_; }

 private:
  std::vector<float> abs_errors_rad_;
  std::uint64_t covered_ = 0;
};

/// A decoder that is asked, causally, at every truth row: all spikes up to and including the row's time have been
/// given, none later. After a hole in the truth (over 1 s) the decoder starts anew and its first `settle_ns` are not
/// scored.
struct ScoringSettings {
  SessionNs settle_ns = 0;
  SessionNs hole_ns = kNsPerS;
  bool coverage = true;  ///< false: saves the time that the posterior takes; the score's coverage is then 0
  /// Told every scored row with the decoded angle.
  std::function<void(const HeadingSample&, double)> on_row = {};
};
void score_filter(HeadingFilter& filter, std::span<const SpikeSample> spikes, std::span<const HeadingSample> truth,
                  const ScoringSettings& settings, HeadingTally& tally, const KeepGoing& keep_going = {});
void score_memoryless(MemorylessDecoder& decoder, std::span<const SpikeSample> spikes,
                      std::span<const HeadingSample> truth, const ScoringSettings& settings, HeadingTally& tally,
                      const KeepGoing& keep_going = {});

/// Scores estimates made elsewhere: at every truth row the last estimate at or before it; rows before the first
/// estimate or after the last one by more than 1 s are left out. Coverage is NaN: there is no posterior.
HeadingScore score_estimates(std::span<const HeadingSample> estimates, std::span<const HeadingSample> truth);

}  // namespace vturn
