// After prepare(), the decision path neither allocates nor locks.
#include <catch2/catch.hpp>
#include <cmath>

#include "daemon/sleep/features.hpp"
#include "daemon/sleep/sleep_filter.hpp"
#include "tests/helpers/rt_guard.hpp"
#include "tests/unit/sleep/synthetic_model.hpp"

using namespace vturn;

TEST_CASE("features and filter allocate nothing") {
  SleepModel model = test::synthetic_model();
  model.gain_fit_s = 60.0;
  FeatureExtractor extractor;
  SleepFilter filter;
  extractor.prepare({.theta = 0, .slow = 0, .emg = 1});
  filter.prepare(model, 0.1);
  LfpInput block{};
  block.rate_hz = 1000.0F;
  block.count = kMaxLfpSamples;
  std::size_t frames = 0;
  test::RtCounts counts;
  test::reset_rt_counts();
  {
    const test::RtSection section;
    for (int n = 0; n < 20'000; ++n) {
      block.signal = static_cast<std::uint16_t>(n % 2);
      for (std::size_t i = 0; i < kMaxLfpSamples; ++i)
        block.samples[i] = static_cast<float>((n * 37 + static_cast<int>(i) * 91) % 101);
      extractor.push(block, static_cast<SessionNs>(n / 2) * 20 * kNsPerMs);
      FeatureFrame frame;
      while (extractor.next(frame)) {
        filter.step(frame);
        ++frames;
      }
      if (n == 15'000) {
        extractor.gap();
        filter.gap();
      }
    }
    counts = test::RtSection::counts();
  }
  CHECK(frames > 1900);
  CHECK(counts.allocations == 0);
  CHECK(counts.frees == 0);
  CHECK(counts.locks == 0);
}
