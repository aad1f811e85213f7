// Calibration on constructed tables: what it recovers, what it refuses and why.
#include "daemon/sleep/calibration.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "tools/lib/sleep_picture.hpp"

using namespace vturn;

namespace {

struct Shape {
  float delta, theta, emg;
};
constexpr std::array<Shape, 3> kShapes = {{{4.0F, 4.0F, 6.0F}, {6.0F, 4.2F, 3.0F}, {3.5F, 5.5F, 2.5F}}};

/// Cycles of wake, NREM and REM with the given epochs each.
std::vector<LabelledEpoch> table(int cycles, std::array<int, 3> epochs_per_state, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<float> noise(0.0F, 0.5F);
  std::vector<LabelledEpoch> result;
  for (int cycle = 0; cycle < cycles; ++cycle) {
    for (std::size_t s = 0; s < 3; ++s) {
      for (int i = 0; i < epochs_per_state[s]; ++i) {
        LabelledEpoch epoch;
        epoch.t_s = 4.0 * static_cast<double>(result.size());
        epoch.frame.time_ns = static_cast<SessionNs>((epoch.t_s + 4.0) * 1e9);
        epoch.frame.set(SleepFeature::kDelta, kShapes[s].delta + noise(random));
        epoch.frame.set(SleepFeature::kTheta, kShapes[s].theta + noise(random));
        epoch.frame.set(SleepFeature::kEmg, kShapes[s].emg + noise(random));
        epoch.stage = sleep_state_of(s);
        result.push_back(epoch);
      }
    }
  }
  return result;
}

std::string refusal(const std::vector<LabelledEpoch>& epochs) {
  const auto result = calibrate_sleep(epochs, {});
  return result ? "" : result.error();
}

bool says(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("calibration recovers the Gaussians that made the table") {
  const auto result = calibrate_sleep(table(40, {30, 40, 8}), {});
  REQUIRE(result);
  const SleepModel& model = result->model;
  REQUIRE(model.features == std::vector{SleepFeature::kDelta, SleepFeature::kTheta, SleepFeature::kEmg});
  for (std::size_t s = 0; s < kSleepStates; ++s) {
    CHECK(model.emissions[s].mean[0] == Approx(static_cast<double>(kShapes[s].delta)).margin(0.1));
    CHECK(model.emissions[s].mean[2] == Approx(static_cast<double>(kShapes[s].emg)).margin(0.1));
    CHECK(model.emissions[s].covariance[1][1] == Approx(0.25).margin(0.05));
    CHECK(model.emissions[s].covariance[0][1] == Approx(0.0).margin(0.03));
  }
  CHECK(model.emg.nrem_median == Approx(3.0).margin(0.05));
  CHECK(model.emg.nrem_mad == Approx(0.5).margin(0.05));
  CHECK(result->cross_validated.kappa > 0.97);
  CHECK(model_problem(model).empty());
  CHECK(model.hash == model_hash(model));
}

TEST_CASE("what cannot make a model is refused with its reason") {
  CHECK(says(refusal({}), "fewer than two epochs"));
  CHECK(says(refusal(table(10, {30, 40, 2})), "too little REM"));
  CHECK(says(refusal(table(40, {1, 40, 8})), "too little wake"));
  CHECK(says(refusal(table(20, {20, 20, 40})), "REM"));
  auto unscored = table(40, {30, 40, 8});
  for (auto& epoch : unscored) epoch.stage = SleepState::kUnknown;
  CHECK(says(refusal(unscored), "no epoch is scored"));
  auto empty = table(40, {30, 40, 8});
  for (auto& epoch : empty) epoch.frame.valid = feature_bit(SleepFeature::kEmg);
  CHECK(says(refusal(empty), "no brain feature"));
  auto swapped = table(40, {30, 40, 20});
  for (auto& epoch : swapped) {
    if (epoch.stage == SleepState::kRem) {
      epoch.stage = SleepState::kNrem;
    } else if (epoch.stage == SleepState::kNrem && epoch.t_s < 4000.0) {
      epoch.stage = SleepState::kRem;
    } else if (epoch.stage == SleepState::kNrem) {
      epoch.stage = SleepState::kUnknown;
    }
  }
  CHECK(says(refusal(swapped), "delta power is higher in REM"));
}

TEST_CASE("a state that no epoch teaches is refused, whatever is scored") {
  auto deaf = table(40, {30, 40, 8});
  for (std::size_t i = 0; i < deaf.size(); ++i) {
    const bool rem = deaf[i].stage == SleepState::kRem;
    if (rem ? i > 500 : i % 3 == 0)
      deaf[i].frame.valid = static_cast<SleepFeatureMask>(deaf[i].frame.valid & kBrainFeatures);
  }
  CHECK(says(refusal(deaf), "too little REM in which delta, theta, emg all have values: 3."));
  SleepCalibrationSettings settings;
  settings.features = {SleepFeature::kDelta, SleepFeature::kTheta, SleepFeature::kMotion};
  const auto still = calibrate_sleep(table(40, {30, 40, 8}), settings);
  REQUIRE_FALSE(still);
  CHECK(says(still.error(), "too little wake in which delta, theta, motion all have values: 0.0 min"));
}

TEST_CASE("REM that is missed in cross-validation is warned of, however sure the little that is told") {
  // REM looks like NREM.
  auto epochs = table(40, {30, 40, 8});
  const auto nrem = table(1, {0, 4000, 0}, 5);
  for (std::size_t i = 0; i < epochs.size(); ++i) {
    if (epochs[i].stage != SleepState::kRem) continue;
    epochs[i].frame.log_power = nrem[i].frame.log_power;
    epochs[i].frame.log_power[0] -= 0.1F;
  }
  const auto result = calibrate_sleep(epochs, {});
  REQUIRE(result);
  const auto& warnings = result->warnings;
  INFO(result->cross_validated.rem_precision << " " << result->cross_validated.rem_recall);
  CHECK(std::any_of(warnings.begin(), warnings.end(), [](const auto& text) {
    return says(text, "REM was never told") || says(text, "REM recall is only 0.");
  }));
}

TEST_CASE("no EMG is allowed, and told") {
  auto epochs = table(40, {30, 40, 8});
  for (auto& epoch : epochs) epoch.frame.valid = static_cast<SleepFeatureMask>(epoch.frame.valid & kBrainFeatures);
  const auto result = calibrate_sleep(epochs, {});
  REQUIRE(result);
  CHECK_FALSE(result->model.emg.known);
  REQUIRE_FALSE(result->warnings.empty());
  CHECK(says(result->warnings[0], "no EMG"));
}

TEST_CASE("motion that repeats EMG is left out") {
  auto epochs = table(40, {30, 40, 8});
  for (auto& epoch : epochs) epoch.frame.set(SleepFeature::kMotion, 2.0F + epoch.frame.value(SleepFeature::kEmg));
  const auto result = calibrate_sleep(epochs, {});
  REQUIRE(result);
  CHECK(std::find(result->model.features.begin(), result->model.features.end(), SleepFeature::kMotion) ==
        result->model.features.end());
}

TEST_CASE("a calibration is drawn, with holes and times as they are") {
  auto epochs = table(40, {30, 40, 8});
  for (std::size_t i = 100; i < 130; ++i) epochs[i].frame.valid = 0;
  const auto result = calibrate_sleep(epochs, {});
  REQUIRE(result);
  const std::string picture = tools::sleep_picture(*result, epochs, "a < b & c.json");
  CHECK(says(picture, "a &lt; b &amp; c.json"));
  CHECK(says(picture, "P(REM)"));
  CHECK(says(picture, "delta"));
  CHECK_FALSE(says(picture, "nan"));
  CHECK_FALSE(says(picture, "inf"));
  CHECK(picture.ends_with("</svg>\n"));
  std::size_t open = 0, closed = 0;
  for (std::size_t i = 0; i + 1 < picture.size(); ++i) {
    if (picture[i] == '<' && picture[i + 1] != '/') ++open;
    if (picture.compare(i, 2, "/>") == 0 || picture.compare(i, 2, "</") == 0) ++closed;
  }
  CHECK(open == closed);
}

TEST_CASE("progress can stop a calibration") {
  SleepCalibrationSettings settings;
  settings.progress = [](double) { return false; };
  CHECK_FALSE(calibrate_sleep(table(40, {30, 40, 8}), settings));
}
