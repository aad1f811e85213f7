#pragma once

#include <filesystem>
#include <optional>

#include "tests/helpers/process.hpp"

namespace vturn::test {

/// Heading model of the recorded animal, from the calibration pair: $VTURN_MOUSE28_MODEL when it is there, else made
/// once a program. Nothing (and one line said) where the shared data are absent.
std::optional<std::filesystem::path> mouse28_model();

/// A sleep model of features that the test makes up: enough for a rule to have states, in `folder`.
std::filesystem::path made_up_sleep_model(const ScratchDir& folder);

/// The digital mouse's own calibration, so that a test needs no shared data.
struct CalibratedMouse {
  std::filesystem::path heading, sleep, cells;
};
CalibratedMouse calibrated_mouse(const ScratchDir& folder);

}  // namespace vturn::test
