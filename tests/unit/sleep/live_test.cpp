// From raw signals to states: LFP, EMG made from noise after an expert's hypnogram, calibrated on one part by the table
// that EpochCollector makes of it, then run at 10 Hz on the rest.
#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>
#include <functional>
#include <random>

#include "daemon/sleep/band_pass.hpp"
#include "daemon/sleep/calibration.hpp"
#include "daemon/sleep/epoch_collector.hpp"
#include "daemon/sleep/sleep_filter.hpp"
#include "tests/helpers/shared_data.hpp"

using namespace vturn;

namespace {

constexpr double kRateHz = 500.0;
constexpr double kEpochS = 4.0;

std::vector<SleepState> expert_stages(const std::string& recording) {
  std::vector<SleepState> stages;
  const auto file = test::shared_data("sleep/mssv_hypnograms.csv");
  if (!file) return stages;
  std::ifstream in(*file);
  std::string line;
  while (std::getline(in, line)) {
    if (line.rfind(recording + ",", 0) != 0) continue;
    for (char stage : line.substr(recording.size() + 1)) {
      stages.push_back(stage == '1'     ? SleepState::kWake
                       : stage == '2'   ? SleepState::kNrem
                       : stage == '3'   ? SleepState::kRem
                       : stages.empty() ? SleepState::kWake
                                        : stages.back());
    }
  }
  return stages;
}

/// Band-limited noises added with a state's amplitudes (μV): wake, NREM, REM.
class Animal {
 public:
  Animal() {
    delta_.design(1.0, 4.0, kRateHz);
    theta_.design(6.0, 9.0, kRateHz);
  }
  float lfp(SleepState state, double gain) {
    constexpr double deltas[3] = {300, 1500, 250};
    constexpr double thetas[3] = {400, 250, 900};
    const auto s = static_cast<std::size_t>(state) - 1;
    const double slow = deltas[s] * vary_[0] * delta_.step(normal_(random_));
    const double fast = thetas[s] * vary_[1] * theta_.step(normal_(random_));
    return static_cast<float>(gain * (slow + fast + 30.0 * normal_(random_)));
  }
  float emg(SleepState state, double gain) {
    constexpr double sds[3] = {40, 15, 11};
    return static_cast<float>(gain * vary_[2] * sds[static_cast<std::size_t>(state) - 1] * normal_(random_));
  }
  /// Amplitudes vary within a state as a mouse's do: log s.d. 0.25 to 0.3, i.e. 0.5 to 0.6 in log power.
  void next_epoch() {
    constexpr double sds[3] = {0.25, 0.3, 0.25};
    for (std::size_t i = 0; i < 3; ++i) vary_[i] = std::exp(sds[i] * normal_(random_));
  }

 private:
  BandPass delta_, theta_;
  std::array<double, 3> vary_{1.0, 1.0, 1.0};
  std::mt19937 random_{17};
  std::normal_distribution<double> normal_{0.0, 1.0};
};

template <class Push>
void play(const std::vector<SleepState>& stages, double eeg_gain, double emg_gain, Push push) {
  Animal animal;
  const auto blocks = static_cast<std::size_t>(static_cast<double>(stages.size()) * kEpochS * kRateHz) / kMaxLfpSamples;
  for (std::size_t b = 0; b < blocks; ++b) {
    const double t_s = static_cast<double>(b * kMaxLfpSamples) / kRateHz;
    const auto epoch = static_cast<std::size_t>(t_s / kEpochS);
    if (b % (blocks / stages.size()) == 0) animal.next_epoch();
    const SleepState state = stages[epoch];
    LfpInput lfp{.signal = 0, .count = kMaxLfpSamples, .rate_hz = static_cast<float>(kRateHz), .samples = {}};
    LfpInput emg = lfp;
    emg.signal = 1;
    for (float& sample : lfp.samples) sample = animal.lfp(state, eeg_gain);
    for (float& sample : emg.samples) sample = animal.emg(state, emg_gain);
    push(lfp, static_cast<SessionNs>(t_s * 1e9));
    push(emg, static_cast<SessionNs>(t_s * 1e9));
  }
}

std::vector<TruthEpoch> truth(const std::vector<SleepState>& stages) {
  std::vector<TruthEpoch> result;
  for (std::size_t i = 0; i < stages.size(); ++i) result.push_back({kEpochS * static_cast<double>(i), stages[i]});
  return result;
}

SleepScore run_live(const SleepModel& model, const std::vector<SleepState>& stages, double eeg_gain, double emg_gain) {
  FeatureExtractor extractor;
  extractor.prepare({.theta = 0, .slow = 0, .emg = 1});
  SleepFilter filter;
  filter.prepare(model, 0.1);
  std::vector<SleepDecision> decisions;
  play(stages, eeg_gain, emg_gain, [&](const LfpInput& block, SessionNs time_ns) {
    extractor.push(block, time_ns);
    FeatureFrame frame;
    while (extractor.next(frame)) {
      const SleepOutput output = filter.step(frame);
      decisions.push_back({seconds(frame.time_ns), output.state, filter.posterior()});
    }
  });
  const SleepScore score = score_sleep(truth(stages), kEpochS, decisions);
  std::printf(
      "live, gains %.1f and %.1f             kappa %.3f  REM F1 %.3f  onset %.1f/%.1f s  missed %.2f  false alarms "
      "%.2f/h  outside REM %.2f\n",
      eeg_gain, emg_gain, score.kappa, score.rem_f1, score.onset_latency_median_s, score.onset_latency_p90_s,
      score.missed_fraction, score.false_alarms_per_hour, score.false_rem_fraction);
  return score;
}

}  // namespace

TEST_CASE("a table made of raw signals calibrates the live filter") {
  const auto stages = expert_stages("sub-001_run-1");
  if (stages.empty()) return;
  const std::vector<SleepState> training(stages.begin(), stages.begin() + 2700);
  const std::vector<SleepState> testing(stages.begin() + 2700, stages.begin() + 4500);
  EpochCollector collector({.theta = 0, .slow = 0, .emg = 1}, kEpochS);
  play(training, 1.0, 1.0, [&](const LfpInput& block, SessionNs time_ns) { collector.push(block, time_ns); });
  for (LabelledEpoch& epoch : collector.epochs())
    epoch.stage = training[static_cast<std::size_t>(epoch.t_s / kEpochS + 0.5)];
  const auto calibration = calibrate_sleep(collector.epochs(), {});
  REQUIRE(calibration);
  const SleepScore same = run_live(calibration->model, testing, 1.0, 1.0);
  CHECK(same.kappa > 0.85);
  CHECK(same.onset_latency_median_s < 10.0);
  const SleepScore other = run_live(calibration->model, testing, 0.6, 1.5);
  CHECK(other.kappa > 0.85);
}
