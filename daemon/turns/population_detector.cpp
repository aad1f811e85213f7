#include "daemon/turns/population_detector.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "daemon/core/math.hpp"

namespace vturn::turns {
namespace {

constexpr double kSampleS = 0.005;
/// Nothing is learnt from a hole in the recording: a second without any step.
constexpr std::int64_t kMaxHolePoints = 200;

bool within(double value, double low, double high) { return value >= low && value <= high; }

void check(const PopulationSettings& settings) {
  if (!within(settings.kernel_s, 0.005, 0.2)) {
    throw std::invalid_argument("population detector: kernel_s must be within 0.005..0.2");
  }
  if (!within(settings.threshold_sd, 0.1, 20.0)) {
    throw std::invalid_argument("population detector: threshold_sd must be within 0.1..20");
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
  overflowed_ = 0;
  reset();
}

void PopulationDetector::reset() noexcept {
  for (Side& side : sides_) {
    side.rate_hz = 0.0;
    side.box_head = side.box_size = 0;
    side.above = true;
    side.event_given = false;
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
  const auto window_ns = static_cast<std::int64_t>(settings_.kernel_s * 1e9);
  for (Side& side : sides_) {
    side.rate_hz *= decay;
    while (side.box_size > 0 && side.box[side.box_head] <= time_ns - window_ns) {
      side.box_head = (side.box_head + 1) % kBoxCapacity;
      --side.box_size;
    }
  }
  time_ns_ = time_ns;
}

void PopulationDetector::spike(SessionNs time_ns, UnitId unit) noexcept {
  const std::uint8_t which = unit < kMaxUnits ? side_of_unit_[unit] : std::uint8_t{0};
  if (which == 0) return;
  advance(time_ns);
  Side& side = sides_[which - 1U];
  side.rate_hz += 1.0 / settings_.kernel_s;
  if (side.box_size == kBoxCapacity) {
    side.box_head = (side.box_head + 1) % kBoxCapacity;
    --side.box_size;
    if (settings_.kernel == PopulationKernel::kBox) ++overflowed_;
  }
  side.box[(side.box_head + side.box_size++) % kBoxCapacity] = time_ns_;
}

double PopulationDetector::rate_of(const Side& side) const noexcept {
  if (settings_.kernel == PopulationKernel::kExponential) return side.rate_hz;
  return static_cast<double>(side.box_size) / settings_.kernel_s;
}

double PopulationDetector::effective_sd(const Statistics& statistics) const noexcept {
  // Campbell: the variance of a Poisson process seen through the kernel is mean * integral of the squared kernel.
  const double area = settings_.kernel == PopulationKernel::kExponential ? 0.5 : 1.0;
  return std::sqrt(std::max(statistics.variance, statistics.mean * area / settings_.kernel_s));
}

void PopulationDetector::sample(SessionNs time_ns, SleepState state) noexcept {
  if (time_ns < next_sample_ns_) return;
  // Steps come at spikes and ticks: one sample stands for all the grid points that have gone by since the last.
  const std::int64_t points = (time_ns - next_sample_ns_) / kSampleNs + 1;
  next_sample_ns_ += points * kSampleNs;
  const bool settled = seconds(time_ns - state_since_ns_) >= settings_.settle_s;
  if (state == SleepState::kUnknown || !settled || points > kMaxHolePoints) return;
  const double weight = static_cast<double>(points);
  const double most = settings_.memory_s / kSampleS;
  for (Side& side : sides_) {
    Statistics& known = side.statistics[index_of(state)];
    known.samples = std::min(known.samples + weight, most);
    const double share = std::min(weight / known.samples, 1.0);
    const double off = rate_of(side) - known.mean;
    known.mean += share * off;
    known.variance = (1.0 - share) * (known.variance + share * off * off);
  }
}

bool PopulationDetector::detect(Side& side, SleepState state, PopulationOutput& event) noexcept {
  if (!detectable(side.direction) || !learnt(side.direction, state)) return false;
  const Statistics& known = side.statistics[index_of(state)];
  const double sd = effective_sd(known);
  const double rate = rate_of(side);
  const bool above = sd > 0.0 && rate > known.mean + settings_.threshold_sd * sd;
  const bool rises = above && !side.above;
  side.above = above;
  if (!rises) return false;
  if (side.event_given && seconds(time_ns_ - side.last_event_ns) < settings_.refractory_s) return false;
  side.event_given = true;
  side.last_event_ns = time_ns_;
  event = {};
  event.side = side.direction;
  event.rate_hz = static_cast<float>(rate);
  event.z = static_cast<float>((rate - known.mean) / sd);
  return true;
}

bool PopulationDetector::step(SessionNs time_ns, SleepState state, PopulationOutput& event) noexcept {
  advance(time_ns);
  if (state != state_) {
    state_ = state;
    state_since_ns_ = time_ns_;
    for (Side& side : sides_) side.above = true;
  }
  if (state != SleepState::kUnknown) {
    for (Side& side : sides_) {
      if (detect(side, state, event)) return true;
    }
  }
  sample(time_ns_, state);  // after the decision: an event is judged by what was known before it
  return false;
}

const PopulationDetector::Side& PopulationDetector::side_of(Direction side) const noexcept {
  return sides_[side == Direction::kCounterclockwise ? 1 : 0];
}

bool PopulationDetector::detectable(Direction side) const noexcept {
  return side != Direction::kNone && side_of(side).cells >= settings_.min_cells;
}

bool PopulationDetector::learnt(Direction side, SleepState state) const noexcept {
  return side_of(side).statistics[index_of(state)].samples * kSampleS >= settings_.learn_s;
}

double PopulationDetector::mean_hz(Direction side, SleepState state) const noexcept {
  return side_of(side).statistics[index_of(state)].mean;
}

double PopulationDetector::sd_hz(Direction side, SleepState state) const noexcept {
  return effective_sd(side_of(side).statistics[index_of(state)]);
}

double PopulationDetector::rate_hz(Direction side) const noexcept { return rate_of(side_of(side)); }

}  // namespace vturn::turns
