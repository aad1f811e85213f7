// Unit features against what is known of the spikes that are sent: Poisson (Fano 1, silence e^-λ), regular, and silent
// half of the time; and of a heading that turns steadily.
#include "daemon/sleep/unit_features.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "daemon/core/angle.hpp"

using namespace vturn;

namespace {

FeatureFrame frame_at(UnitFeatures& units, double t_s) {
  FeatureFrame frame;
  frame.time_ns = static_cast<SessionNs>(std::llround(t_s * 1e9));
  units.add_to(frame);
  return frame;
}

/// Mean of a feature's exponential over frames every 100 ms, of what `spikes_in(bin)` sends in each 50 ms.
struct Means {
  double rate = 0.0, silence = 0.0, fano = 0.0;
};
template <class SpikesIn>
Means means_of(SpikesIn spikes_in, double duration_s) {
  UnitFeatures units;
  units.prepare();
  Means sum;
  double frames = 0.0;
  for (int bin = 0; bin < static_cast<int>(duration_s / 0.05); ++bin) {
    const int spikes = spikes_in(bin);
    for (int i = 0; i < spikes; ++i)
      units.spike(static_cast<SessionNs>((bin * 0.05 + 0.05 * (i + 0.5) / spikes) * 1e9));
    if (bin % 2 == 0) continue;
    const FeatureFrame frame = frame_at(units, (bin + 1) * 0.05);
    if (!frame.has(SleepFeature::kRate)) continue;
    sum.rate += std::exp(static_cast<double>(frame.value(SleepFeature::kRate)));
    sum.silence += std::exp(static_cast<double>(frame.value(SleepFeature::kSilence)));
    sum.fano += std::exp(static_cast<double>(frame.value(SleepFeature::kFano)));
    frames += 1.0;
  }
  return {sum.rate / frames, sum.silence / frames - 0.01, sum.fano / frames};
}

}  // namespace

TEST_CASE("unit features: rate, silence and Fano factor of Poisson, regular and on-off spikes") {
  std::mt19937 random(3);
  std::poisson_distribution<int> poisson(3.0);
  const Means noise = means_of([&](int) { return poisson(random); }, 400.0);
  CHECK(noise.rate == Approx(60.0).epsilon(0.03));
  CHECK(noise.silence == Approx(std::exp(-3.0)).margin(0.01));
  // Variance against a running mean of 40 bins that holds the bin itself: 1 - 1/79 of the true one.
  CHECK(noise.fano == Approx(1.0 - 1.0 / 79.0).margin(0.05));
  const Means regular = means_of([](int) { return 3; }, 60.0);
  CHECK(regular.silence == Approx(0.0).margin(0.02));
  CHECK(regular.fano < 0.2);
  const Means on_off = means_of([](int bin) { return bin / 4 % 2 == 0 ? 6 : 0; }, 60.0);
  CHECK(on_off.rate == Approx(60.0).epsilon(0.03));
  CHECK(on_off.silence == Approx(0.5).margin(0.03));
  CHECK(on_off.fano > 2.5);
}

TEST_CASE("unit features: a steady turn has its speed, its evidence is given as it is; missing steps are not bridged") {
  UnitFeatures units;
  units.prepare();
  const double speed_rad_s = 2.0;
  const auto heading = [&](int step) {
    units.heading({step * UnitFeatures::kHeadingStepNs, wrap_angle(speed_rad_s * 0.1 * step), 7.0});
  };
  for (int step = 1; step < 40; ++step) heading(step);
  CHECK_FALSE(frame_at(units, 3.9).has(SleepFeature::kTurnSpeed));
  for (int step = 40; step < 300; ++step) heading(step);
  const FeatureFrame frame = frame_at(units, 29.9);
  CHECK(std::exp(frame.value(SleepFeature::kTurnSpeed)) == Approx(speed_rad_s).epsilon(0.01));
  CHECK(frame.value(SleepFeature::kEvidence) == Approx(3.5).epsilon(0.01));
  CHECK_FALSE(frame.has(SleepFeature::kRate));
  // Nothing decoded for a while: nothing said.
  CHECK_FALSE(frame_at(units, 30.2).has(SleepFeature::kTurnSpeed));
  units.heading({400 * UnitFeatures::kHeadingStepNs, 0.0, 7.0});  // a jump of the heading over a hole is no turn
  heading(401);
  CHECK(std::exp(frame_at(units, 40.1).value(SleepFeature::kTurnSpeed)) == Approx(speed_rad_s).epsilon(0.01));
}

TEST_CASE("unit features: bounded whatever comes, and another recording begins anew") {
  UnitFeatures units;
  units.prepare();
  CHECK(frame_at(units, 100.0).valid == 0);
  units.spike(kNsPerS);
  CHECK_FALSE(frame_at(units, 4.0).has(SleepFeature::kRate));
  const FeatureFrame silent = frame_at(units, 30.0);
  CHECK(silent.value(SleepFeature::kRate) == Approx(std::log(0.01)).margin(0.01));
  CHECK(silent.value(SleepFeature::kSilence) == Approx(std::log(1.01)).margin(0.01));
  units.spike(20 * kNsPerS);  // late: counts now
  units.spike(1000 * kNsPerS);
  CHECK_FALSE(frame_at(units, 1000.1).has(SleepFeature::kRate));
  CHECK(std::isfinite(frame_at(units, 1004.2).value(SleepFeature::kFano)));
}
