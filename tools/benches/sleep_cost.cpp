#include "tools/benches/sleep_cost.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "daemon/ingest/decimator.hpp"
#include "daemon/sleep/features.hpp"
#include "daemon/sleep/sleep_filter.hpp"
#include "tools/lib/process_usage.hpp"
#include "tools/simulation/random.hpp"

namespace vturn::benches {
namespace {

constexpr double kRateHz = 1000.0;
constexpr std::size_t kNoise = 1U << 16U;  ///< samples, gone through again and again

std::vector<float> noise() {
  simulation::Random random(1, 1);
  std::vector<float> samples(kNoise);
  for (float& sample : samples) sample = static_cast<float>(100.0 * random.normal());
  return samples;
}

SleepModel model() {
  SleepModel model;
  model.features = {SleepFeature::kDelta, SleepFeature::kTheta, SleepFeature::kSigma, SleepFeature::kBeta,
                    SleepFeature::kGamma};
  for (std::size_t s = 0; s < kSleepStates; ++s) {
    for (std::size_t i = 0; i < model.features.size(); ++i) {
      model.emissions[s].mean[i] = static_cast<double>(s) + 5.0;
      model.emissions[s].covariance[i][i] = 1.0;
    }
  }
  return model;
}

/// One channel's features, as the daemon computes them for one.
struct Channel {
  FeatureExtractor extractor;
  Channel() {
    FeatureSettings settings;
    settings.theta = settings.slow = 0;
    extractor.prepare(settings);
  }
};

double features_cpu_s(std::size_t channels, double session_s, const std::vector<float>& samples) {
  std::vector<std::unique_ptr<Channel>> all;
  for (std::size_t i = 0; i < channels; ++i) all.push_back(std::make_unique<Channel>());
  SleepFilter filter;
  filter.prepare(model());
  LfpInput block{0, kMaxLfpSamples, static_cast<float>(kRateHz), {}};
  const double before_s = tools::own_cpu_s();
  const auto blocks = static_cast<std::size_t>(session_s * kRateHz / kMaxLfpSamples);
  for (std::size_t n = 0; n < blocks; ++n) {
    const auto time_ns = static_cast<SessionNs>(n) * 20 * kNsPerMs;
    for (std::size_t i = 0; i < channels; ++i) {
      const std::size_t at = (n * kMaxLfpSamples + 997 * i) % (kNoise - kMaxLfpSamples);
      std::copy_n(samples.begin() + static_cast<std::ptrdiff_t>(at), kMaxLfpSamples, block.samples.begin());
      all[i]->extractor.push(block, time_ns);
      for (FeatureFrame frame; all[i]->extractor.next(frame);) {
        if (i == 0) filter.step(frame);
      }
    }
  }
  return tools::own_cpu_s() - before_s;
}

/// The five bands' filters and the broad one, squared and summed.
double floor_cpu_s(std::size_t channels, double session_s, const std::vector<float>& samples) {
  std::array<BandPass, 6> filters;
  for (std::size_t i = 0; i < filters.size(); ++i)
    filters[i].design(1.0 + static_cast<double>(i), 10.0 + static_cast<double>(i), kRateHz);
  const double before_s = tools::own_cpu_s();
  volatile double kept = 0.0;
  const auto count = static_cast<std::size_t>(session_s * kRateHz) * channels;
  double sum = 0.0;
  for (std::size_t n = 0; n < count; ++n) {
    const auto x = static_cast<double>(samples[n % kNoise]);
    for (BandPass& filter : filters) {
      const double y = filter.step(x);
      sum += y * y;
    }
  }
  kept = sum;
  static_cast<void>(kept);
  return tools::own_cpu_s() - before_s;
}

double decimation_cpu_s(std::size_t channels, double session_s, const std::vector<float>& samples) {
  constexpr double kRawHz = 30000.0;
  std::vector<ingest::Decimator> decimators(channels, ingest::Decimator(kRawHz));
  const double before_s = tools::own_cpu_s();
  volatile float kept = 0.0F;
  const auto count = static_cast<SampleIndex>(session_s * kRawHz);
  for (ingest::Decimator& decimator : decimators) {
    float output = 0.0F;
    for (SampleIndex n = 0; n < count; ++n) {
      if (decimator.push(n, samples[static_cast<std::size_t>(n) % kNoise], output)) kept = output;
    }
  }
  static_cast<void>(kept);
  return tools::own_cpu_s() - before_s;
}

}  // namespace

SleepCost sleep_cost(std::size_t channels, double session_s) {
  const std::vector<float> samples = noise();
  SleepCost cost;
  cost.channels = channels;
  cost.session_s = session_s;
  cost.features_share = features_cpu_s(channels, session_s, samples) / session_s;
  cost.floor_share = floor_cpu_s(channels, session_s, samples) / session_s;
  cost.decimation_share = decimation_cpu_s(channels, 0.1 * session_s, samples) / (0.1 * session_s);
  return cost;
}

}  // namespace vturn::benches
