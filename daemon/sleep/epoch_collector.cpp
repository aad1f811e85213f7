#include "daemon/sleep/epoch_collector.hpp"

#include <cmath>

#include "daemon/core/math.hpp"

namespace vturn {

EpochCollector::EpochCollector(const FeatureSettings& settings, double epoch_s)
    : epoch_ns_(static_cast<SessionNs>(std::llround(epoch_s * 1e9))) {
  extractor_.prepare(settings);
}

void EpochCollector::push(const LfpInput& block, SessionNs first_sample_time_ns, SampleIndex first) {
  extractor_.push(block, first_sample_time_ns, first);
  FeatureFrame frame;
  while (extractor_.next(frame)) add(frame);
}

void EpochCollector::add(const FeatureFrame& frame) {
  // A frame's time is the end of its data: the one at an epoch's end belongs to that epoch.
  const std::int64_t index = (frame.time_ns - 1) / epoch_ns_;
  if (index != index_) {
    if (frames_ > 0) close();
    index_ = index;
  }
  ++frames_;
  if (frame.artefact) ++artefacts_;
  for (std::size_t i = 0; i < kSleepFeatures; ++i) {
    if (!frame.has(static_cast<SleepFeature>(i))) continue;
    power_[i] += math::exp(static_cast<double>(frame.log_power[i]));
    ++valid_[i];
  }
}

void EpochCollector::close() {
  LabelledEpoch epoch;
  epoch.t_s = seconds(index_ * epoch_ns_);
  epoch.frame.time_ns = (index_ + 1) * epoch_ns_;
  epoch.frame.artefact = 2 * artefacts_ > frames_;
  for (std::size_t i = 0; i < kSleepFeatures; ++i) {
    if (valid_[i] == 0 || 2 * valid_[i] < frames_) continue;
    const double mean = power_[i] / static_cast<double>(valid_[i]);
    epoch.frame.set(static_cast<SleepFeature>(i), static_cast<float>(math::log(mean)));
  }
  if (epoch.frame.valid != 0) epochs_.push_back(epoch);
  power_ = {};
  valid_ = {};
  frames_ = artefacts_ = 0;
}

}  // namespace vturn
