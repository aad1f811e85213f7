#include "daemon/calibrate/turn_correction.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "daemon/calibrate/simulated_units.hpp"
#include "daemon/calibrate/spike_holes.hpp"
#include "daemon/calibrate/turn_threshold.hpp"
#include "daemon/core/math.hpp"
#include "daemon/decode/heading_filter.hpp"
#include "daemon/turns/thresholds.hpp"

namespace vturn::calibrate {
namespace {

constexpr SessionNs kLeadNs = 2 * kNsPerS;
constexpr SessionNs kSettleNs = kNsPerS / 2;
constexpr SessionNs kGridNs = 10 * kNsPerMs;  ///< the engine's
constexpr SessionNs kStepNs = kNsPerMs;       ///< of simulated spikes

/// The filter with a detector for each threshold, over one stretch after another.
class Decoding {
 public:
  Decoding(const HeadingModel& model, turns::DetectorSettings settings, std::span<const double> thresholds)
      : detectors_(thresholds.size()), onsets_(thresholds.size(), 0) {
    filter_.prepare(model);
    filter_.set_dynamics(Dynamics::kRem);
    for (std::size_t i = 0; i < thresholds.size(); ++i) {
      settings.set_threshold(thresholds[i]);
      detectors_[i].prepare(settings);
    }
  }
  void begin(SessionNs counted_from_ns) {
    counted_from_ns_ = counted_from_ns;
    filter_.reset();
    for (auto& detector : detectors_) detector.reset();
  }
  void spike(SessionNs time_ns, UnitId unit) {
    filter_.spike(time_ns, unit);
    detect(time_ns);
  }
  void advance(SessionNs time_ns) {
    filter_.advance(time_ns);
    detect(time_ns);
  }
  [[nodiscard]] const std::vector<std::uint64_t>& onsets() const { return onsets_; }

 private:
  void detect(SessionNs time_ns) {
    const HeadingOutput heading = filter_.estimate();
    TurnOutput turn;
    for (std::size_t i = 0; i < detectors_.size(); ++i) {
      if (!detectors_[i].step(time_ns, heading, SleepState::kRem, turn)) continue;
      if (turn.phase == TurnPhase::kOnset && time_ns >= counted_from_ns_) ++onsets_[i];
    }
  }

  HeadingFilter filter_;
  std::vector<turns::Detector> detectors_;
  std::vector<std::uint64_t> onsets_;
  SessionNs counted_from_ns_ = 0;
};

/// Stretches that are long enough to be counted, without the time they take to settle. Where no spikes were recorded
/// there can be no onset, and none for as long after as the lead would reach back: that is no stillness observed.
std::vector<TimeSpan> counted(std::span<const TimeSpan> still, std::vector<TimeSpan> holes) {
  for (TimeSpan& hole : holes) hole.to_ns += kLeadNs;
  std::vector<TimeSpan> spans;
  for (const TimeSpan& stretch : outside(still, holes)) {
    if (stretch.to_ns - stretch.from_ns > kSettleNs) spans.push_back({stretch.from_ns + kSettleNs, stretch.to_ns});
  }
  return spans;
}

SessionNs lead_of(const TimeSpan& span) { return span.from_ns - kSettleNs - kLeadNs; }

void decode_recorded(std::span<const SpikeSample> spikes, const TimeSpan& span, Decoding& decoding) {
  const SessionNs from_ns = lead_of(span);
  auto spike = std::lower_bound(spikes.begin(), spikes.end(), from_ns,
                                [](const SpikeSample& sample, SessionNs time_ns) { return sample.time_ns < time_ns; });
  decoding.begin(span.from_ns);
  for (SessionNs now_ns = from_ns; now_ns <= span.to_ns; now_ns += kGridNs) {
    for (; spike != spikes.end() && spike->time_ns <= now_ns; ++spike) decoding.spike(spike->time_ns, spike->unit);
    decoding.advance(now_ns);
  }
}

/// The model's spikes along the tracked path.
class Simulated {
 public:
  Simulated(const HeadingModel& model, std::span<const HeadingSample> heading, const StillSimulation& simulation)
      : path_(heading),
        units_(model, simulation.seed),
        misassigned_(model, simulation.misassigned_share, simulation.seed ^ 0xB5297A4DULL),
        lag_ns_(static_cast<SessionNs>(static_cast<double>(model.lag_s) * 1e9)) {}

