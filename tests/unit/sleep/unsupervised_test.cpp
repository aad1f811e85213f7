// Calibration without labels: its parts against closed forms and brute force, its refusals on constructed tables.
#include "daemon/sleep/unsupervised.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "daemon/sleep/forward_step.hpp"
#include "daemon/sleep/seeds.hpp"
#include "daemon/sleep/smoother.hpp"
#include "tests/unit/sleep/synthetic_model.hpp"

using namespace vturn;
using Catch::Matchers::Contains;

namespace {

struct Shape {
  float delta, theta, emg;
};
constexpr Shape kWake{4.0F, 4.0F, 6.0F}, kNrem{6.0F, 4.2F, 3.0F}, kRem{3.5F, 5.5F, 2.5F};
/// Awake and still: tone of REM, theta of wake.
constexpr Shape kQuiet{3.6F, 5.2F, 2.6F};

class Table {
 public:
  Table& add(const Shape& shape, SleepState stage, int epochs) {
    for (int i = 0; i < epochs; ++i) {
      LabelledEpoch epoch;
      epoch.t_s = 4.0 * static_cast<double>(epochs_.size());
      const auto time_ns = static_cast<SessionNs>((epoch.t_s + 4.0) * 1e9);
      epoch.frame = test::frame_of(time_ns, shape.delta + noise_(random_), shape.theta + noise_(random_),
                                   shape.emg + noise_(random_));
      epoch.stage = stage;
      epochs_.push_back(epoch);
    }
    return *this;
  }
  [[nodiscard]] const std::vector<LabelledEpoch>& epochs() const { return epochs_; }

 private:
  std::mt19937 random_{3};
  std::normal_distribution<float> noise_{0.0F, 0.45F};
  std::vector<LabelledEpoch> epochs_;
};

Table cycles(int count, int wake, int nrem, int rem) {
  Table table;
  for (int i = 0; i < count; ++i) {
    table.add(kWake, SleepState::kWake, wake);
    table.add(kNrem, SleepState::kNrem, nrem);
    table.add(kRem, SleepState::kRem, rem);
  }
  return table;
}

std::string refusal(const Table& table) {
  const auto found = calibrate_sleep_unsupervised(table.epochs());
  return found ? "" : found.error();
}

}  // namespace

TEST_CASE("two normal distributions are told apart, one is not") {
  std::mt19937 random(1);
  std::normal_distribution<double> noise;
  std::vector<double> two, one;
  for (int i = 0; i < 20000; ++i) {
    two.push_back(i % 4 == 0 ? 5.0 + 0.5 * noise(random) : 1.0 + 1.0 * noise(random));
    one.push_back(noise(random));
  }
  const TwoNormals fit = fit_two_normals(two);
  CHECK(fit.mean[0] == Approx(1.0).margin(0.05));
  CHECK(fit.mean[1] == Approx(5.0).margin(0.05));
  CHECK(fit.sd[1] == Approx(0.5).margin(0.03));
  CHECK(fit.weight[0] == Approx(0.75).margin(0.01));
  // Ashman's D: sqrt(2)·|difference| / sqrt(sum of variances).
  CHECK(fit.separation() == Approx(std::sqrt(2.0) * 4.0 / std::sqrt(1.25)).margin(0.15));
  CHECK(fit_two_normals(one).separation() < 2.0);
}

