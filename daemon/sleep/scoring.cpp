#include "daemon/sleep/scoring.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "daemon/sleep/quantile.hpp"

namespace vturn {
namespace {

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();
constexpr double kShortestBoutS = 8.0;
constexpr double kEarlyAlarmS = 20.0;
constexpr double kBeforeAlarmS = 4.0;

double ratio(double part, double whole) noexcept { return whole > 0.0 ? part / whole : kNothing; }

struct Interval {
  double begin, end;
};

double overlap(const Interval& a, const Interval& b) noexcept {
  return std::max(0.0, std::min(a.end, b.end) - std::max(a.begin, b.begin));
}

std::vector<Interval> bouts(std::span<const TruthEpoch> truth, double epoch_s, bool (*wanted)(SleepState)) {
  std::vector<Interval> result;
  for (const TruthEpoch& epoch : truth) {
    if (!wanted(epoch.stage)) continue;
    const bool joins = !result.empty() && std::fabs(epoch.t_s - result.back().end) < 0.5 * epoch_s;
    if (!joins) result.push_back({epoch.t_s, epoch.t_s});
    result.back().end = epoch.t_s + epoch_s;
  }
  return result;
}

std::vector<Interval> alarms(std::span<const SleepDecision> decisions, double last_holds_s) {
  std::vector<Interval> result;
  for (std::size_t i = 0; i < decisions.size(); ++i) {
    if (decisions[i].state != SleepState::kRem) continue;
    const double end = i + 1 < decisions.size() ? decisions[i + 1].t_s : decisions[i].t_s + last_holds_s;
    if (result.empty() || result.back().end != decisions[i].t_s) result.push_back({decisions[i].t_s, end});
    result.back().end = end;
  }
  return result;
}

double total_overlap(const std::vector<Interval>& a, const std::vector<Interval>& b) noexcept {
  double total = 0.0;
  std::size_t first = 0;
  for (const Interval& one : a) {
    while (first < b.size() && b[first].end <= one.begin) ++first;
    for (std::size_t i = first; i < b.size() && b[i].begin < one.end; ++i) total += overlap(one, b[i]);
  }
  return total;
}

double length(const std::vector<Interval>& intervals) noexcept {
  double total = 0.0;
  for (const Interval& one : intervals) total += one.end - one.begin;
  return total;
}

void score_bouts(const std::vector<Interval>& rem, const std::vector<Interval>& on, SleepScore& score) {
  std::vector<double> onset;
  std::vector<double> offset;
  std::size_t missed = 0;
  for (const Interval& bout : rem) {
    if (bout.end - bout.begin < kShortestBoutS - 1e-9) continue;
    ++score.rem_bouts;
    const auto covers = [&](const Interval& alarm) { return overlap(alarm, bout) > 0.0; };
    const auto first = std::find_if(on.begin(), on.end(), covers);
    if (first == on.end()) {
      ++missed;
      continue;
    }
    onset.push_back(std::max(first->begin - bout.begin, -kEarlyAlarmS));
    const auto last = std::find_if(on.rbegin(), on.rend(), covers);
    offset.push_back(last->end - bout.end);
  }
  score.onset_latency_median_s = quantile(onset, 0.5);
  score.onset_latency_p75_s = quantile(onset, 0.75);
  score.onset_latency_p90_s = quantile(onset, 0.9);
  score.offset_latency_s = quantile(offset, 0.5);
  score.missed_fraction = ratio(static_cast<double>(missed), static_cast<double>(score.rem_bouts));
}

std::size_t count_false(const std::vector<Interval>& on, const std::vector<Interval>& rem,
                        const std::vector<Interval>& scored, double epoch_s) {
  std::size_t count = 0;
  for (const Interval& alarm : on) {
    const Interval window{alarm.begin - kBeforeAlarmS - epoch_s, alarm.begin + kEarlyAlarmS};
    const auto touches = [&](const Interval& bout) { return overlap(bout, window) > 0.0; };
    const auto holds = [&](const Interval& one) { return alarm.begin >= one.begin && alarm.begin < one.end; };
    if (std::any_of(scored.begin(), scored.end(), holds) && std::none_of(rem.begin(), rem.end(), touches)) ++count;
  }
  return count;
}

std::size_t most_likely(const std::array<double, kSleepStates>& p) noexcept {
  return static_cast<std::size_t>(std::max_element(p.begin(), p.end()) - p.begin());
}

void score_epochs(std::span<const TruthEpoch> truth, double epoch_s, std::span<const SleepDecision> decisions,
                  SleepScore& score) {
  std::vector<SleepState> labels;
  std::vector<SleepState> scored;
  double brier = 0.0;
  std::size_t next = 0;
  for (const TruthEpoch& epoch : truth) {
    // A hair of tolerance: times written as decimals.
    while (next < decisions.size() && decisions[next].t_s <= epoch.t_s + epoch_s + 1e-6) ++next;
    const bool covered = next > 0 && decisions[next - 1].t_s > epoch.t_s - epoch_s;
    if (epoch.stage == SleepState::kUnknown || !covered) continue;
    const auto& p = decisions[next - 1].p;
    labels.push_back(epoch.stage);
    scored.push_back(sleep_state_of(most_likely(p)));
    for (std::size_t s = 0; s < kSleepStates; ++s) {
      const double error = p[s] - (epoch.stage == sleep_state_of(s) ? 1.0 : 0.0);
      brier += error * error;
    }
  }
  double agree = 0.0, both = 0.0, true_rem = 0.0, said_rem = 0.0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const bool is_rem = labels[i] == SleepState::kRem;
    const bool said = scored[i] == SleepState::kRem;
    agree += labels[i] == scored[i] ? 1.0 : 0.0;
    both += is_rem && said ? 1.0 : 0.0;
    true_rem += is_rem ? 1.0 : 0.0;
    said_rem += said ? 1.0 : 0.0;
  }
  const auto n = static_cast<double>(labels.size());
  score.epochs = labels.size();
  score.kappa = cohens_kappa(labels, scored);
  score.accuracy = ratio(agree, n);
  score.rem_precision = ratio(both, said_rem);
  score.rem_recall = ratio(both, true_rem);
  score.rem_f1 = ratio(2.0 * both, said_rem + true_rem);
  score.brier = ratio(brier, n);
}

}  // namespace

