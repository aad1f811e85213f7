// Nothing after t changes what was said up to t: any sample, any frame, wherever t lies.
#include <catch2/catch.hpp>
#include <random>

#include "daemon/sleep/features.hpp"
#include "daemon/sleep/sleep_filter.hpp"
#include "tests/unit/sleep/synthetic_model.hpp"

using namespace vturn;

namespace {

struct Said {
  std::array<double, kSleepStates> posterior{};
  SleepState state{};
  int moving = 0;
  float quality = 0.0F;
  bool operator==(const Said&) const = default;
};

std::vector<Said> run(const std::vector<FeatureFrame>& frames, const SleepModel& model) {
  SleepFilter filter;
  filter.prepare(model, 0.1);
  std::vector<Said> said;
  for (const FeatureFrame& frame : frames) {
    const SleepOutput output = filter.step(frame);
    said.push_back({filter.posterior(), output.state, output.moving, output.quality});
  }
  return said;
}

FeatureFrame random_frame(std::size_t index, std::mt19937& random) {
  std::normal_distribution<float> noise(0.0F, 0.8F);
  const auto time_ns = static_cast<SessionNs>(index + 1) * 100 * kNsPerMs;
  FeatureFrame frame = index / 300 % 3 == 0   ? test::wake_frame(time_ns)
                       : index / 300 % 3 == 1 ? test::nrem_frame(time_ns)
                                              : test::rem_frame(time_ns);
  for (float& value : frame.log_power) value += noise(random);
  frame.artefact = random() % 40 == 0;
  if (random() % 30 == 0) frame.valid = static_cast<SleepFeatureMask>(frame.valid & random());
  frame.fast_valid = feature_bit(SleepFeature::kEmg);
  frame.fast_emg = 3.0F + 2.0F * noise(random);
  return frame;
}

std::vector<FeatureFrame> features(const std::vector<float>& signal) {
  FeatureExtractor extractor;
  extractor.prepare({.theta = 0, .slow = 0, .emg = 1});
  std::vector<FeatureFrame> frames;
  for (std::size_t at = 0; at + kMaxLfpSamples <= signal.size(); at += kMaxLfpSamples) {
    for (std::uint16_t index = 0; index < 2; ++index) {
      LfpInput block{};
      block.signal = index;
      block.rate_hz = 1000.0F;
      block.count = kMaxLfpSamples;
      std::copy_n(signal.begin() + static_cast<std::ptrdiff_t>(at), kMaxLfpSamples, block.samples.begin());
      extractor.push(block, static_cast<SessionNs>(at) * kNsPerMs);
      FeatureFrame frame;
      while (extractor.next(frame)) frames.push_back(frame);
    }
  }
  return frames;
}

bool same(const FeatureFrame& a, const FeatureFrame& b) {
  return a.time_ns == b.time_ns && a.valid == b.valid && a.log_power == b.log_power && a.artefact == b.artefact &&
         a.fast_emg == b.fast_emg;
}

}  // namespace

TEST_CASE("a frame changes nothing that the filter said before it") {
  std::mt19937 random(21);
  SleepModel model = test::synthetic_model();
  model.gain_fit_s = 120.0;
  std::vector<FeatureFrame> frames;
  for (std::size_t i = 0; i < 3000; ++i) frames.push_back(random_frame(i, random));
  const auto before = run(frames, model);
  for (int round = 0; round < 20; ++round) {
    const std::size_t from = 1 + random() % (frames.size() - 1);
    auto changed = frames;
    for (std::size_t i = from; i < changed.size(); ++i) changed[i] = random_frame(i + 450, random);
    for (std::size_t i = from; i < changed.size(); ++i) changed[i].time_ns = frames[i].time_ns;
    const auto after = run(changed, model);
    REQUIRE(std::equal(before.begin(), before.begin() + static_cast<std::ptrdiff_t>(from), after.begin()));
    REQUIRE_FALSE(before.back() == after.back());
    // And the same input says the same again, to the bit.
    REQUIRE(run(changed, model) == after);
  }
}

TEST_CASE("a sample changes no frame that ends before it, wherever it lies") {
  std::mt19937 random(22);
  std::normal_distribution<float> noise(0.0F, 60.0F);
  std::vector<float> signal(12'000);
  for (float& sample : signal) sample = noise(random);
  const auto before = features(signal);
  REQUIRE(before.size() > 90);
  for (int round = 0; round < 20; ++round) {
    const std::size_t from = 2000 + random() % 9000;
    auto changed = signal;
    const float value = round % 3 == 0 ? 6400.0F : 500.0F * noise(random);
    for (std::size_t i = from; i < changed.size(); ++i) changed[i] = round % 2 == 0 ? value : noise(random);
    const auto after = features(changed);
    std::size_t differ = 0;
    for (std::size_t i = 0; i < std::min(before.size(), after.size()); ++i) {
      const bool earlier = before[i].time_ns <= static_cast<SessionNs>(from) * kNsPerMs;
      if (earlier) REQUIRE(same(before[i], after[i]));
      if (!same(before[i], after[i])) ++differ;
    }
    REQUIRE(differ > 0);
  }
}