TEST_CASE("smoothed probabilities are those of all sequences") {
  const SleepModel model = test::synthetic_model();
  std::mt19937 random(8);
  std::normal_distribution<float> noise(0.0F, 1.0F);
  std::vector<LabelledEpoch> epochs;
  for (int i = 0; i < 6; ++i) {
    LabelledEpoch epoch;
    epoch.t_s = 4.0 * i;
    epoch.frame = test::frame_of(0, 4.5F + noise(random), 4.6F + noise(random), 3.5F + noise(random));
    epochs.push_back(epoch);
  }
  Emission emission;
  emission.prepare(model);
  const std::array<double, kSleepFeatures> offset{};
  StateVector start = stationary(model.transitions);
  predict(model.transitions, start);
  std::vector<StateVector> expected(epochs.size());
  double total = 0.0;
  for (std::size_t code = 0; code < 729; ++code) {
    std::vector<std::size_t> path;
    for (std::size_t rest = code; path.size() < 6; rest /= 3) path.push_back(rest % 3);
    double p = start[path[0]];
    for (std::size_t t = 0; t < 6; ++t) {
      StateVector log_likelihood{};
      emission.log_likelihood(epochs[t].frame, offset, log_likelihood);
      p *= std::exp(log_likelihood[path[t]]);
      if (t > 0) p *= model.transitions[path[t - 1]][path[t]];
    }
    total += p;
    for (std::size_t t = 0; t < 6; ++t) expected[t][path[t]] += p;
  }
  const auto smoothed = smooth_states(model, epochs);
  for (std::size_t t = 0; t < 6; ++t) {
    for (std::size_t s = 0; s < kSleepStates; ++s) CHECK(smoothed[t][s] == Approx(expected[t][s] / total));
  }
}

TEST_CASE("a table without labels gives the Gaussians that made it") {
  const auto found = calibrate_sleep_unsupervised(cycles(40, 30, 40, 10).epochs());
  REQUIRE(found);
  const SleepModel& model = found->model;
  REQUIRE(model.features == std::vector{SleepFeature::kDelta, SleepFeature::kTheta, SleepFeature::kEmg});
  CHECK(model.emissions[0].mean[2] == Approx(6.0).margin(0.1));
  CHECK(model.emissions[1].mean[0] == Approx(6.0).margin(0.1));
  CHECK(model.emissions[2].mean[1] == Approx(5.5).margin(0.1));
  CHECK(model.emissions[2].covariance[1][1] == Approx(0.2).margin(0.05));
  CHECK(found->share[2] == Approx(0.125).margin(0.01));
  CHECK(std::isnan(model.cv_kappa));
  CHECK(std::isnan(model.cv_rem_f1));
  CHECK(std::isnan(model.cv_onset_latency_s));
}

TEST_CASE("without labels, a feature that a state lacks makes no model") {
  auto epochs = cycles(40, 30, 40, 10).epochs();
  for (auto& epoch : epochs) {
    if (epoch.stage != SleepState::kRem) epoch.frame.set(SleepFeature::kGamma, 2.0F);
  }
  const auto found = calibrate_sleep_unsupervised(epochs);
  REQUIRE_FALSE(found);
  CHECK_THAT(found.error(), Contains("too little REM in which delta, theta, gamma, emg all have values"));
}

TEST_CASE("without labels it refuses with the reason") {
  CHECK_THAT(refusal(cycles(10, 30, 40, 10)), Contains("0.9 h of features"));
  CHECK_THAT(refusal(cycles(1, 3000, 0, 0)), Contains("of one kind"));
  CHECK_THAT(refusal(cycles(40, 30, 50, 0)), Contains("look like REM"));
  CHECK_THAT(refusal(cycles(1, 1000, 1500, 60)), Contains("bouts of REM in the recording: 1"));
  Table awake;
  for (int i = 0; i < 40; ++i) {
    awake.add(kWake, SleepState::kWake, 30).add(kQuiet, SleepState::kWake, 8);
    awake.add(kNrem, SleepState::kNrem, 40).add(kWake, SleepState::kWake, 5);
  }
  CHECK_THAT(refusal(awake), Contains("without 28 s of sleep"));
  auto deaf = cycles(40, 30, 40, 10).epochs();
  for (auto& epoch : deaf) epoch.frame.valid = static_cast<SleepFeatureMask>(epoch.frame.valid & kBrainFeatures);
  const auto found = calibrate_sleep_unsupervised(deaf);
  REQUIRE_FALSE(found);
  CHECK_THAT(found.error(), Contains("EMG (or motion"));
}
