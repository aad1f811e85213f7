// A day of one mouse, scored by a human: calibrate on one half, run strictly causally on the other.
#include <catch2/catch.hpp>
#include <cstdio>
#include <map>

#include "daemon/sleep/calibration.hpp"
#include "daemon/sleep/unsupervised.hpp"
#include "tests/unit/sleep/mouse_table.hpp"
#include "tools/lib/sleep_baselines.hpp"

using namespace vturn;

namespace {

struct Halves {
  std::vector<LabelledEpoch> first, second;
};

Halves halves(const std::vector<LabelledEpoch>& day) {
  const auto middle = day.begin() + static_cast<std::ptrdiff_t>(day.size() / 2);
  return {{day.begin(), middle}, {middle, day.end()}};
}

void tell(const char* what, const SleepScore& score) {
  std::printf("%-34s kappa %.3f  REM F1 %.3f  onset %.0f/%.0f s  false alarms %.2f/h\n", what, score.kappa,
              score.rem_f1, score.onset_latency_median_s, score.onset_latency_p90_s, score.false_alarms_per_hour);
}

SleepScore run(const SleepModel& model, const std::vector<LabelledEpoch>& epochs, const char* what) {
  const SleepScore score = score_sleep(truth_of(epochs), 4.0, decide_epochs(model, epochs));
  tell(what, score);
  return score;
}

}  // namespace

/// Features and settings are chosen, and baselines fitted, inside the training half only.
TEST_CASE("a half day calibrates the other half, either way") {
  const auto day = test::mouse_table();
  if (!day) return;
  const Halves plain = halves(*day);
  double kappa = 0.0, f1 = 0.0, latency_s = 0.0, alarms = 0.0, changed_kappa = 0.0, frozen_fall = 0.0;
  std::map<std::string, double> baseline;
  for (const bool forward : {true, false}) {
    const auto& training = forward ? plain.first : plain.second;
    const auto& other = forward ? plain.second : plain.first;
    const auto calibration = calibrate_sleep(training, {});
    REQUIRE(calibration);
    const SleepScore score = run(calibration->model, other, forward ? "first half -> second" : "second half -> first");
    // What calibration promised from inside its own half is about what the other half gives.
    CHECK(calibration->cross_validated.kappa == Approx(score.kappa).margin(0.05));
    kappa += 0.5 * score.kappa;
    f1 += 0.5 * score.rem_f1;
    latency_s += 0.5 * score.onset_latency_median_s;
    alarms += 0.5 * score.false_alarms_per_hour;
    for (const auto& one : tools::sleep_baselines(calibration->model, other)) {
      const SleepScore theirs = score_sleep(truth_of(other), 4.0, one.decisions);
      tell(std::string(one.name).c_str(), theirs);
      baseline[std::string(one.name)] += 0.5 * theirs.kappa;
    }
    const auto changed = with_gain(other, 0.6, 1.5);
    changed_kappa += 0.5 * run(calibration->model, changed, "EEG x0.6 EMG x1.5").kappa;
    SleepModel frozen = calibration->model;
    frozen.adaptation_s = frozen.gain_fit_s = 0.0;
    frozen_fall += 0.5 * run(frozen, other, "frozen").kappa;
    frozen_fall -= 0.5 * run(frozen, changed, "frozen, EEG x0.6 EMG x1.5").kappa;
  }
  CHECK(kappa >= 0.88);
  CHECK(f1 >= 0.85);
  CHECK(latency_s <= 12.0);
  CHECK(alarms <= 2.5);
  CHECK(kappa >= std::max(baseline["viterbi_frozen"], baseline["viterbi_adapted"]) - 0.015);
  CHECK(kappa > baseline["three_thresholds_dwell"] + 0.03);
  CHECK(kappa > baseline["ypnos_like"] + 0.1);
  CHECK(kappa - changed_kappa <= 0.03);
  CHECK(frozen_fall > 0.1);
}

TEST_CASE("long wake of the other half raises no REM alarm") {
  const auto day = test::mouse_table();
  if (!day) return;
  const Halves plain = halves(*day);
  for (const bool forward : {true, false}) {
    const auto calibration = calibrate_sleep(forward ? plain.first : plain.second, {});
    REQUIRE(calibration);
    const auto wake = test::long_wake(forward ? plain.second : plain.first);
    REQUIRE(wake.size() > 2000);
    const SleepScore score = run(calibration->model, wake, "hours of wake without sleep");
    CHECK(score.false_alarms_per_hour <= 0.3);
  }
}

TEST_CASE("a model without labels, or a refusal") {
  const auto day = test::mouse_table();
  if (!day) return;
  std::size_t refused = 0;
  for (std::size_t hour = 0; hour < 24; hour += 4) {
    const auto window = std::span(*day).subspan(900 * hour, 4 * 900);
    const auto found = calibrate_sleep_unsupervised(window);
    if (!found) {
      std::printf("hours %zu to %zu: %s\n", hour, hour + 4, found.error().c_str());
      ++refused;
      continue;
    }
    std::vector<LabelledEpoch> rest(day->begin(), day->begin() + static_cast<std::ptrdiff_t>(900 * hour));
    rest.insert(rest.end(), day->begin() + static_cast<std::ptrdiff_t>(900 * (hour + 4)), day->end());
    const SleepScore score = run(found->model, rest, "four hours without labels -> the rest");
    CHECK(score.kappa >= 0.85);
    CHECK(score.rem_f1 >= 0.75);
  }
  CHECK(refused <= 4);
}

TEST_CASE("wake alone makes no model without labels") {
  const auto day = test::mouse_table();
  if (!day) return;
  const auto wake = test::long_wake(*day);
  REQUIRE(wake.size() >= 4 * 2700);
  for (std::size_t begin = 0; begin + 2700 <= wake.size(); begin += 900)
    CHECK_FALSE(calibrate_sleep_unsupervised(std::span(wake).subspan(begin, 2700)));
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
