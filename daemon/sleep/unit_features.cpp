#include "daemon/sleep/unit_features.hpp"

#include <algorithm>
#include <cmath>

#include "daemon/core/angle.hpp"
#include "daemon/core/math.hpp"
#include "daemon/sleep/grid.hpp"

namespace vturn {
namespace {

constexpr double kMemoryS = 2.0;
constexpr int kBinsToSettle = 80;
constexpr int kHeadingsToSettle = 40;
/// A longer jump of time is another recording.
constexpr std::int64_t kMostBins = 1200;
/// Floors keep logarithms finite where nothing happens: a spike in 100 s, 1 % of silence, 0.06 deg/s.
constexpr double kLeastRateHz = 0.01;
constexpr double kLeastSilence = 0.01;
constexpr double kLeastFano = 0.05;
constexpr double kLeastSpeed = 0.001;
constexpr double kMostEvidence = 50.0;

float log_of(double value) noexcept { return static_cast<float>(math::log(value)); }

}  // namespace

void UnitFeatures::prepare() noexcept {
  *this = UnitFeatures{};
  rate_ = 1.0 - math::exp(-seconds(kBinNs) / kMemoryS);
  heading_rate_ = 1.0 - math::exp(-seconds(kHeadingStepNs) / kMemoryS);
}

void UnitFeatures::reset() noexcept { prepare(); }

void UnitFeatures::spike(SessionNs time_ns) noexcept {
  advance(time_ns);
  count_ += 1.0;
}

void UnitFeatures::advance(SessionNs time_ns) noexcept {
  const std::int64_t bin = grid_index(time_ns, kBinNs);
  if (bin_ == INT64_MIN) bin_ = bin;
  if (bin - bin_ > kMostBins) {
    reset();
    bin_ = bin;
  }
  for (; bin_ < bin; ++bin_) close_bin();
}

void UnitFeatures::close_bin() noexcept {
  mean_ += rate_ * (count_ - mean_);
  square_ += rate_ * (count_ * count_ - square_);
  silent_ += rate_ * ((count_ == 0.0 ? 1.0 : 0.0) - silent_);
  count_ = 0.0;
  bins_ = std::min(bins_ + 1, kBinsToSettle);
}

void UnitFeatures::heading(const WindowedHeading& heading) noexcept {
  if (last_.time_ns == INT64_MIN || heading.time_ns - last_.time_ns != kHeadingStepNs) {
    before_ = WindowedHeading{};
    last_ = heading;
    return;
  }
  // Two windows that share no spike.
  if (before_.time_ns == heading.time_ns - kWindowNs) {
    const double turned_rad = std::fabs(angle_difference(heading.angle_rad, before_.angle_rad));
    speed_rad_s_ += heading_rate_ * (turned_rad / seconds(kWindowNs) - speed_rad_s_);
    evidence_nats_ += heading_rate_ * (heading.evidence_nats - evidence_nats_);
    headings_ = std::min(headings_ + 1, kHeadingsToSettle);
  }
  before_ = last_;
  last_ = heading;
}

void UnitFeatures::add_to(FeatureFrame& frame) noexcept {
  // Without a spike yet there are no units, and their silence says nothing.
  if (bin_ != INT64_MIN) advance(frame.time_ns - kBinNs);
  if (bins_ == kBinsToSettle) {
    frame.set(SleepFeature::kRate, log_of(std::max(mean_ / seconds(kBinNs), kLeastRateHz)));
    frame.set(SleepFeature::kSilence, log_of(silent_ + kLeastSilence));
    const double variance = std::max(square_ - mean_ * mean_, 0.0);
    if (mean_ > 0.0) frame.set(SleepFeature::kFano, log_of(std::max(variance / mean_, kLeastFano)));
  }
  const bool recent = last_.time_ns != INT64_MIN && frame.time_ns - last_.time_ns < kWindowNs;
  if (headings_ == kHeadingsToSettle && recent) {
    frame.set(SleepFeature::kTurnSpeed, log_of(std::max(speed_rad_s_, kLeastSpeed)));
    // Given in nats per 100 ms as it is: it is a logarithm already.
    const double evidence = evidence_nats_ * seconds(kHeadingStepNs) / seconds(kWindowNs);
    frame.set(SleepFeature::kEvidence, static_cast<float>(std::clamp(evidence, -kMostEvidence, kMostEvidence)));
  }
}

}  // namespace vturn
