#include "daemon/calibrate/turn_threshold.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

#include "daemon/calibrate/simulated_units.hpp"
#include "daemon/core/math.hpp"
#include "daemon/decode/heading_filter.hpp"

namespace vturn::calibrate {
namespace {

constexpr double kStepS = 0.001;
constexpr int kStepsPerGrid = 10;  ///< the engine's grid of 10 ms
/// Thresholds that are tried, in nats.
constexpr double kHighestThreshold = 12.0;
constexpr double kLogOddsSpacing = 0.2;
constexpr double kCusumSpacing = 0.5;  // each takes its own logarithms, and the curve is as straight

/// One detector a threshold, all behind the same filter: the whole curve from one simulation.
struct Candidate {
  turns::Detector detector;
  double threshold = 0.0;
  std::uint64_t onsets = 0;
};

std::vector<Candidate> candidates_of(turns::DetectorSettings settings) {
  std::vector<Candidate> candidates;
  const bool odds = settings.method == turns::Method::kLogOdds;
  const double lowest = odds ? settings.log_odds.off_log_odds : 0.0;
  const double spacing = odds ? kLogOddsSpacing : kCusumSpacing;
  for (int i = 1; lowest + i * spacing <= kHighestThreshold; ++i) {
    Candidate& candidate = candidates.emplace_back();
    candidate.threshold = lowest + i * spacing;
    settings.set_threshold(candidate.threshold);
    candidate.detector.prepare(settings);
  }
  return candidates;
}

class Rest {
 public:
  Rest(const HeadingModel& model, const turns::DetectorSettings& settings, const RestSimulation& rest)
      : rest_(rest),
        units_(model, rest.seed),
        misassigned_(model, rest.misassigned_share, rest.seed ^ 0xB5297A4DULL),
        random_(rest.seed ^ 0x5DEECE66DULL),
        candidates_(candidates_of(settings)),
        every_step_counts_(settings.method == turns::Method::kCusum),
        off_ratio_(math::exp(settings.log_odds.off_log_odds)),
        silence_ns_(static_cast<SessionNs>(settings.log_odds.max_gap_s * 1e9)) {
    filter_.prepare(model);
    filter_.set_dynamics(Dynamics::kRem);
    decay_ = math::exp(-kStepS / rest.drift_tau_s);
    kick_ = rest.drift_sd_rad_s * std::sqrt(1.0 - decay_ * decay_);
    velocity_ = rest.drift_sd_rad_s * random_.normal();
  }

  /// A grid step of simulated time.
  void step() {
    for (int i = 0; i < kStepsPerGrid; ++i) {
      velocity_ = decay_ * velocity_ + kick_ * random_.normal();
      angle_ += velocity_ * kStepS + rest_.diffusion_rad_rt_s * std::sqrt(kStepS) * random_.normal();
      units_.step(angle_, kStepS, [&](double at_s, UnitId unit) {
        const SessionNs time_ns = time_ns_ + static_cast<SessionNs>(at_s * 1e9);
        filter_.spike(time_ns, misassigned_(unit));
        detect(time_ns);
      });
      time_ns_ += static_cast<SessionNs>(kStepS * 1e9);
    }
    filter_.advance(time_ns_);
    detect(time_ns_);
  }
  /// False alarms are counted from here on.
  void start_counting() {
    for (Candidate& candidate : candidates_) candidate.onsets = 0;
  }
  [[nodiscard]] double seconds_done() const { return seconds(time_ns_); }
  [[nodiscard]] const std::vector<Candidate>& candidates() const { return candidates_; }

 private:
  void detect(SessionNs time_ns) {
    const HeadingOutput heading = filter_.estimate();
    // One look at clear rest leaves every detector ready; further ones change nothing before the next rise, but that
    // they forget the past after a silence.
    const bool rests = !every_step_counts_ && at_clear_rest(heading);
    if (rests && rested_ && time_ns - looked_ns_ < silence_ns_ / 2) return;
    rested_ = rests;
    looked_ns_ = time_ns;
    TurnOutput turn;
    for (Candidate& candidate : candidates_) {
      if (!candidate.detector.step(time_ns, heading, SleepState::kRem, turn)) continue;
      if (turn.phase == TurnPhase::kOnset) ++candidate.onsets;
    }
  }

  /// Log-odds of neither side above the detectors' off-threshold.
  [[nodiscard]] bool at_clear_rest(const HeadingOutput& heading) const {
    const auto left = static_cast<double>(heading.p_left);
    const auto right = static_cast<double>(heading.p_right);
    const auto rest = static_cast<double>(heading.p_rest);
    return left <= off_ratio_ * (rest + right) && right <= off_ratio_ * (rest + left);
  }

