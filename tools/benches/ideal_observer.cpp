#include "tools/benches/ideal_observer.hpp"

#include <algorithm>
#include <cmath>

#include "daemon/core/math.hpp"
#include "daemon/decode/circle.hpp"
#include "tools/benches/simulated_ring.hpp"

// The inner loop is compiled for the instruction sets at hand (it is elementwise: the same bits in all of them).
// Sanitizers start after the resolver that such a choice needs.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define VTURN_OBSERVER_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define VTURN_OBSERVER_CLONES
#endif

namespace vturn::benches {
namespace {

constexpr double kTurnsPerRestS = 1.0 / 2.8;  // random_turns: 1.3 s and 1.5 s on average from a turn's end to the next
constexpr std::size_t kStepsPerCohort = 3;
constexpr std::size_t kSpeeds = 5, kDurations = 4;
/// A cohort that is this unlikely is dropped.
constexpr float kNegligible = 1e-6F;
constexpr std::size_t kLanes = 16;
constexpr std::size_t kDriftCount = 3;

float log_odds(float turn, float not_turn) {
  constexpr double kLeast = 1e-30;
  return static_cast<float>(math::log((static_cast<double>(turn) + kLeast) / (static_cast<double>(not_turn) + kLeast)));
}

/// Middle of the i-th of n equal parts.
double middle_of(double low, double high, std::size_t i, std::size_t n) {
  return low + (high - low) * (static_cast<double>(i) + 0.5) / static_cast<double>(n);
}

/// The drift as a chain of three velocities with the moments of its Gaussian (Gauss-Hermite) and its correlation time.
constexpr float kToCentre = static_cast<float>(IdealObserver::kStepS / kBenchRest.velocity_tau_s);
constexpr float kToEdge = 0.25F * kToCentre;

using Taps = std::array<std::array<float, 3>, kDriftCount>;

/// p moved by drift and diffusion, drifts exchanged, times the likelihood; gives its sum.
VTURN_OBSERVER_CLONES float moved_and_seen(float* p, const Taps& taps, const float* likelihood) {
  constexpr std::size_t kHalo = 1;
  float from[kDriftCount][kHeadingAngles + 2 * kHalo];
  for (std::size_t drift = 0; drift < kDriftCount; ++drift) {
    const float* const row = p + drift * kHeadingAngles;
    std::copy(row, row + kHeadingAngles, from[drift] + kHalo);
    from[drift][0] = row[kHeadingAngles - 1];
    from[drift][kHeadingAngles + kHalo] = row[0];
  }
  float sums[kLanes] = {};
  for (std::size_t angle = 0; angle < kHeadingAngles; angle += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const std::size_t at = angle + lane;
      float moved[kDriftCount];
      for (std::size_t drift = 0; drift < kDriftCount; ++drift) {
        moved[drift] = taps[drift][0] * from[drift][at] + taps[drift][1] * from[drift][at + 1] +
                       taps[drift][2] * from[drift][at + 2];
      }
      const float to_edge = kToEdge * moved[1];
      const float slow = (moved[0] + kToCentre * (0.0F - moved[0]) + to_edge) * likelihood[at];
      const float still = (moved[1] - 2.0F * to_edge + kToCentre * (moved[0] + moved[2])) * likelihood[at];
      const float fast = (moved[2] + kToCentre * (0.0F - moved[2]) + to_edge) * likelihood[at];
      p[at] = slow;
      p[kHeadingAngles + at] = still;
      p[2 * kHeadingAngles + at] = fast;
      sums[lane] += slow + still + fast;
    }
  }
  float sum = 0.0F;
  for (const float lane : sums) sum += lane;
  return sum;
}

}  // namespace

IdealObserver::IdealObserver(const HeadingModel& cells) {
  row_of_unit_.fill(-1);
  std::array<double, kHeadingAngles> excess_hz{};
  for (const HeadingUnit& unit : cells.units) {
    row_of_unit_[unit.unit] = static_cast<std::int16_t>(ratio_.size());
    std::vector<float>& ratio = ratio_.emplace_back();
    for (std::size_t angle = 0; angle < kHeadingAngles; ++angle) {
      ratio.push_back(unit.rate_hz[angle] / unit.mean_rate_hz);
      excess_hz[angle] += static_cast<double>(unit.rate_hz[angle] - unit.mean_rate_hz);
    }
  }
  for (std::size_t angle = 0; angle < kHeadingAngles; ++angle) {
    silence_[angle] = static_cast<float>(math::exp(-kStepS * excess_hz[angle]));
  }
  bin_ = silence_;
  // Three taps with the drift's displacement as mean and the diffusion as variance.
  const double edge_bins = std::sqrt(3.0) * kBenchRest.velocity_sd_rad_s * kStepS / circle::kBinRad;
  const double sd_bins = kBenchRest.diffusion_rad_rt_s * std::sqrt(kStepS) / circle::kBinRad;
  for (std::size_t drift = 0; drift < kDrifts; ++drift) {
    const double mean = (static_cast<double>(drift) - 1.0) * edge_bins;
    const double square = sd_bins * sd_bins + mean * mean;
    taps_[drift] = {static_cast<float>(0.5 * (square + mean)), static_cast<float>(1.0 - square),
                    static_cast<float>(0.5 * (square - mean))};
    constexpr std::array kShare{1.0F / 6.0F, 2.0F / 3.0F, 1.0F / 6.0F};
    rest_[drift].fill(kShare[drift] / static_cast<float>(kHeadingAngles));
  }
  make_shapes();
}