  void decode(const TimeSpan& span, Decoding& decoding) {
    decoding.begin(span.from_ns);
    for (SessionNs now_ns = lead_of(span); now_ns <= span.to_ns; now_ns += kStepNs) {
      if (const auto angle_rad = path_.angle_rad(now_ns + lag_ns_)) {
        units_.step(*angle_rad, seconds(kStepNs), [&](double at_s, UnitId unit) {
          decoding.spike(now_ns + static_cast<SessionNs>(at_s * 1e9), misassigned_(unit));
        });
      }
      if ((now_ns - lead_of(span)) % kGridNs == kGridNs - kStepNs) decoding.advance(now_ns + kStepNs);
    }
  }

 private:
  TrackedPath path_;
  SimulatedUnits units_;
  Misassignment misassigned_;
  SessionNs lag_ns_;
};

/// About a ratio whose Gamma distribution has this shape.
OnsetRatio gamma_interval(double ratio, double shape) {
  return {ratio, ratio * gamma_quantile(shape, -k95PercentZ), ratio * gamma_quantile(shape, k95PercentZ)};
}

/// Linear between thresholds, constant beyond.
OnsetRatio ratio_at(const std::vector<double>& log_odds, const std::vector<OnsetRatio>& ratios, double threshold) {
  const auto above = std::upper_bound(log_odds.begin(), log_odds.end(), threshold) - log_odds.begin();
  if (above == 0) return ratios.front();
  const auto next = static_cast<std::size_t>(above);
  if (next == log_odds.size()) return ratios.back();
  const double share = (threshold - log_odds[next - 1]) / (log_odds[next] - log_odds[next - 1]);
  const auto between = [share](double a, double b) { return a + share * (b - a); };
  const OnsetRatio& a = ratios[next - 1];
  const OnsetRatio& b = ratios[next];
  return {between(a.ratio, b.ratio), between(a.low, b.low), between(a.high, b.high)};
}

/// Two independent relative uncertainties, added on a logarithmic scale.
double joined(double first, double second) {
  if (!std::isfinite(first) || !std::isfinite(second)) return std::numeric_limits<double>::infinity();
  return math::exp(std::sqrt(math::log(first) * math::log(first) + math::log(second) * math::log(second)));
}

HeadingTurnThreshold corrected_row(const HeadingTurnThreshold& row, double log_odds, const OnsetRatio& ratio) {
  const double rate = row.false_alarms_per_minute;
  const double down = joined(rate / row.low_per_minute, ratio.ratio / ratio.low);
  const double up = joined(row.high_per_minute / rate, ratio.high / ratio.ratio);
  return {rate, log_odds, rate / down, rate * up};
}

}  // namespace

StillOnsets still_onsets(const HeadingModel& model, std::span<const SpikeSample> spikes,
                         std::span<const HeadingSample> heading, std::span<const TimeSpan> still,
                         const turns::DetectorSettings& settings, std::span<const double> thresholds,
                         const StillSimulation& simulation, const std::function<bool(double)>& progress) {
  const std::vector<TimeSpan> spans = counted(still, spike_holes(model, spikes, heading));
  StillOnsets result;
  result.thresholds.assign(thresholds.begin(), thresholds.end());
  result.observed.assign(thresholds.size(), 0);
  result.simulated.assign(thresholds.size(), 0);
  for (const TimeSpan& span : spans) result.minutes += seconds(span.to_ns - span.from_ns) / 60.0;
  if (spans.empty()) return result;

  const auto rounds = static_cast<std::size_t>(std::max(1.0, std::ceil(simulation.minutes / result.minutes)));
  std::size_t done = 0;
  const auto keep_going = [&] {
    return !progress || progress(static_cast<double>(++done) / static_cast<double>((rounds + 1) * spans.size()));
  };
  Decoding recorded(model, settings, thresholds);
  for (const TimeSpan& span : spans) {
    decode_recorded(spikes, span, recorded);
    if (!keep_going()) return {};
  }
  Decoding modelled(model, settings, thresholds);
  Simulated simulated(model, heading, simulation);
  for (std::size_t round = 0; round < rounds; ++round) {
    for (const TimeSpan& span : spans) {
      simulated.decode(span, modelled);
      if (!keep_going()) return {};
    }
  }
  result.observed = recorded.onsets();
  result.simulated = modelled.onsets();
  result.simulated_minutes = static_cast<double>(rounds) * result.minutes;
  return result;
}

StillOnsets onsets_in_stillness(const HeadingModel& model, turns::Method method, std::span<const SpikeSample> spikes,
                                std::span<const HeadingSample> heading, std::span<const HeadingTurnThreshold> rows,
                                const StillSimulation& simulation, const std::function<bool(double)>& progress) {
  std::vector<double> thresholds;
  thresholds.reserve(rows.size());
  for (const HeadingTurnThreshold& row : rows) thresholds.push_back(row.threshold_nats);
  return still_onsets(model, spikes, heading, still_stretches(heading, {}), ungated_detector(model, method), thresholds,
                      simulation, progress);
}

std::vector<OnsetRatio> onset_ratios(const StillOnsets& still) {
  constexpr double kPriorOnsets = 4.0;       // the simulation is right within a factor of two or so
  constexpr double kPriorShareOnsets = 8.0;  // and its fall with the threshold somewhat surer
  std::vector<OnsetRatio> ratios;
  double ratio = 1.0, shape = kPriorOnsets;
  std::uint64_t observed = 0;
  for (std::size_t i = 0; i < still.thresholds.size(); ++i) {
    const auto simulated = static_cast<double>(still.simulated[i]);
    if (i == 0) {
      observed = still.observed[0];
      shape += static_cast<double>(observed);
      ratio = shape / (still.expected(0) + kPriorOnsets);
    } else {
      const double share = (simulated + 0.5) / (static_cast<double>(still.simulated[i - 1]) + 1.0);
      const double onsets = static_cast<double>(observed) + kPriorShareOnsets;
      observed = std::min(observed, still.observed[i]);  // the refractory time can make more of a higher threshold
      const double found = (static_cast<double>(observed) + kPriorShareOnsets * share) / onsets;
      ratio *= found / share;
      shape = 1.0 / (1.0 / shape + (1.0 - found) / (found * (onsets + 1.0)));
    }
    ratios.push_back(gamma_interval(ratio, shape));
  }
  return ratios;
}

std::vector<HeadingTurnThreshold> corrected_turn_thresholds(std::span<const HeadingTurnThreshold> simulated,
                                                            const StillOnsets& still) {
  std::vector<HeadingTurnThreshold> rows(simulated.begin(), simulated.end());
  const std::vector<OnsetRatio> ratios = onset_ratios(still);
  if (ratios.empty() || rows.size() < 2) return rows;
  std::vector<HeadingTurnThreshold> curve;
  for (HeadingTurnThreshold row : rows) {
    row.false_alarms_per_minute *= ratio_at(still.thresholds, ratios, row.threshold_nats).ratio;
    // More onsets at a higher threshold are chance.
    if (curve.empty() || row.false_alarms_per_minute < curve.back().false_alarms_per_minute) curve.push_back(row);
  }
  if (curve.size() < 2) return rows;
  for (HeadingTurnThreshold& row : rows) {
    const double log_odds = turns::threshold_at_rate(curve, row.false_alarms_per_minute, row.threshold_nats);
    row = corrected_row(row, log_odds, ratio_at(still.thresholds, ratios, log_odds));
  }
  return rows;
}

}  // namespace vturn::calibrate