  RestSimulation rest_;
  SimulatedUnits units_;
  Misassignment misassigned_;
  Random random_;
  std::vector<Candidate> candidates_;
  HeadingFilter filter_;
  double decay_ = 0.0;
  double kick_ = 0.0;
  double velocity_ = 0.0;
  double angle_ = 0.0;
  SessionNs time_ns_ = 0;
  bool every_step_counts_;
  double off_ratio_;
  SessionNs silence_ns_;
  SessionNs looked_ns_ = 0;
  bool rested_ = false;
};

std::vector<HeadingTurnThreshold> curve_of(const std::vector<Candidate>& candidates, double minutes) {
  std::vector<HeadingTurnThreshold> curve;
  for (const Candidate& candidate : candidates) {
    if (candidate.onsets == 0) break;
    const double rate = static_cast<double>(candidate.onsets) / minutes;
    // Among equal counts the lowest threshold detects most.
    if (!curve.empty() && rate >= curve.back().false_alarms_per_minute) continue;
    const RateInterval interval = poisson_interval(candidate.onsets, minutes);
    curve.push_back({rate, candidate.threshold, interval.low, interval.high});
  }
  return curve;
}

}  // namespace

turns::DetectorSettings ungated_detector(const HeadingModel& model, turns::Method method) {
  const HeadingDynamics& rem = model.dynamics[static_cast<std::size_t>(Dynamics::kRem)];
  turns::DetectorSettings settings;
  settings.method = method;
  settings.log_odds.min_evidence_nats_per_spike = settings.cusum.min_evidence_nats_per_spike = 0.0;
  settings.cusum.rest_to_turn_hz = static_cast<double>(rem.rest_to_turn_hz);
  settings.cusum.turn_to_rest_hz = static_cast<double>(rem.turn_to_rest_hz);
  return settings;
}

double gamma_quantile(double shape, double z) {
  const double root = 1.0 - 1.0 / (9.0 * shape) + z / (3.0 * std::sqrt(shape));
  return root > 0.0 ? root * root * root : 0.0;
}

RateInterval poisson_interval(std::uint64_t count, double duration) {
  const auto n = static_cast<double>(count);
  const double low = count == 0 ? 0.0 : n * gamma_quantile(n, -k95PercentZ);
  return {low / duration, (n + 1.0) * gamma_quantile(n + 1.0, k95PercentZ) / duration};
}

std::vector<HeadingTurnThreshold> simulate_turn_thresholds(const HeadingModel& model,
                                                           const turns::DetectorSettings& settings,
                                                           const RestSimulation& rest,
                                                           std::span<const double> false_alarms_per_minute,
                                                           const std::function<bool(double)>& progress) {
  constexpr double kSettleS = 5.0;  // the filter finds the heading, its gain and evidence averages fill
  if (!(rest.duration_s >= 60.0)) throw std::invalid_argument("turn thresholds: at least 60 s must be simulated");
  Rest simulated(model, settings, rest);
  while (simulated.seconds_done() < kSettleS) simulated.step();
  simulated.start_counting();
  const double end_s = kSettleS + rest.duration_s;
  for (double told_s = 0.0; simulated.seconds_done() < end_s;) {
    simulated.step();
    if (simulated.seconds_done() - told_s < 1.0) continue;
    told_s = simulated.seconds_done();
    if (progress && !progress((told_s - kSettleS) / rest.duration_s)) return {};
  }
  const std::vector<HeadingTurnThreshold> curve = curve_of(simulated.candidates(), rest.duration_s / 60.0);
  std::vector<double> rates(false_alarms_per_minute.begin(), false_alarms_per_minute.end());
  std::sort(rates.begin(), rates.end(), std::greater<>());
  std::vector<HeadingTurnThreshold> table;
  for (const double rate : rates) {
    if (curve.size() < 2 || rate > curve.front().false_alarms_per_minute ||
        rate < curve.back().false_alarms_per_minute) {
      continue;
    }
    const double log_odds = turns::threshold_at_rate(curve, rate, 0.0);
    const double minutes = rest.duration_s / 60.0;
    const RateInterval interval = poisson_interval(static_cast<std::uint64_t>(std::lround(rate * minutes)), minutes);
    table.push_back({rate, log_odds, interval.low, interval.high});
  }
  return table;
}

}  // namespace vturn::calibrate
