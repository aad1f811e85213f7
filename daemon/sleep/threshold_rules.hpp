#pragma once

#include <span>

#include "daemon/sleep/labelled_epochs.hpp"

namespace vturn {

/// The three-threshold rules on one epoch; NREM where they have nothing to go by.
SleepState apply_rules(const ThresholdRules& rules, const FeatureFrame& frame) noexcept;
/// Thresholds of greatest kappa on the labelled epochs; not known when delta, theta or EMG is absent.
ThresholdRules fit_rules(std::span<const LabelledEpoch> epochs);
/// Epoch by epoch; with a dwell, a change of state counts once it has been wanted for that long.
std::vector<SleepDecision> decide_by_rules(const ThresholdRules& rules, std::span<const LabelledEpoch> epochs,
                                           double dwell_s);

/// A model that is nothing but these thresholds, for animals that nothing was calibrated on.
SleepModel manual_model(const ManualThresholds& thresholds);

/// The rules of the Lüthi laboratory's online scorer (Ypnos, Nature Neuroscience 2024) carried over to epochs: a state
/// machine on log EMG, scaled by its range since the start, and log delta/theta, with the original's waiting times.
std::vector<SleepDecision> decide_by_ypnos(const YpnosRule& rule, std::span<const LabelledEpoch> epochs);
/// Thresholds of greatest kappa on the labelled epochs; not known when delta, theta or EMG is absent.
YpnosRule fit_ypnos(std::span<const LabelledEpoch> epochs);

}  // namespace vturn
