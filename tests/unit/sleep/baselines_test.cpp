// What the filter is compared with: Viterbi against every possible sequence, rules on sequences worked by hand.
#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "daemon/sleep/emission.hpp"
#include "daemon/sleep/forward_step.hpp"
#include "daemon/sleep/threshold_rules.hpp"
#include "tests/unit/sleep/synthetic_model.hpp"
#include "tools/lib/viterbi_scorer.hpp"

using namespace vturn;

namespace {

constexpr auto W = SleepState::kWake;
constexpr auto N = SleepState::kNrem;
constexpr auto R = SleepState::kRem;

std::vector<LabelledEpoch> epochs_of(const std::vector<FeatureFrame>& frames) {
  std::vector<LabelledEpoch> result;
  for (const FeatureFrame& frame : frames) {
    LabelledEpoch epoch;
    epoch.t_s = 4.0 * static_cast<double>(result.size());
    epoch.frame = frame;
    epoch.frame.time_ns = static_cast<SessionNs>((epoch.t_s + 4.0) * 1e9);
    result.push_back(epoch);
  }
  return result;
}

std::vector<SleepState> states_of(const std::vector<SleepDecision>& decisions) {
  std::vector<SleepState> result;
  for (const SleepDecision& decision : decisions) result.push_back(decision.state);
  return result;
}

double log_probability(const SleepModel& model, const std::vector<LabelledEpoch>& epochs,
                       const std::vector<std::size_t>& path) {
  Emission emission;
  emission.prepare(model);
  const StateVector start = stationary(model.transitions);
  const std::array<double, kSleepFeatures> offset{};
  double sum = std::log(start[path[0]]);
  for (std::size_t t = 0; t < path.size(); ++t) {
    StateVector log_likelihood{};
    if (emission.log_likelihood(epochs[t].frame, offset, log_likelihood)) sum += log_likelihood[path[t]];
    if (t > 0) sum += std::log(model.transitions[path[t - 1]][path[t]]);
  }
  return sum;
}

}  // namespace

TEST_CASE("Viterbi finds the most likely of all sequences") {
  const SleepModel model = test::synthetic_model();
  std::mt19937 random(5);
  std::normal_distribution<float> noise(0.0F, 1.2F);
  for (int round = 0; round < 5; ++round) {
    std::vector<FeatureFrame> frames;
    for (int i = 0; i < 7; ++i) {
      frames.push_back(test::frame_of(0, 4.5F + noise(random), 4.6F + noise(random), 3.5F + noise(random)));
      if (random() % 5 == 0) frames.back().valid = 0;
    }
    const auto epochs = epochs_of(frames);
    double best = -1e300;
    std::vector<std::size_t> best_path;
    for (std::size_t code = 0; code < 2187; ++code) {
      std::vector<std::size_t> path;
      for (std::size_t rest = code; path.size() < 7; rest /= 3) path.push_back(rest % 3);
      const double value = log_probability(model, epochs, path);
      if (value > best) {
        best = value;
        best_path = path;
      }
    }
    const auto found = tools::viterbi_scorer(model, epochs, false);
    for (std::size_t t = 0; t < 7; ++t) CHECK(found[t].state == sleep_state_of(best_path[t]));
  }
}

TEST_CASE("three thresholds, as they are and with a dwell") {
  const ThresholdRules rules{true, 4.5, 5.0, 0.5};
  const auto wake = test::wake_frame(0);
  const auto nrem = test::nrem_frame(0);
  const auto rem = test::rem_frame(0);
  const auto epochs = epochs_of({wake, nrem, wake, nrem, nrem, rem, rem, nrem});
  CHECK(states_of(decide_by_rules(rules, epochs, 0.0)) == std::vector{W, N, W, N, N, R, R, N});
  CHECK(states_of(decide_by_rules(rules, epochs, 8.0)) == std::vector{W, W, W, W, N, N, R, R});
}

TEST_CASE("Ypnos-like rule: REM from NREM only, after five seconds; muscle tone ends it at once") {
  const YpnosRule rule{true, 0.5, 0.0};
  const auto wake = test::wake_frame(0);
  const auto nrem = test::nrem_frame(0);
  const auto rem = test::rem_frame(0);
  const auto epochs = epochs_of({wake, rem, nrem, rem, rem, nrem, rem, nrem, nrem, rem, rem, wake});
  CHECK(states_of(decide_by_ypnos(rule, epochs)) == std::vector{W, N, N, N, R, R, R, R, N, N, R, W});
  CHECK_FALSE(fit_ypnos(epochs_of({FeatureFrame{}, FeatureFrame{}})).known);
}
