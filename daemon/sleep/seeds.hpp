#pragma once

#include <span>
#include <string>
#include <vector>

#include "daemon/core/expected.hpp"
#include "daemon/sleep/labelled_epochs.hpp"

namespace vturn {

/// Two normal distributions that make up a sample, the lower first.
struct TwoNormals {
  std::array<double, 2> mean{};
  std::array<double, 2> sd{};
  std::array<double, 2> weight{};

  /// Ashman's D: above 2 the two are clearly apart.
  [[nodiscard]] double separation() const noexcept;
  /// P(the lower one | value).
  [[nodiscard]] double lower(double value) const noexcept;
};

/// By expectation-maximisation from the quartiles; at least four values.
TwoNormals fit_two_normals(const std::vector<double>& values);

/// Fewer seconds of a state than this are too few to start from.
inline constexpr double kFewestSeedsS = 48.0;

/// Epochs that are wake, NREM or REM by what any mouse's sleep looks like; UNKNOWN where that does not tell.
struct StateSeeds {
  std::vector<SleepState> stages;  ///< of every epoch
  SleepFeature tone = SleepFeature::kEmg;
  double separation = 0.0;  ///< of the muscle tone's two kinds
  std::size_t rem = 0;
};

/// Needs delta, theta and EMG (else motion, else EMG from LFP). Refuses with the reason.
Expected<StateSeeds> seed_states(std::span<const LabelledEpoch> epochs);

}  // namespace vturn
