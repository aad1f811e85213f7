#include "daemon/sleep/features.hpp"

#include <algorithm>

#include "daemon/core/math.hpp"

namespace vturn {
namespace {

constexpr SleepFeatureMask bits(std::initializer_list<SleepFeature> features) noexcept {
  unsigned mask = 0;
  for (SleepFeature feature : features) mask |= feature_bit(feature);
  return static_cast<SleepFeatureMask>(mask);
}
constexpr SleepFeatureMask kSlowBands = bits({SleepFeature::kDelta, SleepFeature::kSigma, SleepFeature::kBeta});
constexpr SleepFeatureMask kThetaBands = bits({SleepFeature::kTheta, SleepFeature::kGamma});

/// Below this a power is no observation: it cannot come from an amplifier.
constexpr double kSmallestPower = 1e-15;

float log_of(double power) noexcept { return static_cast<float>(math::log(power)); }

/// Sum over the accelerometer's axes: the power of the vector.
struct MotionSum {
  double smooth = 0.0;
  double fast = 0.0;
  std::size_t axes = 0;
};

void add_bands(const PowerSnapshot& snapshot, SleepFeatureMask bands, FeatureFrame& frame) noexcept {
  for (std::size_t i = 0; i < kPowerFeatures; ++i) {
    const auto feature = static_cast<SleepFeature>(i);
    if ((bands & feature_bit(feature)) != 0 && snapshot.power[i] > kSmallestPower) {
      frame.set(feature, log_of(snapshot.power[i]));
    }
  }
}

}  // namespace

void FeatureExtractor::prepare(const FeatureSettings& settings) noexcept {
  *this = FeatureExtractor{};
  settings_ = settings;
  const auto all = static_cast<SleepFeatureMask>(kSlowBands | kThetaBands);
  const bool one_channel = settings.slow == settings.theta || settings.slow < 0 || settings.theta < 0;
  add_signal(settings.slow, SignalRole::kBrain, one_channel ? all : kSlowBands);
  if (settings.theta != settings.slow) add_signal(settings.theta, SignalRole::kBrain, one_channel ? all : kThetaBands);
  add_signal(settings.emg, SignalRole::kEmg, feature_bit(SleepFeature::kEmg));
  for (int axis : settings.motion) add_signal(axis, SignalRole::kMotion, feature_bit(SleepFeature::kMotion));
  tone_.prepare(settings.emg_lfp, settings.smoothing_s, settings.saturation_uv);
}

void FeatureExtractor::add_signal(int signal, SignalRole role, SleepFeatureMask bands) noexcept {
  if (signal < 0) return;
  const double saturation = role == SignalRole::kMotion ? 0.0 : settings_.saturation_uv;
  quality_[signal_count_].signal = signal;
  signals_[signal_count_++].prepare({signal, role, bands, settings_.smoothing_s, saturation});
  if (role == SignalRole::kMotion) ++axes_;
}

void FeatureExtractor::gap() noexcept {
  for (std::size_t i = 0; i < signal_count_; ++i) signals_[i].reset();
  tone_.reset();
  next_index_ = kNoFrame;
}

void FeatureExtractor::push(const LfpInput& block, SessionNs first_sample_time_ns, SampleIndex first) noexcept {
  for (std::size_t i = 0; i < signal_count_; ++i) {
    if (signals_[i].settings().signal == block.signal) signals_[i].push(block, first_sample_time_ns);
  }
  tone_.push(block, first_sample_time_ns, first);
}

void FeatureExtractor::blank(SessionNs from_ns, SessionNs until_ns) noexcept {
  for (std::size_t i = 0; i < signal_count_; ++i) {
    if (signals_[i].settings().role != SignalRole::kMotion) signals_[i].blank(from_ns, until_ns);
  }
  tone_.blank(from_ns, until_ns);
}

std::int64_t FeatureExtractor::newest() const noexcept {
  std::int64_t index = tone_.newest_index();
  for (std::size_t i = 0; i < signal_count_; ++i) index = std::max(index, signals_[i].newest_index());
  return index;
}

bool FeatureExtractor::ready(std::int64_t index) const noexcept {
  if (newest() >= index + kMaxLag) return true;
  // A signal that missed the frame before is not waited for: one dead source delays no decision.
  for (std::size_t i = 0; i < signal_count_; ++i) {
    if (signals_[i].newest_index() == index - 1) return false;
  }
  return tone_.newest_index() != index - 1;
}

bool FeatureExtractor::next(FeatureFrame& frame) noexcept {
  const std::int64_t newest_index = newest();
  if (newest_index == kNoFrame) return false;
  const std::int64_t oldest_kept = newest_index - static_cast<std::int64_t>(SignalPowers::kKept) + 1;
  if (next_index_ == kNoFrame) next_index_ = newest_index;
  next_index_ = std::max(next_index_, oldest_kept);
  if (next_index_ > newest_index || !ready(next_index_)) return false;
  frame = assemble(next_index_);
  rate_signals(next_index_);
  ++next_index_;
  return true;
}

void FeatureExtractor::rate_signals(std::int64_t index) noexcept {
  constexpr float kRate = 0.01F;  // a frame of 10 s
  constexpr int kTold = 100;
  for (std::size_t i = 0; i < signal_count_; ++i) {
    const PowerSnapshot* snapshot = signals_[i].at(index);
    const SignalProblem problem = snapshot != nullptr ? snapshot->problem : SignalProblem::kMissing;
    SignalQuality& quality = quality_[i];
    quality.usable_share += kRate * ((problem == SignalProblem::kNone ? 1.0F : 0.0F) - quality.usable_share);
    problem_frames_[i] = problem == SignalProblem::kNone ? std::max(problem_frames_[i] - 1, 0) : kTold;
    if (problem != SignalProblem::kNone || problem_frames_[i] == 0) quality.problem = problem;
  }
}

FeatureFrame FeatureExtractor::assemble(std::int64_t index) const noexcept {
  FeatureFrame frame;
  frame.time_ns = index * kFrameNs;
  MotionSum motion;
  for (std::size_t i = 0; i < signal_count_; ++i) {
    const PowerSnapshot* snapshot = signals_[i].at(index);
    if (snapshot == nullptr) continue;
    frame.artefact = frame.artefact || snapshot->artefact;
    if (!snapshot->usable) continue;
    const SignalPowers::Settings& signal = signals_[i].settings();
    if (signal.role == SignalRole::kMotion) {
      motion.smooth += snapshot->power[static_cast<std::size_t>(SleepFeature::kMotion)];
      motion.fast += snapshot->fast_power;
      ++motion.axes;
    } else {
      add_bands(*snapshot, signal.bands, frame);
    }
    if (signal.role == SignalRole::kEmg && snapshot->fast_power > kSmallestPower) {
      frame.fast_emg = log_of(snapshot->fast_power);
      frame.fast_valid = static_cast<SleepFeatureMask>(frame.fast_valid | feature_bit(SleepFeature::kEmg));
    }
  }
  if (axes_ > 0 && motion.axes == axes_ && motion.smooth > kSmallestPower && motion.fast > kSmallestPower) {
    frame.set(SleepFeature::kMotion, log_of(motion.smooth));
    frame.fast_motion = log_of(motion.fast);
    frame.fast_valid = static_cast<SleepFeatureMask>(frame.fast_valid | feature_bit(SleepFeature::kMotion));
  }
  add_tone(index, frame);
  return frame;
}

void FeatureExtractor::add_tone(std::int64_t index, FeatureFrame& frame) const noexcept {
  const ToneSnapshot* snapshot = tone_.at(index);
  if (snapshot == nullptr || !snapshot->usable) return;
  frame.set(SleepFeature::kEmgLfp, log_of(snapshot->smoothed));
  frame.fast_emg_lfp = log_of(snapshot->fast);
  frame.fast_valid = static_cast<SleepFeatureMask>(frame.fast_valid | feature_bit(SleepFeature::kEmgLfp));
}

}  // namespace vturn
