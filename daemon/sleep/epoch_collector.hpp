#pragma once

#include <array>
#include <vector>

#include "daemon/sleep/features.hpp"
#include "daemon/sleep/labelled_epochs.hpp"

namespace vturn {

/// Raw signals in, rows of a features table out: runs the live FeatureExtractor and averages its powers over epochs, as
/// tables of other scorers do. For tests: recordings, session logs and the simulator give one live frame a second
/// instead. Allocates.
class EpochCollector {
 public:
  /// `epoch_s`: multiple of 0.1 s.
  EpochCollector(const FeatureSettings& settings, double epoch_s);
  void push(const LfpInput& block, SessionNs first_sample_time_ns, SampleIndex first = -1);
  /// Whole epochs so far; those without a valid frame are left out. Stages are UNKNOWN.
  [[nodiscard]] const std::vector<LabelledEpoch>& epochs() const noexcept { return epochs_; }
  [[nodiscard]] std::vector<LabelledEpoch>& epochs() noexcept { return epochs_; }

 private:
  void add(const FeatureFrame& frame);
  void close();

  FeatureExtractor extractor_;
  SessionNs epoch_ns_;
  std::int64_t index_ = INT64_MIN;
  std::array<double, kSleepFeatures> power_{};
  std::array<int, kSleepFeatures> valid_{};
  int frames_ = 0;
  int artefacts_ = 0;
  std::vector<LabelledEpoch> epochs_;
};

}  // namespace vturn
