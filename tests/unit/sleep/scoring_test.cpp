// Figures against a hypnogram small enough to count by hand.
#include "daemon/sleep/scoring.hpp"

#include <catch2/catch.hpp>

using namespace vturn;

namespace {

constexpr auto W = SleepState::kWake;
constexpr auto N = SleepState::kNrem;
constexpr auto R = SleepState::kRem;
constexpr auto U = SleepState::kUnknown;

std::vector<TruthEpoch> hypnogram(const std::vector<SleepState>& stages) {
  std::vector<TruthEpoch> result;
  for (std::size_t i = 0; i < stages.size(); ++i) result.push_back({4.0 * static_cast<double>(i), stages[i]});
  return result;
}

/// Decided at each epoch's end, certain of it.
std::vector<SleepDecision> decisions(const std::vector<SleepState>& states) {
  std::vector<SleepDecision> result;
  for (std::size_t i = 0; i < states.size(); ++i) {
    SleepDecision decision{4.0 * static_cast<double>(i + 1), states[i], {}};
    decision.p[static_cast<std::size_t>(states[i]) - 1] = 1.0;
    result.push_back(decision);
  }
  return result;
}

}  // namespace

TEST_CASE("kappa of a table worked by hand") {
  // Cohen 1960: agreement 0.7, chance 0.5 -> 0.4.
  std::vector<SleepState> truth, scored;
  const auto add = [&](SleepState a, SleepState b, int n) {
    for (int i = 0; i < n; ++i) truth.push_back(a), scored.push_back(b);
  };
  add(W, W, 20), add(W, N, 5), add(N, W, 10), add(N, N, 15), add(U, W, 100);
  CHECK(cohens_kappa(truth, scored) == Approx(0.4));
}

TEST_CASE("latencies, misses and false alarms on real time") {
  const auto truth =
      hypnogram({N, N, R, R, R, R, N, N, N, N, N, N, N, N, N, R, R, R, N, N, N, N, N, N, N, N, N, W, W, W});
  const auto scored =
      decisions({N, N, N, R, R, R, R, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, R, N, N, W, W, W});
  const SleepScore score = score_sleep(truth, 4.0, scored);
  CHECK(score.epochs == 30);
  CHECK(score.rem_bouts == 2);
  CHECK(score.missed_fraction == Approx(0.5));
  // Onset at 8 s, decided at the end of the second epoch, 16 s; off at 32 s, 8 s after the bout's end at 24 s.
  CHECK(score.onset_latency_median_s == Approx(8.0));
  CHECK(score.offset_latency_s == Approx(8.0));
  CHECK(score.rem_recall == Approx(3.0 / 7.0));
  CHECK(score.rem_precision == Approx(3.0 / 5.0));
  // Alarms [16, 32) and [100, 104): 8 of 20 s in REM; the second is false; 92 s lie outside REM.
  CHECK(score.false_rem_fraction == Approx(12.0 / 20.0));
  CHECK(score.rem_time_covered == Approx(8.0 / 28.0));
  CHECK(score.false_alarms_per_hour == Approx(3600.0 / 92.0));
  CHECK(score.brier == Approx(2.0 * 6.0 / 30.0));
}

TEST_CASE("an early alarm has a negative latency; figures without a denominator are NaN") {
  const auto truth = hypnogram({N, N, N, R, R, R, N});
  const SleepScore early = score_sleep(truth, 4.0, decisions({N, R, R, R, R, R, N}));
  CHECK(early.onset_latency_median_s == Approx(-4.0));
  const SleepScore none = score_sleep(hypnogram({W, W, W}), 4.0, decisions({W, W, W}));
  CHECK(std::isnan(none.onset_latency_median_s));
  CHECK(std::isnan(none.rem_f1));
  CHECK(std::isnan(none.false_rem_fraction));
  CHECK(none.accuracy == 1.0);
}

TEST_CASE("an alarm that began long before REM is false, though it runs into it") {
  std::vector<SleepState> stages(20, N), all(30, R);
  stages.insert(stages.end(), 10, R);
  const SleepScore score = score_sleep(hypnogram(stages), 4.0, decisions(all));
  CHECK(score.false_alarms_per_hour == Approx(3600.0 / 80.0));
  CHECK(score.missed_fraction == 0.0);
  std::vector<SleepState> soon(20, N);
  soon.insert(soon.end(), 10, R);
  for (std::size_t i = 0; i < 15; ++i) all[i] = N;  // from 64 s on, 16 s before REM
  CHECK(score_sleep(hypnogram(soon), 4.0, decisions(all)).false_alarms_per_hour == 0.0);
}

TEST_CASE("decisions at 10 Hz are scored at each epoch's end") {
  const auto truth = hypnogram({N, R, R, N});
  std::vector<SleepDecision> scored;
  for (int i = 1; i <= 160; ++i) {
    const double t_s = 0.1 * i;
    const bool rem = t_s > 5.45 && t_s < 12.55;
    scored.push_back({t_s, rem ? R : N, {0.0, rem ? 0.0 : 1.0, rem ? 1.0 : 0.0}});
  }
  const SleepScore score = score_sleep(truth, 4.0, scored);
  CHECK(score.onset_latency_median_s == Approx(1.5).margin(1e-6));
  CHECK(score.offset_latency_s == Approx(0.6).margin(1e-6));
  CHECK(score.accuracy == 1.0);
}
