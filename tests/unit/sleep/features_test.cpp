// The feature extractor on constructed signals: powers against the closed form, causality, gaps, artefacts, bad input.
#include "daemon/sleep/features.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <numbers>
#include <random>

using namespace vturn;

namespace {

using Signal = std::function<float(double t_s)>;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// Sends blocks of each signal in turn, as a source does, and collects the frames.
std::vector<FeatureFrame> run(FeatureExtractor& extractor, const std::vector<std::pair<int, Signal>>& signals,
                              double rate_hz, double from_s, double to_s) {
  std::vector<FeatureFrame> frames;
  const auto first = static_cast<std::int64_t>(std::ceil(from_s * rate_hz));
  const auto last = static_cast<std::int64_t>(std::floor(to_s * rate_hz));
  for (std::int64_t at = first; at < last; at += kMaxLfpSamples) {
    for (const auto& [index, signal] : signals) {
      LfpInput block{};
      block.signal = static_cast<std::uint16_t>(index);
      block.rate_hz = static_cast<float>(rate_hz);
      block.count = static_cast<std::uint16_t>(std::min<std::int64_t>(kMaxLfpSamples, last - at));
      for (int i = 0; i < block.count; ++i) {
        block.samples[static_cast<std::size_t>(i)] = signal(static_cast<double>(at + i) / rate_hz);
      }
      extractor.push(block, static_cast<SessionNs>(static_cast<double>(at) / rate_hz * 1e9));
      FeatureFrame frame;
      while (extractor.next(frame)) frames.push_back(frame);
    }
  }
  return frames;
}

Signal sine(double hz, double amplitude) {
  return [=](double t) { return static_cast<float>(amplitude * std::sin(2.0 * std::numbers::pi * hz * t)); };
}

Signal noise(unsigned seed, float sd) {
  auto random = std::make_shared<std::mt19937>(seed);
  auto normal = std::make_shared<std::normal_distribution<float>>(0.0F, sd);
  return [=](double) { return (*normal)(*random); };
}

double band_power(double hz, double amplitude, double low, double high, double rate) {
  const auto warp = [rate](double f) { return std::tan(std::numbers::pi * f / rate); };
  const double w = (warp(hz) * warp(hz) - warp(low) * warp(high)) / (warp(hz) * (warp(high) - warp(low)));
  return 0.5 * amplitude * amplitude / (1.0 + w * w * w * w);
}

FeatureExtractor with(const FeatureSettings& settings) {
  FeatureExtractor extractor;
  extractor.prepare(settings);
  return extractor;
}

bool same(const std::vector<FeatureFrame>& a, const std::vector<FeatureFrame>& b, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    if (a[i].time_ns != b[i].time_ns || a[i].valid != b[i].valid || a[i].log_power != b[i].log_power ||
        a[i].artefact != b[i].artefact || a[i].fast_emg != b[i].fast_emg) {
      return false;
    }
  }
  return true;
}

constexpr SleepFeatureMask kFiveBands = 0b0001'1111;

}  // namespace

TEST_CASE("band powers of a sine follow the closed form at any rate") {
  struct Band {
    SleepFeature feature;
    double low, high;
  };
  const std::vector<Band> bands = {{SleepFeature::kDelta, 1, 4},
                                   {SleepFeature::kTheta, 5, 10},
                                   {SleepFeature::kSigma, 10, 15},
                                   {SleepFeature::kBeta, 15, 30},
                                   {SleepFeature::kGamma, 30, 90}};
  for (double rate : {200.0, 500.0, 1000.0, 1250.0, 2000.0}) {
    for (double hz : {2.0, 7.0, 12.0, 22.0, 50.0}) {
      FeatureExtractor extractor = with({.theta = 0, .slow = 0});
      const auto frames = run(extractor, {{0, sine(hz, 100.0)}}, rate, 0.0, 12.0);
      REQUIRE(frames.size() > 100);
      const FeatureFrame& frame = frames.back();
      REQUIRE(frame.valid == kFiveBands);
      REQUIRE_FALSE(frame.artefact);
      for (const Band& band : bands) {
        const double expected = band_power(hz, 100.0, band.low, band.high, rate);
        if (expected < 1.0) continue;  // the start's transient still counts beside so little
        INFO(rate << " Hz, sine of " << hz << " Hz, band from " << band.low);
        // The average of a sine's square ripples with the part of a period that 0.1 s cuts.
        CHECK(static_cast<double>(frame.value(band.feature)) == Approx(std::log(expected)).margin(0.12));
      }
    }
  }
}

