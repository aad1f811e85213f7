// Movement by what was measured: what is missing is neither stillness nor movement.
#include "daemon/sleep/motion_gate.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/sleep/synthetic_model.hpp"

using namespace vturn;

namespace {

constexpr double kStepS = 0.1;

FeatureFrame emg_frame(double level, bool there = true) {
  FeatureFrame frame;
  if (there) frame.set(SleepFeature::kEmg, static_cast<float>(level));
  return frame;
}

MotionGate gate_with(bool known) {
  SleepModel model;
  model.emg = {known, 0.0, 1.0, 4.0};
  MotionGate gate;
  gate.prepare(model, kStepS);
  return gate;
}

}  // namespace

TEST_CASE("movement is told between stimuli that blank most of the EMG") {
  MotionGate gate = gate_with(true);
  for (int i = 0; i < 20; ++i) gate.step(emg_frame(0.0), 0.0);
  int frames = 0;
  // Three frames in eight are seen.
  while (!gate.step(emg_frame(9.0, frames % 8 < 3), 0.0) && frames < 100) ++frames;
  CHECK(frames <= 17);
  // And one that moves goes on moving while nothing is seen.
  for (int i = 0; i < 20; ++i) CHECK(gate.step(emg_frame(0.0, false), 0.0));
}

TEST_CASE("more than a second without a measure is told, and so is a model without one") {
  MotionGate gate = gate_with(true);
  gate.step(emg_frame(0.0), 0.0);
  for (int i = 0; i < 10; ++i) gate.step(emg_frame(0.0, false), 0.0);
  CHECK_FALSE(gate.unmeasured());
  gate.step(emg_frame(0.0, false), 0.0);
  CHECK(gate.unmeasured());
  gate.step(emg_frame(0.0), 0.0);
  CHECK_FALSE(gate.unmeasured());

  MotionGate blind = gate_with(false);
  for (int i = 0; i < 12; ++i) CHECK_FALSE(blind.step(emg_frame(9.0), 0.0));
  CHECK(blind.unmeasured());
}
