#pragma once

#include <string>
#include <vector>

#include "daemon/decode/scoring.hpp"
#include "tools/benches/simulated_ring.hpp"

namespace vturn::benches {

/// One decoder on one simulated session, asked every millisecond with its last estimate.
struct DecoderFigures {
  std::string name;
  double median_deg = 0.0;
  double bound_ratio = 0.0;  ///< median over the bound's
  double mean_deg = 0.0;
  double lost_share = 0.0;   ///< of the time more than 45 degrees off
  double coverage_95 = 0.0;  ///< of the truth by 95 % sets; NaN without a posterior
};

struct AccuracyRun {
  std::size_t cells = 0;
  double spikes_per_s = 0.0;
  double information_rate = 0.0;  ///< rad^-2 s^-1
  double bound_median_deg = 0.0;
  std::vector<DecoderFigures> decoders;  ///< the same in every run
};

/// Filter with wake and with REM dynamics, memoryless windows (sliding and in bins) and random-walk filters on the same
/// spikes of a random ring under kBenchWake.
AccuracyRun accuracy_run(std::size_t cells, double duration_s, std::uint64_t seed);

/// What tuning fitted to ten minutes of tracked wake (39 Hz) costs: median error over that with the true tuning.
struct TuningCost {
  double exact_deg, fitted_deg, ratio;
};
TuningCost tuning_cost(std::size_t cells, double duration_s, std::uint64_t seed);

/// An hour with half the expected spikes, a fifth of them given to other units, and a minute of silence in the middle.
struct HardHour {
  std::uint64_t not_finite = 0;  ///< estimates
  double median_deg = 0.0;
  double lost_share = 0.0;  ///< outside the silence and the second after it
  double relock_s = 0.0;    ///< from the first spike after the silence until within 30 degrees for 100 ms
  double gain = 0.0;        ///< tracked at the end
};
HardHour hard_hour(std::size_t cells, std::uint64_t seed);

/// NREM: heading `factor` times as fast as awake (correlated over 50 ms), decoded with the model's NREM dynamics, with
/// dynamics made for that movement, and with the wake dynamics.
struct NremRun {
  double factor, model_deg, matched_deg, wake_deg, ratio;
};
NremRun nrem_run(std::size_t cells, double factor, double duration_s, std::uint64_t seed);

}  // namespace vturn::benches
