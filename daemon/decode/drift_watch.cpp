#include "daemon/decode/drift_watch.hpp"

#include <algorithm>
#include <cmath>

#include "daemon/core/angle.hpp"
#include "daemon/core/math.hpp"
#include "daemon/decode/circle.hpp"

namespace vturn {
namespace {

constexpr double kDegPerRad = 180.0 / kPi;
constexpr SessionNs kStepNs = 100 * kNsPerMs;
/// After a hole the filter finds its feet first.
constexpr SessionNs kHoleNs = kNsPerS;
constexpr SessionNs kSettleNs = 2 * kNsPerS;
/// Across a longer one the frame may have moved.
constexpr SessionNs kForgetNs = 60 * kNsPerS;
constexpr SessionNs kOldNs = 900 * kNsPerS;
constexpr std::ptrdiff_t kSectorsAskedFor = 4;
constexpr std::size_t kBlocksAskedFor = 2;

/// Errors of single minutes stay within half as much again of the cross-validated median; a state ends a little below
/// where it begins.
constexpr double kLostFactor = 1.6;
constexpr double kLostMarginDeg = 5.0;
/// Frames of real recordings wander by 5 to 15 degrees over minutes.
constexpr double kRotatedDeg = 20.0;
constexpr double kEnds = 0.85;

template <class Values>
double median(Values begin, Values end) noexcept {
  const auto middle = begin + (end - begin) / 2;
  std::nth_element(begin, middle, end);
  return static_cast<double>(*middle);
}

}  // namespace

void DriftWatch::prepare(double expected_median_deg) noexcept {
  *this = DriftWatch{};
  figures_.expected_deg = expected_deg_ = std::isfinite(expected_median_deg) ? std::max(0.0, expected_median_deg) : 0.0;
}

bool DriftWatch::due(SessionNs time_ns) noexcept {
  const SessionNs since_ns = time_ns - last_ns_;
  if (started_ && since_ns < 0 && since_ns >= -kHoleNs) return false;  // a row that was overtaken
  if (!started_ || since_ns < 0 || since_ns > kHoleNs) {
    if (!started_ || since_ns < 0 || since_ns > kForgetNs) size_ = 0;
    settled_ns_ = time_ns + kSettleNs;
    next_ns_ = settled_ns_;
    started_ = true;
  }
  last_ns_ = time_ns;
  if (time_ns < next_ns_) return false;
  next_ns_ = time_ns + kStepNs;
  return true;
}

bool DriftWatch::compare(SessionNs time_ns, double tracked_rad, double decoded_rad) noexcept {
  if (!due(time_ns)) return false;
  if (size_ == 0) visited_.fill(false);
  visited_[circle::sector_of(tracked_rad)] = true;
  blocks_[block_].used = false;  // its former minute is being written over
  blocks_[block_].error_rad[size_++] = static_cast<float>(angle_difference(decoded_rad, tracked_rad));
  return size_ == kBlockSamples && close_block(time_ns);
}

bool DriftWatch::close_block(SessionNs time_ns) noexcept {
  size_ = 0;
  if (std::count(visited_.begin(), visited_.end(), true) < kSectorsAskedFor) return false;
  Block& block = blocks_[block_];
  double x = 0.0;
  double y = 0.0;
  for (const float error : block.error_rad) {
    x += math::cos(static_cast<double>(error));
    y += math::sin(static_cast<double>(error));
  }
  block.rotation_rad = static_cast<float>(math::atan2(y, x));
  block.end_ns = time_ns;
  block.used = true;
  figures_.rotation_deg = static_cast<double>(block.rotation_rad) * kDegPerRad;
  block_ = (block_ + 1) % kBlocks;
  return judge(time_ns);
}

bool DriftWatch::judge(SessionNs time_ns) noexcept {
  std::size_t blocks = 0;
  for (Block& block : blocks_) {
    block.used = block.used && time_ns - block.end_ns <= kOldNs;
    blocks += block.used ? 1 : 0;
  }
  const auto gather = [&](bool about_rotation) {
    auto end = sorted_.begin();
    for (const Block& block : blocks_) {
      if (!block.used) continue;
      const double centre = about_rotation ? static_cast<double>(block.rotation_rad) : 0.0;
      for (const float error : block.error_rad)
        *end++ = static_cast<float>(std::fabs(angle_difference(static_cast<double>(error), centre)));
    }
    return median(sorted_.begin(), end) * kDegPerRad;
  };
  figures_.scatter_deg = gather(true);
  figures_.median_abs_error_deg = gather(false);
  figures_.compared_s = static_cast<double>(blocks * kBlockSamples) * seconds(kStepNs);
  const TuningState before = figures_.state;
  figures_.state =
      blocks < kBlocksAskedFor ? TuningState::kUnknown : state_of(figures_.scatter_deg, figures_.rotation_deg);
  return figures_.state != before;
}

TuningState DriftWatch::state_of(double scatter_deg, double rotation_deg) const noexcept {
  const auto beyond = [&](double value, double limit, TuningState state) {
    return value > (figures_.state == state ? kEnds * limit : limit);
  };
  const double lost_deg = std::max(kLostFactor * expected_deg_, expected_deg_ + kLostMarginDeg);
  if (beyond(scatter_deg, lost_deg, TuningState::kLost)) return TuningState::kLost;
  const double rotated_deg = std::max(kRotatedDeg, 2.0 * expected_deg_);
  if (beyond(std::fabs(rotation_deg), rotated_deg, TuningState::kRotated)) return TuningState::kRotated;
  return TuningState::kGood;
}

}  // namespace vturn