double cohens_kappa(std::span<const SleepState> truth, std::span<const SleepState> scored) noexcept {
  std::array<double, 4> of_truth{};
  std::array<double, 4> of_scored{};
  double n = 0.0, agree = 0.0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    if (truth[i] == SleepState::kUnknown) continue;
    of_truth[static_cast<std::size_t>(truth[i])] += 1.0;
    of_scored[static_cast<std::size_t>(scored[i])] += 1.0;
    agree += truth[i] == scored[i] ? 1.0 : 0.0;
    n += 1.0;
  }
  if (n == 0.0) return kNothing;
  double chance = 0.0;
  for (std::size_t s = 0; s < 4; ++s) chance += of_truth[s] / n * (of_scored[s] / n);
  return ratio(agree / n - chance, 1.0 - chance);
}

SleepScore score_sleep(std::span<const TruthEpoch> truth, double epoch_s, std::span<const SleepDecision> decisions) {
  SleepScore score;
  score_epochs(truth, epoch_s, decisions, score);
  const auto rem = bouts(truth, epoch_s, [](SleepState state) { return state == SleepState::kRem; });
  const auto scored = bouts(truth, epoch_s, [](SleepState state) { return state != SleepState::kUnknown; });
  const auto on = alarms(decisions, epoch_s);
  score_bouts(rem, on, score);
  const double rem_s = length(rem);
  const double alarm_s = total_overlap(on, scored);
  const double hours_outside = (length(scored) - rem_s) / 3600.0;
  score.false_alarms_per_hour = ratio(static_cast<double>(count_false(on, rem, scored, epoch_s)), hours_outside);
  const double covered_s = total_overlap(on, rem);
  score.false_rem_fraction = ratio(alarm_s - covered_s, alarm_s);
  score.rem_time_covered = ratio(covered_s, rem_s);
  return score;
}

}  // namespace vturn