TEST_CASE("frames lie on a grid of 100 ms, every one once") {
  FeatureExtractor extractor = with({.theta = 0, .slow = 1, .emg = 2});
  const auto frames = run(extractor, {{0, noise(1, 50)}, {1, noise(2, 50)}, {2, noise(3, 20)}}, 1017.25, 3.337, 20.0);
  for (std::size_t i = 0; i < frames.size(); ++i) {
    CHECK(frames[i].time_ns == frames[0].time_ns + static_cast<SessionNs>(i) * FeatureExtractor::kFrameNs);
  }
  CHECK(frames[0].time_ns == 3'400'000'000);
  CHECK(frames.back().valid == (kFiveBands | feature_bit(SleepFeature::kEmg)));
  // Delta's filter has settled after 2 s, EMG's earlier.
  CHECK(frames[10].valid == feature_bit(SleepFeature::kEmg));
}

TEST_CASE("a sample changes no frame before it") {
  const FeatureSettings settings{.theta = 0, .slow = 0, .emg = 1};
  const auto disturbed = [](Signal signal) -> Signal {
    return [signal](double t) { return t > 6.0 ? signal(t) * 3.0F + 10.0F : signal(t); };
  };
  FeatureExtractor plain = with(settings);
  FeatureExtractor changed = with(settings);
  const auto a = run(plain, {{0, noise(5, 80)}, {1, noise(6, 20)}}, 1000.0, 0.0, 9.0);
  const auto b = run(changed, {{0, disturbed(noise(5, 80))}, {1, disturbed(noise(6, 20))}}, 1000.0, 0.0, 9.0);
  std::size_t until = 0;
  while (until < a.size() && a[until].time_ns <= 6 * kNsPerS) ++until;
  REQUIRE(until > 50);
  CHECK(same(a, b, until));
  CHECK_FALSE(same(a, b, a.size()));
}

TEST_CASE("a gap in the samples, or one that is told, starts the filters anew") {
  FeatureExtractor extractor = with({.theta = 0, .slow = 0});
  run(extractor, {{0, noise(1, 50)}}, 1000.0, 0.0, 5.0);
  const auto after = run(extractor, {{0, noise(2, 50)}}, 1000.0, 7.0, 12.0);
  REQUIRE(after.size() > 40);
  CHECK(after[1].valid == 0);
  CHECK(after.back().valid == kFiveBands);
  extractor.gap();
  const auto again = run(extractor, {{0, noise(3, 50)}}, 1000.0, 12.0, 17.0);
  CHECK(again[1].valid == 0);
  CHECK(again.back().valid == kFiveBands);
}

TEST_CASE("an electrode's offset rings in no band") {
  FeatureExtractor extractor = with({.theta = 0, .slow = 0});
  const Signal on_offset = [n = noise(1, 1)](double t) { return 4000.0F + n(t); };
  const auto frames = run(extractor, {{0, on_offset}}, 1000.0, 0.0, 3.0);
  CHECK(frames.back().has(SleepFeature::kDelta));
  CHECK(frames.back().value(SleepFeature::kDelta) < 1.0F);
}

TEST_CASE("saturation and bursts are artefacts, a flat signal is absent") {
  const FeatureSettings settings{.theta = 0, .slow = 0, .emg = 1};
  const auto during = [](Signal signal, float value, double from, double to) -> Signal {
    return [=](double t) { return t >= from && t < to ? value : signal(t); };
  };
  SECTION("saturation") {
    FeatureExtractor extractor = with(settings);
    const auto frames =
        run(extractor, {{0, during(noise(1, 50), 6400.0F, 5.0, 5.05)}, {1, noise(2, 20)}}, 1000.0, 0.0, 10.0);
    CHECK(std::any_of(frames.begin() + 49, frames.begin() + 53, [](const FeatureFrame& f) { return f.artefact; }));
    CHECK(frames.back().valid == (kFiveBands | feature_bit(SleepFeature::kEmg)));
    CHECK_FALSE(frames.back().artefact);
  }
  SECTION("burst") {
    FeatureExtractor extractor = with(settings);
    const Signal burst = [n = noise(1, 50)](double t) { return n(t) * (t >= 40.0 && t < 40.3 ? 40.0F : 1.0F); };
    const auto frames = run(extractor, {{0, burst}, {1, noise(2, 20)}}, 1000.0, 0.0, 50.0);
    const auto artefacts =
        std::count_if(frames.begin(), frames.end(), [](const FeatureFrame& f) { return f.artefact; });
    CHECK(artefacts >= 3);
    CHECK(artefacts <= 15);
    // It never entered the average.
    CHECK(frames.back().value(SleepFeature::kGamma) == Approx(frames[380].value(SleepFeature::kGamma)).margin(1.0));
    CHECK(frames[415].value(SleepFeature::kGamma) == Approx(frames[380].value(SleepFeature::kGamma)).margin(1.0));
  }
  SECTION("muscle bursts are no artefact") {
    FeatureExtractor extractor = with(settings);
    const Signal muscle = [n = noise(2, 20)](double t) { return n(t) * (t >= 40.0 ? 40.0F : 1.0F); };
    const auto frames = run(extractor, {{0, noise(1, 50)}, {1, muscle}}, 1000.0, 0.0, 45.0);
    CHECK(std::none_of(frames.begin(), frames.end(), [](const FeatureFrame& f) { return f.artefact; }));
    CHECK(frames.back().fast_emg > frames[380].fast_emg + 6.0F);
  }
  SECTION("flat") {
    FeatureExtractor extractor = with(settings);
    const auto frames =
        run(extractor, {{0, noise(1, 50)}, {1, during(noise(2, 20), 0.0F, 5.0, 99.0)}}, 1000.0, 0.0, 10.0);
    CHECK(frames.back().valid == kFiveBands);
    CHECK_FALSE(frames.back().artefact);
  }
}

TEST_CASE("no input makes a NaN") {
  const std::vector<float> evils = {
      0.0F, static_cast<float>(kNan), std::numeric_limits<float>::infinity(), -3e38F, 1e-40F, 32767.0F};
  std::mt19937 random(11);
  FeatureExtractor extractor = with({.theta = 0, .slow = 1, .emg = 2, .motion = {3, 4, 5}});
  const Signal evil = [&](double t) {
    const auto pick = random() % 400;
    if (std::fmod(t, 20.0) > 15.0) return evils[static_cast<std::size_t>(t / 20.0) % evils.size()];
    return pick < evils.size() ? evils[pick] : static_cast<float>(pick);
  };
  const auto frames =
      run(extractor, {{0, evil}, {1, evil}, {2, evil}, {3, evil}, {4, evil}, {5, evil}}, 500.0, 0.0, 130.0);
  REQUIRE(frames.size() > 1000);
  for (const FeatureFrame& frame : frames) {
    for (float value : frame.log_power) REQUIRE(std::isfinite(value));
    REQUIRE(std::isfinite(frame.fast_emg));
    REQUIRE(std::isfinite(frame.fast_motion));
  }
}

TEST_CASE("rates and blocks that make no sense are ignored") {
  FeatureExtractor extractor = with({.theta = 0, .slow = 0});
  FeatureFrame frame;
  for (float rate : {0.0F, -5.0F, static_cast<float>(kNan), std::numeric_limits<float>::infinity(), 1e-9F, 1e9F}) {
    LfpInput block{};
    block.rate_hz = rate;
    block.count = 60000;
    extractor.push(block, 0);
    CHECK_FALSE(extractor.next(frame));
  }
}

TEST_CASE("a dead signal delays the others by 300 ms at most, once") {
  FeatureExtractor extractor = with({.theta = 0, .slow = 0, .emg = 1});
  run(extractor, {{0, noise(1, 50)}, {1, noise(2, 20)}}, 1000.0, 0.0, 5.0);
  const auto frames = run(extractor, {{0, noise(3, 50)}}, 1000.0, 5.0, 8.0);
  CHECK(frames.back().time_ns >= 7'900'000'000);
  CHECK(frames.back().valid == kFiveBands);
  for (std::size_t i = 1; i < frames.size(); ++i)
    CHECK(frames[i].time_ns - frames[i - 1].time_ns == FeatureExtractor::kFrameNs);
}

TEST_CASE("motion is the power of the accelerometer's vector, gravity left out") {
  FeatureExtractor extractor = with({.theta = 0, .motion = {1, 2, 3}});
  const auto on_gravity = [](double hz, double g) -> Signal {
    return [=, s = sine(hz, 0.02)](double t) { return static_cast<float>(g) + s(t); };
  };
  const auto frames =
      run(extractor, {{0, noise(1, 50)}, {1, on_gravity(9, 1.6)}, {2, on_gravity(9, 1.9)}, {3, on_gravity(9, 1.3)}},
          1000.0, 0.0, 12.0);
  const double expected = 3.0 * band_power(9, 0.02, 1, 90, 1000.0);
  CHECK(static_cast<double>(frames.back().value(SleepFeature::kMotion)) == Approx(std::log(expected)).margin(0.1));
  CHECK((frames.back().fast_valid & feature_bit(SleepFeature::kMotion)) != 0);
}

TEST_CASE("each signal's quality is told: the latest problem for ten seconds, the share of time it could be used") {
  FeatureSettings settings;
  settings.theta = settings.slow = 4;
  settings.emg = 1;
  settings.motion[0] = 2;
  FeatureExtractor extractor = with(settings);
  const Signal brain = noise(1, 100.0F), muscle = noise(2, 30.0F), motion = noise(3, 0.01F);
  const auto problem = [&](std::size_t i) { return extractor.quality()[i].problem; };
  run(extractor, {{4, brain}, {1, muscle}, {2, motion}}, 1000.0, 0.0, 1.0);
  REQUIRE(extractor.quality().size() == 3);
  CHECK(extractor.quality()[0].signal == 4);
  CHECK(problem(0) == SignalProblem::kSettling);
  run(extractor, {{4, brain}, {1, muscle}, {2, motion}}, 1000.0, 1.0, 60.0);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(problem(i) == SignalProblem::kNone);
    CHECK(extractor.quality()[i].usable_share > 0.99F);
  }
  const Signal flat = [](double) { return 5.0F; };
  const Signal clipped = [&](double t) { return brain(t) + (t > 62.5 && t < 62.6 ? 1e4F : 0.0F); };
  run(extractor, {{4, clipped}, {1, flat}}, 1000.0, 60.0, 65.0);
  CHECK(problem(0) == SignalProblem::kSaturated);
  CHECK(problem(1) == SignalProblem::kFlat);
  CHECK(problem(2) == SignalProblem::kMissing);
  CHECK(extractor.quality()[2].usable_share < 0.7F);
  run(extractor, {{4, brain}, {1, muscle}, {2, motion}}, 1000.0, 65.0, 80.0);
  for (std::size_t i = 0; i < 3; ++i) CHECK(problem(i) == SignalProblem::kNone);
}

TEST_CASE("a stimulus is blanked: its ringing is in no power, its frames say artefact, motion goes on") {
  FeatureSettings settings;
  settings.theta = settings.slow = 0;
  settings.emg = 1;
  settings.motion[0] = 2;
  const Signal brain = noise(1, 100.0F), muscle = noise(2, 30.0F), motion = noise(3, 0.01F);
  const auto ringing = [](const Signal& signal) {
    return [=](double t) { return signal(t) + (t > 10.02 && t < 10.13 ? 3000.0F : 0.0F); };
  };
  FeatureExtractor extractor = with(settings);
  auto frames = run(extractor, {{0, brain}, {1, muscle}, {2, motion}}, 1000.0, 0.0, 10.0);
  const FeatureFrame before = frames.back();
  extractor.blank(10 * kNsPerS + 15 * kNsPerMs, 10 * kNsPerS + 130 * kNsPerMs);
  frames = run(extractor, {{0, ringing(brain)}, {1, ringing(muscle)}, {2, motion}}, 1000.0, 10.0, 13.0);
  int artefacts = 0;
  for (const FeatureFrame& frame : frames) {
    CHECK(frame.has(SleepFeature::kMotion));
    artefacts += frame.artefact ? 1 : 0;
    if (!frame.has(SleepFeature::kDelta)) continue;
    for (const SleepFeature feature : {SleepFeature::kTheta, SleepFeature::kGamma, SleepFeature::kEmg})
      CHECK(frame.value(feature) == Approx(before.value(feature)).margin(1.5F));
  }
  CHECK(artefacts >= 2);
  CHECK(artefacts <= 8);
  CHECK(frames.back().has(SleepFeature::kDelta));
}

TEST_CASE("a stimulus is blanked in the tone of the LFP too") {
  FeatureSettings settings;
  settings.emg_lfp = {0, 1, kNoSignal, kNoSignal, kNoSignal, kNoSignal};
  FeatureExtractor extractor = with(settings);
  constexpr double kHz = 2500.0;
  const std::array signals{noise(1, 50.0F), noise(2, 50.0F)};
  float quiet = 0.0F, most = -100.0F;
  extractor.blank(10 * kNsPerS, 10 * kNsPerS + 100 * kNsPerMs);
  for (SampleIndex at = 0; at < static_cast<SampleIndex>(13 * kHz); at += kMaxLfpSamples) {
    for (std::uint16_t k = 0; k < 2; ++k) {
      LfpInput block{k, kMaxLfpSamples, static_cast<float>(kHz), {}};
      for (int i = 0; i < kMaxLfpSamples; ++i) {
        const double t = static_cast<double>(at + i) / kHz;
        block.samples[static_cast<std::size_t>(i)] =
            signals[k](t) + (t > 10.0 && t < 10.1 ? 1000.0F * static_cast<float>(i % 5) : 0.0F);
      }
      extractor.push(block, static_cast<SessionNs>(static_cast<double>(at) / kHz * 1e9), at);
    }
    for (FeatureFrame frame; extractor.next(frame);) {
      if (!frame.has(SleepFeature::kEmgLfp)) continue;
      const float tone = frame.value(SleepFeature::kEmgLfp);
      if (frame.time_ns < 10 * kNsPerS) quiet = tone;
      if (frame.time_ns > 10 * kNsPerS) most = std::max(most, tone);
    }
  }
  CHECK(most < quiet + 0.5F);
  CHECK(most > quiet - 0.5F);
}
