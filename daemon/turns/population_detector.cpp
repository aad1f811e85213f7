#include "daemon/turns/population_detector.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "daemon/core/math.hpp"
#include "daemon/turns/shot_noise.hpp"

namespace vturn::turns {
namespace {

constexpr double kSampleS = 0.005;
/// Nothing is learnt from a hole in the recording: a second without any step.
constexpr std::int64_t kMaxHolePoints = 200;
constexpr std::int64_t kThresholdEveryNs = kNsPerS;
constexpr std::int64_t kAfterEventNs = 100 * kNsPerMs;
constexpr double kGateRisesPerMinute = 10.0;
/// Fewer spikes at once are no population's doing.
constexpr double kFewestSpikes = 3.0;
/// An event is over when the rate has come back to this share of the way from background to threshold.
constexpr double kReleaseShare = 0.4;
/// The gate is used once the histogram, the background once it itself rests on this much time.
constexpr double kGateS = 5.0, kBackgroundS = 5.0;

bool within(double value, double low, double high) { return value >= low && value <= high; }

void check(const PopulationSettings& settings) {
  if (!within(settings.kernel_s, 0.005, 0.5)) {
    throw std::invalid_argument("population detector: kernel_s must be within 0.005..0.5");
  }
  if (!within(settings.false_per_minute, 0.001, 60.0)) {
    throw std::invalid_argument("population detector: false_per_minute must be within 0.001..60");
  }
  if (!within(settings.threshold_sd, 0.0, 20.0)) {
    throw std::invalid_argument("population detector: threshold_sd must be within 0..20");
  }
  if (!within(settings.refractory_s, 0.0, 60.0) || !within(settings.settle_s, 0.0, 60.0)) {
    throw std::invalid_argument("population detector: refractory_s and settle_s must be within 0..60");
  }
  if (!within(settings.learn_s, 1.0, 3600.0) || !within(settings.memory_s, settings.learn_s, 1e6)) {
    throw std::invalid_argument("population detector: learn_s must be within 1..3600 and at most memory_s");
  }
}

std::size_t index_of(SleepState state) noexcept { return static_cast<std::size_t>(state) & 3U; }

}  // namespace

void PopulationDetector::prepare(const PopulationSettings& settings) {
  check(settings);
  settings_ = settings;
  side_of_unit_.fill(0);
  sides_ = {};
  sides_[0].direction = Direction::kClockwise;
  sides_[1].direction = Direction::kCounterclockwise;
  const std::array<const std::vector<UnitId>*, 2> units{&settings.clockwise, &settings.counterclockwise};
  for (std::size_t i = 0; i < 2; ++i) {
    for (const UnitId unit : *units[i]) {
      if (unit >= kMaxUnits || side_of_unit_[unit] != 0) {
        throw std::invalid_argument("population detector: unit " + std::to_string(unit) +
                                    " is named twice or beyond the largest unit number");
      }
      side_of_unit_[unit] = static_cast<std::uint8_t>(i + 1);
    }
    sides_[i].cells = units[i]->size();
  }
  reset();
}

void PopulationDetector::reset() noexcept {
  for (Side& side : sides_) {
    side.rate_hz = 0.0;
    side.held.clear();
    side.above = true;
    side.event_given = false;
    for (Known& known : side.known) known.set = false;
  }
  started_ = false;
  state_ = SleepState::kUnknown;
}

void PopulationDetector::advance(SessionNs time_ns) noexcept {
  if (!started_) {
    started_ = true;
    time_ns_ = time_ns;
    state_since_ns_ = time_ns;
    next_sample_ns_ = time_ns + kSampleNs;
    return;
  }
  if (time_ns <= time_ns_) return;
  const double decay = math::exp(-seconds(time_ns - time_ns_) / settings_.kernel_s);
  for (Side& side : sides_) side.rate_hz *= decay;
  time_ns_ = time_ns;
  // Before the spike that this time may be of: arrivals see time's own averages (Wolff 1982), what follows them not.
  sample();
}

void PopulationDetector::spike(SessionNs time_ns, UnitId unit) noexcept {
  const std::uint8_t which = unit < kMaxUnits ? side_of_unit_[unit] : std::uint8_t{0};
  if (which == 0) return;
  advance(time_ns);
  sides_[which - 1U].rate_hz += 1.0 / settings_.kernel_s;
}

double PopulationDetector::sd_of(const RunningMoments& moments) const noexcept {
  return std::sqrt(std::max(moments.variance, moments.mean / (2.0 * settings_.kernel_s)));
}

void PopulationDetector::set_gate(Known& known) const noexcept {
  known.histogram.fade(settings_.memory_s / kSampleS);
  // Of a normal distribution 0.84 SD apart; skewness and events, all above, move both by little.
  const double median_hz = known.histogram.quantile(0.5) / settings_.kernel_s;
  const double sd_hz = (median_hz - known.histogram.quantile(0.2) / settings_.kernel_s) / 0.8416;
  known.gate_hz = level_for({median_hz, sd_hz * sd_hz, settings_.kernel_s}, kGateRisesPerMinute);
}

void PopulationDetector::set_threshold(Known& known) const noexcept {
  known.set = true;
  known.set_ns = time_ns_;
  set_gate(known);
  const bool has_background = known.background.weight * kSampleS >= kBackgroundS;
  const double background_hz =
      has_background ? known.background.mean : known.histogram.quantile(0.5) / settings_.kernel_s;
  if (settings_.threshold_sd > 0.0) {
    known.threshold_hz = known.all.mean + settings_.threshold_sd * sd_of(known.all);
  } else {
    const double variance = has_background ? known.background.variance : 0.0;
    const double level_hz = level_for({background_hz, variance, settings_.kernel_s}, 0.5 * settings_.false_per_minute);
    known.threshold_hz = std::max(level_hz, background_hz + (kFewestSpikes - 0.5) / settings_.kernel_s);
  }
  const double low_hz = std::min(background_hz, known.threshold_hz);
  known.release_hz = low_hz + kReleaseShare * (known.threshold_hz - low_hz);
}

void PopulationDetector::learn(Side& side, double weight) noexcept {
  Known& known = side.known[index_of(state_)];
  const double most = settings_.memory_s / kSampleS;
  known.all.add(side.rate_hz, weight, most);
  known.histogram.add(side.rate_hz * settings_.kernel_s, weight);
  double held = 0.0, held_weight = 0.0;
  if (side.rate_hz > known.gate_hz || known.histogram.weight() * kSampleS < kGateS) {
    side.held.clear();
    side.quiet_since_ns = time_ns_;
  } else if (time_ns_ - side.quiet_since_ns >= kAfterEventNs &&
             side.held.push(side.rate_hz, weight, held, held_weight)) {
    known.background.add(held, held_weight, most);
  }
  if (!known.set || time_ns_ - known.set_ns >= kThresholdEveryNs) set_threshold(known);
}

void PopulationDetector::sample() noexcept {
  if (time_ns_ < next_sample_ns_) return;
  // Steps come at spikes and ticks: one sample stands for all the grid points that have gone by since the last.
  const std::int64_t points = (time_ns_ - next_sample_ns_) / kSampleNs + 1;
  next_sample_ns_ += points * kSampleNs;
  const bool settled = seconds(time_ns_ - state_since_ns_) >= settings_.settle_s;
  if (state_ == SleepState::kUnknown || !settled || points > kMaxHolePoints) return;
  for (Side& side : sides_) learn(side, static_cast<double>(points));
}

bool PopulationDetector::detect(Side& side, PopulationOutput& event) noexcept {
  const Known& known = side.known[index_of(state_)];
  if (!known.set) return false;
  if (side.above) {
    if (side.rate_hz >= known.release_hz) return false;
    side.above = false;
  }
  if (side.rate_hz <= known.threshold_hz) return false;
  side.above = true;
  if (!detectable(side.direction) || !learnt(side.direction, state_)) return false;
  if (side.event_given && seconds(time_ns_ - side.last_event_ns) < settings_.refractory_s) return false;
  side.event_given = true;
  side.last_event_ns = time_ns_;
  event = {};
  event.side = side.direction;
  event.rate_hz = static_cast<float>(side.rate_hz);
  event.z = static_cast<float>((side.rate_hz - known.all.mean) / sd_of(known.all));
  return true;
}

void PopulationDetector::enter(SleepState state) noexcept {
  state_ = state;
  state_since_ns_ = time_ns_;
  for (Side& side : sides_) {
    side.above = true;
    side.held.clear();
    side.quiet_since_ns = time_ns_;
    side.known[index_of(state)].set = side.known[index_of(state)].all.weight > 0.0;
  }
}

bool PopulationDetector::step(SessionNs time_ns, SleepState state, PopulationOutput& event) noexcept {
  advance(time_ns);
  if (state != state_) enter(state);
  if (state == SleepState::kUnknown) return false;
  return detect(sides_[0], event) || detect(sides_[1], event);
}

const PopulationDetector::Side& PopulationDetector::side_of(Direction side) const noexcept {
  return sides_[side == Direction::kCounterclockwise ? 1 : 0];
}

const PopulationDetector::Known& PopulationDetector::known_of(Direction side, SleepState state) const noexcept {
  return side_of(side).known[index_of(state)];
}

bool PopulationDetector::detectable(Direction side) const noexcept {
  return side != Direction::kNone && side_of(side).cells >= settings_.min_cells;
}

bool PopulationDetector::learnt(Direction side, SleepState state) const noexcept {
  return known_of(side, state).all.weight * kSampleS >= settings_.learn_s;
}

double PopulationDetector::mean_hz(Direction side, SleepState state) const noexcept {
  return known_of(side, state).all.mean;
}

double PopulationDetector::sd_hz(Direction side, SleepState state) const noexcept {
  return sd_of(known_of(side, state).all);
}

double PopulationDetector::background_hz(Direction side, SleepState state) const noexcept {
  return known_of(side, state).background.mean;
}

double PopulationDetector::threshold_hz(Direction side, SleepState state) const noexcept {
  return known_of(side, state).threshold_hz;
}

}  // namespace vturn::turns
