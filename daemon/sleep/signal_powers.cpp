#include "daemon/sleep/signal_powers.hpp"

#include <algorithm>
#include <cmath>

#include "daemon/core/math.hpp"
#include "daemon/sleep/grid.hpp"

namespace vturn {
namespace {

struct BandEdges {
  double low_hz, high_hz;
};
constexpr std::array<BandEdges, SignalPowers::kBands> kBandEdges = {
    {{1, 4}, {5, 10}, {10, 15}, {15, 30}, {30, 90}, {30, 300}, {1, 90}}};
constexpr BandEdges kBroadBand{1, 100};

constexpr double kHighestOfRate = 0.45;
constexpr double kLowestRateHz = 20.0;
constexpr double kHighestRateHz = 100'000.0;
/// Clock mappings wobble by milliseconds; more than this is missing data.
constexpr SessionNs kJumpNs = 20 * kNsPerMs;
constexpr double kLargestValue = 1e9;

std::size_t settle_pieces(SignalRole role) noexcept {
  return role == SignalRole::kBrain ? 20 : role == SignalRole::kMotion ? 15 : 5;
}
std::size_t hold_pieces(SignalRole role) noexcept { return role == SignalRole::kBrain ? 5 : 2; }

std::int64_t piece_of(SessionNs time_ns) noexcept { return grid_index(time_ns, SignalPowers::kPieceNs); }

}  // namespace

void SignalPowers::prepare(const Settings& settings) noexcept {
  *this = SignalPowers{};
  settings_ = settings;
}

void SignalPowers::reset() noexcept {
  running_ = false;
  newest_ = INT64_MIN;
  for (PowerSnapshot& snapshot : kept_) snapshot.index = INT64_MIN;
}

const PowerSnapshot* SignalPowers::at(std::int64_t index) const noexcept {
  const PowerSnapshot& snapshot = kept_[static_cast<std::uint64_t>(index) % kKept];
  return snapshot.index == index ? &snapshot : nullptr;
}

void SignalPowers::design_band(SleepFeature feature) noexcept {
  Band& band = bands_[static_cast<std::size_t>(feature)];
  const BandEdges edges = kBandEdges[static_cast<std::size_t>(feature)];
  const double high = std::min(edges.high_hz, kHighestOfRate * rate_hz_);
  band.possible = (settings_.bands & feature_bit(feature)) != 0 && high > 1.3 * edges.low_hz;
  if (band.possible) band.filter.design(edges.low_hz, high, rate_hz_);
}

void SignalPowers::design(float rate_hz) noexcept {
  rate_hz_ = static_cast<double>(rate_hz);
  for (std::size_t i = 0; i < kBands; ++i) design_band(static_cast<SleepFeature>(i));
  broad_.design(kBroadBand.low_hz, std::min(kBroadBand.high_hz, kHighestOfRate * rate_hz_), rate_hz_);
  smoothing_rate_ = 1.0 - math::exp(-seconds(kPieceNs) / settings_.smoothing_s);
  running_ = false;
}

void SignalPowers::restart(SessionNs time_ns) noexcept {
  for (Band& band : bands_) {
    band.filter.reset();
    band.sum = band.smoothed = 0.0;
  }
  broad_.reset();
  weight_ = 0.0;
  settle_pieces_ = settle_pieces(settings_.role);
  hold_pieces_ = 0;
  held_artefact_ = false;
  piece_ = Piece{};
  piece_.index = piece_of(time_ns);
  running_ = true;
}

void SignalPowers::push(const LfpInput& block, SessionNs first_sample_time_ns) noexcept {
  const auto rate = static_cast<double>(block.rate_hz);
  if (!(rate >= kLowestRateHz && rate <= kHighestRateHz)) return;
  if (rate != rate_hz_) design(block.rate_hz);
  if (running_ && std::llabs(first_sample_time_ns - expected_ns_) > kJumpNs) running_ = false;
  const std::size_t count = std::min<std::size_t>(block.count, kMaxLfpSamples);
  for (std::size_t i = 0; i < count; ++i) {
    const double elapsed_ns = static_cast<double>(i) * 1e9 / rate_hz_;
    sample(block.samples[i], first_sample_time_ns + static_cast<SessionNs>(elapsed_ns));
  }
  expected_ns_ = first_sample_time_ns + static_cast<SessionNs>(static_cast<double>(count) * 1e9 / rate_hz_);
}

void SignalPowers::sample(float value, SessionNs time_ns) noexcept {
  auto x = static_cast<double>(value);
  const bool finite = std::fabs(x) <= kLargestValue;
  if (!running_) {
    restart(time_ns);
    // Filters start as if the first value had always been there: an electrode's offset rings in no band.
    baseline_ = last_good_ = finite ? x : 0.0;
  }
  if (piece_of(time_ns) > piece_.index) {
    close_piece();
    piece_ = Piece{};
    piece_.index = piece_of(time_ns);
  }
  const bool saturated = settings_.saturation > 0.0 && !(std::fabs(x) < settings_.saturation);
  if (!finite || saturated) ++piece_.bad_samples;
  // The value before a stimulus is held through it: what the electrode picks up then never enters a filter.
  const bool blanked = blank_.holds(time_ns);
  if (!finite || blanked) x = last_good_;
  if (finite && saturated) x = std::clamp(x, -settings_.saturation, settings_.saturation);
  piece_.flat = piece_.flat && x == last_good_;
  last_good_ = x;
  for (Band& band : bands_) {
    if (!band.possible) continue;
    const double y = band.filter.step(x - baseline_);
    band.sum += y * y;
  }
  const double broad = broad_.step(x - baseline_);
  piece_.broad_sum += broad * broad;
  ++piece_.samples;
}

bool SignalPowers::smooth_powers() noexcept {
  weight_ += smoothing_rate_ * (1.0 - weight_);
  bool positive = true;
  for (Band& band : bands_) {
    if (!band.possible) continue;
    const double power = band.sum / static_cast<double>(piece_.samples);
    band.smoothed += smoothing_rate_ * (power - band.smoothed);
    positive = positive && band.smoothed > 0.0;
  }
  return positive;
}

void SignalPowers::close_piece() noexcept {
  const auto samples = static_cast<double>(piece_.samples);
  const double broad_power = piece_.broad_sum / samples;
  const bool dead = piece_.flat || !(broad_power > 0.0);
  const SessionNs end_ns = piece_.index * kPieceNs;
  const bool blanked = blank_.reaches(end_ns - kPieceNs, end_ns);
  // EMG and motion burst whenever the animal moves: only a brain signal's burst is an artefact.
  const bool burst = settings_.role == SignalRole::kBrain && !dead && !blanked && settle_pieces_ == 0 &&
                     burst_gate_.step(math::log(broad_power));
  const bool artefact = piece_.bad_samples > 0 || burst || blanked;
  const bool held_before = hold_pieces_ > 0;
  if (artefact || dead) {
    hold_pieces_ = hold_pieces(settings_.role) + 1;
    held_artefact_ = artefact;
    // What it rings with afterwards has the same cause.
    if (!held_before)
      held_problem_ = blanked                  ? SignalProblem::kBlanked
                      : piece_.bad_samples > 0 ? SignalProblem::kSaturated
                      : burst                  ? SignalProblem::kBurst
                                               : SignalProblem::kFlat;
  }
  const bool positive = !artefact && !dead && smooth_powers();
  if (settle_pieces_ > 0) --settle_pieces_;
  if (hold_pieces_ > 0) --hold_pieces_;
  const bool held = hold_pieces_ > 0 || artefact || dead;

  PowerSnapshot& snapshot = kept_[static_cast<std::uint64_t>(piece_.index) % kKept];
  snapshot.index = newest_ = piece_.index;
  snapshot.usable = !held && positive && settle_pieces_ == 0;
  snapshot.artefact = held && held_artefact_;
  snapshot.problem = snapshot.usable ? SignalProblem::kNone : held ? held_problem_ : SignalProblem::kSettling;
  snapshot.fast_power = 0.0;
  for (std::size_t i = 0; i < kBands; ++i) {
    Band& band = bands_[i];
    snapshot.power[i] = band.possible && weight_ > 0.0 ? band.smoothed / weight_ : 0.0;
    if (band.possible && settings_.role != SignalRole::kBrain) snapshot.fast_power = band.sum / samples;
    band.sum = 0.0;
  }
}

}  // namespace vturn