void IdealObserver::make_shapes() {
  for (std::size_t i = 0; i < 2 * kSpeeds * kDurations; ++i) {
    const bool left = i % 2 == 0;
    const double peak = middle_of(100.0, 600.0, i / 2 % kSpeeds, kSpeeds) * kDegree;
    const tools::TurnShape turn{left ? peak : -peak, middle_of(0.2, 0.8, i / 2 / kSpeeds, kDurations)};
    Shape& shape = shapes_.emplace_back();
    shape.left = left;
    // A cohort is made where its interval of onsets begins; they are half the interval later on average.
    constexpr double kLate = 0.5 * static_cast<double>(kStepsPerCohort);
    const auto steps = static_cast<std::size_t>(std::lround(turn.duration_s / kStepS + kLate));
    for (std::size_t step = 0; step < steps; ++step) {
      const double age_s = (static_cast<double>(step) + 0.5 - kLate) * kStepS;
      shape.middle_bins.push_back(static_cast<float>(turn.angle_rad(age_s) / circle::kBinRad));
    }
    shape.final_bins = static_cast<float>(turn.angle_rad(turn.duration_s) / circle::kBinRad);
  }
}

void IdealObserver::spike(UnitId unit) {
  if (unit >= kMaxUnits || row_of_unit_[unit] < 0) return;
  const std::vector<float>& ratio = ratio_[static_cast<std::size_t>(row_of_unit_[unit])];
  for (std::size_t angle = 0; angle < kHeadingAngles; ++angle) bin_[angle] *= ratio[angle];
}

void IdealObserver::spread_likelihood() {
  const float scale = scale_ / *std::max_element(bin_.begin(), bin_.end());
  constexpr float kLeast = 1e-20F;
  for (std::size_t quarter = 0; quarter < shifted_.size(); ++quarter) {
    const float far = 0.25F * static_cast<float>(quarter);
    for (std::size_t angle = 0; angle < kHeadingAngles; ++angle) {
      const float value = (1.0F - far) * bin_[angle] + far * bin_[(angle + 1) % kHeadingAngles];
      shifted_[quarter][angle] = shifted_[quarter][angle + kHeadingAngles] = std::max(value * scale, kLeast);
    }
  }
  bin_ = silence_;
}

const float* IdealObserver::likelihood_at(float displacement_bins) const {
  const auto quarters = static_cast<std::int64_t>(std::lround(4.0F * displacement_bins));
  const auto around = static_cast<std::int64_t>(4 * kHeadingAngles);
  const auto place = static_cast<std::size_t>(((quarters % around) + around) % around);
  return shifted_[place % 4].data() + place / 4;
}

float IdealObserver::update(Grid& p, const float* likelihood) const {
  return moved_and_seen(p[0].data(), taps_, likelihood);
}

void IdealObserver::add_cohorts() {
  const float share = static_cast<float>(kTurnsPerRestS * kStepS * kStepsPerCohort);
  const float each = share / static_cast<float>(shapes_.size());
  for (std::size_t shape = 0; shape < shapes_.size(); ++shape) {
    Cohort& cohort = cohorts_.emplace_back();
    cohort.shape = shape;
    for (std::size_t drift = 0; drift < kDrifts; ++drift) {
      for (std::size_t angle = 0; angle < kHeadingAngles; ++angle) cohort.p[drift][angle] = each * rest_[drift][angle];
    }
  }
  for (auto& row : rest_) {
    for (float& p : row) p *= 1.0F - share;
  }
}

void IdealObserver::return_to_rest(const Cohort& cohort) {
  const auto around = static_cast<std::int64_t>(kHeadingAngles);
  const auto moved = static_cast<std::int64_t>(std::lround(shapes_[cohort.shape].final_bins));
  const auto shift = static_cast<std::size_t>(((moved % around) + around) % around);
  for (std::size_t drift = 0; drift < kDrifts; ++drift) {
    for (std::size_t angle = 0; angle < kHeadingAngles; ++angle) {
      rest_[drift][(angle + shift) % kHeadingAngles] += cohort.p[drift][angle];
    }
  }
  rest_mass_ += cohort.mass;
}

void IdealObserver::update_cohorts() {
  std::size_t kept = 0;
  float seen = rest_mass_;
  for (std::size_t i = 0; i < cohorts_.size(); ++i) {
    Cohort& cohort = cohorts_[i];
    const Shape& shape = shapes_[cohort.shape];
    cohort.mass = update(cohort.p, likelihood_at(shape.middle_bins[cohort.age]));
    if (++cohort.age == shape.middle_bins.size()) {
      return_to_rest(cohort);
      continue;
    }
    seen += cohort.mass;
    if (cohort.mass < kNegligible * seen) continue;
    if (kept != i) cohorts_[kept] = cohort;
    ++kept;
  }
  cohorts_.resize(kept);
}

void IdealObserver::sum_up() {
  left_mass_ = right_mass_ = 0.0F;
  for (const Cohort& cohort : cohorts_) (shapes_[cohort.shape].left ? left_mass_ : right_mass_) += cohort.mass;
  scale_ = 1.0F / (rest_mass_ + left_mass_ + right_mass_);
}

void IdealObserver::step() {
  if (steps_++ % kStepsPerCohort == 0) add_cohorts();
  spread_likelihood();
  rest_mass_ = update(rest_, shifted_[0].data());
  update_cohorts();
  sum_up();
}

float IdealObserver::log_odds_left() const { return log_odds(left_mass_, rest_mass_ + right_mass_); }

float IdealObserver::log_odds_right() const { return log_odds(right_mass_, rest_mass_ + left_mass_); }

}  // namespace vturn::benches
