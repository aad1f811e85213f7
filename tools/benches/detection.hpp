#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "daemon/calibrate/turn_threshold.hpp"
#include "tools/benches/spread.hpp"
#include "tools/benches/turn_contestants.hpp"

namespace vturn::benches {

struct DetectionSettings {
  std::size_t cells = 40;
  std::size_t populations = 20;
  /// The detectors beside vturn's own and CUSUM run on the first so many: they cost more than all others together.
  std::size_t peer_populations = 2;
  std::size_t turns = 500;
  double rest_minutes = 20.0;  ///< of a population's turn-free session, to train on and to test on
  double false_alarms_per_minute = 1.0;
  std::uint64_t seed = 1;
};

struct CountedRate {
  std::size_t count = 0;
  double minutes = 0.0;
  [[nodiscard]] double per_minute() const { return static_cast<double>(count) / minutes; }
  [[nodiscard]] calibrate::RateInterval interval() const { return calibrate::poisson_interval(count, minutes); }
};

/// Turns whose peak speed lies in a third of the range.
struct SpeedThird {
  double from_deg_s = 0.0, to_deg_s = 0.0;
  std::size_t turns = 0;
  double median_s = 0.0, detected_share = 0.0, bound_ratio = 0.0;
};

/// One detector over all turns of its populations. Latencies count from the true begin; misses and detections the wrong
/// way count as infinite in medians.
struct DetectorFigures {
  std::string name, settings;
  std::size_t populations = 0, turns = 0;
  double threshold = 0.0;  ///< mean over populations
  double median_s = 0.0;
  double p90_s = 0.0;           ///< of the detected
  double bound_median_s = 0.0;  ///< of the h = 4 nats bound over the same turns
  double bound_ratio = 0.0;
  double detected_share = 0.0;    ///< the right way
  double wrong_share = 0.0;       ///< of detections
  double wrong_share_high = 0.0;  ///< upper 95 % limit
  CountedRate false_at_rest, false_between_turns;
  std::array<SpeedThird, 3> thirds;
  Spread median_over_populations_s, ratio_over_populations, detected_over_populations;
};

struct DetectionRun {
  DetectionSettings settings;
  double spikes_per_s = 0.0;      ///< mean over populations
  double information_rate = 0.0;  ///< rad^-2 s^-1
  std::vector<DetectorFigures> detectors;
};

/// All detectors on random populations of REM-like rest with turns; of a family of detectors the settings with the
/// smallest median are told (picked on the test itself, which flatters them). `progress` gets the share done.
DetectionRun detection_run(const DetectionSettings& settings, const std::function<void(double)>& progress);

}  // namespace vturn::benches
