// A day of one mouse, scored by a human: calibrate on one half, run strictly causally on the other.
#include <catch2/catch.hpp>
#include <cstdio>

#include "tests/unit/sleep/mouse_table.hpp"

using namespace vturn;

namespace {

struct Halves {
  std::vector<LabelledEpoch> first, second;
};

Halves halves(const std::vector<LabelledEpoch>& day) {
  const auto middle = day.begin() + static_cast<std::ptrdiff_t>(day.size() / 2);
  return {{day.begin(), middle}, {middle, day.end()}};
}

SleepScore run(const SleepModel& model, const std::vector<LabelledEpoch>& epochs, const char* what) {
  const SleepScore score = score_sleep(truth_of(epochs), 4.0, decide_epochs(model, epochs));
  std::printf("%-34s kappa %.3f  REM F1 %.3f  onset %.0f/%.0f s  false alarms %.2f/h\n", what, score.kappa,
              score.rem_f1, score.onset_latency_median_s, score.onset_latency_p90_s, score.false_alarms_per_hour);
  return score;
}

}  // namespace

TEST_CASE("a half day calibrates the other half, either way") {
  const auto day = test::mouse_table();
  if (!day) return;
  const auto drifted = test::mouse_table({0.6, 1.5});
  const Halves plain = halves(*day);
  const Halves changed = halves(*drifted);
  const auto forward = calibrate_sleep(plain.first, {});
  const auto backward = calibrate_sleep(plain.second, {});
  REQUIRE(forward);
  REQUIRE(backward);

  const SleepScore there = run(forward->model, plain.second, "first half -> second");
  const SleepScore back = run(backward->model, plain.first, "second half -> first");
  CHECK(0.5 * (there.kappa + back.kappa) >= 0.88);
  CHECK(0.5 * (there.rem_f1 + back.rem_f1) >= 0.85);
  CHECK(0.5 * (there.onset_latency_median_s + back.onset_latency_median_s) <= 12.0);
  CHECK(there.false_alarms_per_hour + back.false_alarms_per_hour <= 5.0);
  CHECK(there.kappa > rules_kappa(forward->model.rules, plain.second) + 0.03);
  CHECK(back.kappa > rules_kappa(backward->model.rules, plain.first) + 0.03);
  // What calibration promised from inside its own half is about what the other half gives.
  CHECK(forward->cross_validated.kappa == Approx(there.kappa).margin(0.05));

  const SleepScore there_changed = run(forward->model, changed.second, "first -> second, EEG x0.6 EMG x1.5");
  const SleepScore back_changed = run(backward->model, changed.first, "second -> first, EEG x0.6 EMG x1.5");
  CHECK(0.5 * (there_changed.kappa + back_changed.kappa) >= 0.88);
  CHECK(0.5 * (there_changed.rem_f1 + back_changed.rem_f1) >= 0.84);

  SleepModel frozen = forward->model;
  frozen.adaptation_s = frozen.gain_fit_s = 0.0;
  CHECK(run(frozen, changed.second, "the same, offsets frozen").kappa < 0.7);
}

TEST_CASE("long wake raises no REM alarm") {
  const auto day = test::mouse_table();
  if (!day) return;
  const auto calibration = calibrate_sleep(halves(*day).first, {});
  REQUIRE(calibration);
  std::vector<LabelledEpoch> wake;
  for (std::size_t begin = 0; begin < day->size();) {
    std::size_t end = begin;
    while (end < day->size() && (*day)[end].stage == SleepState::kWake) ++end;
    if (end - begin >= 150)
      wake.insert(wake.end(), day->begin() + static_cast<std::ptrdiff_t>(begin),
                  day->begin() + static_cast<std::ptrdiff_t>(end));
    begin = std::max(end, begin + 1);
  }
  for (std::size_t i = 0; i < wake.size(); ++i) {
    wake[i].t_s = 4.0 * static_cast<double>(i);
    wake[i].frame.time_ns = static_cast<SessionNs>((wake[i].t_s + 4.0) * 1e9);
  }
  REQUIRE(wake.size() > 4000);
  const SleepScore score = run(calibration->model, wake, "hours of wake without sleep");
  CHECK(score.false_alarms_per_hour <= 0.2);
}

TEST_CASE("changing the future changes no decision of the past") {
  const auto day = test::mouse_table();
  if (!day) return;
  const auto calibration = calibrate_sleep(halves(*day).first, {});
  REQUIRE(calibration);
  std::vector<LabelledEpoch> epochs(day->begin(), day->begin() + 3000);
  const auto before = decide_epochs(calibration->model, epochs);
  for (std::size_t i = 1500; i < epochs.size(); ++i) epochs[i].frame.set(SleepFeature::kDelta, 12.0F);
  const auto after = decide_epochs(calibration->model, epochs);
  for (std::size_t i = 0; i < 1500; ++i) {
    REQUIRE(after[i].p == before[i].p);
    REQUIRE(after[i].state == before[i].state);
  }
  CHECK(after[1600].p != before[1600].p);
}
