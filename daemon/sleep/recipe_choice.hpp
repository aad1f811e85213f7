#pragma once

#include <functional>
#include <span>
#include <vector>

#include "daemon/sleep/calibration.hpp"

namespace vturn {

/// Features that most scored epochs have; motion that only repeats EMG is left out.
std::vector<SleepFeature> usable_features(std::span<const LabelledEpoch> epochs);

/// All of `features` but [begin, end).
std::vector<LabelledEpoch> without(std::span<const LabelledEpoch> epochs, std::size_t begin, std::size_t end);

/// The standard recipe (all features, light shrinkage, 15 minutes), or one that does better than it on blocks left out,
/// by more than one standard error of the difference. Each part is chosen in turn. `fixed_features`: no other set is
/// tried.
SleepRecipe choose_recipe(std::span<const LabelledEpoch> epochs, const std::vector<SleepFeature>& features,
                          bool fixed_features, std::size_t blocks, const std::function<bool()>& go_on);

}  // namespace vturn
