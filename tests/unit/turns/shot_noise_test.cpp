// How often shot noise rises through a level: against Poisson spikes counted one by one.
#include "daemon/turns/shot_noise.hpp"

#include <catch2/catch.hpp>
#include <random>

using namespace vturn::turns;

namespace {

/// Rises a minute of the kernel's output through a level, spike by spike: between spikes it only decays.
double counted(double mean_hz, double kernel_s, double level_hz, double minutes, int cluster) {
  std::mt19937_64 random(11);
  std::exponential_distribution<double> wait(mean_hz / cluster);
  double value = 0.0, time_s = 0.0;
  std::uint64_t rises = 0;
  while (time_s < minutes * 60.0) {
    const double step_s = wait(random);
    time_s += step_s;
    value *= std::exp(-step_s / kernel_s);
    const bool below = value <= level_hz;
    value += cluster / kernel_s;
    rises += below && value > level_hz ? 1 : 0;
  }
  return static_cast<double>(rises) / minutes;
}

}  // namespace

TEST_CASE("the level for a rate of rises is risen through at that rate") {
  for (const double mean_hz : {20.0, 60.0, 200.0}) {
    for (const double kernel_s : {0.03, 0.05}) {
      const ShotNoise noise{mean_hz, 0.0, kernel_s};
      for (const double rate : {20.0, 2.0}) {
        const double level_hz = level_for(noise, rate);
        INFO(mean_hz << " Hz, " << kernel_s << " s, level " << level_hz);
        CHECK(rises_per_minute(noise, level_hz) == Approx(rate).epsilon(1e-6));
        CHECK(counted(mean_hz, kernel_s, level_hz, 600.0, 1) == Approx(rate).epsilon(0.12));
      }
    }
  }
}

TEST_CASE("clusters of spikes raise the level as their variance says") {
  const double mean_hz = 60.0, kernel_s = 0.05;
  const ShotNoise pairs{mean_hz, 2.0 * mean_hz / (2.0 * kernel_s), kernel_s};
  const double level_hz = level_for(pairs, 2.0);
  CHECK(level_hz > level_for({mean_hz, 0.0, kernel_s}, 2.0));
  CHECK(counted(mean_hz, kernel_s, level_hz, 1200.0, 2) == Approx(2.0).epsilon(0.15));
}

TEST_CASE("rarer means higher, and silence has a level too") {
  double previous = 0.0;
  for (const double rate : {10.0, 1.0, 0.1, 0.01}) {
    const double level_hz = level_for({50.0, 0.0, 0.05}, rate);
    CHECK(level_hz > previous);
    previous = level_hz;
  }
  const double silent = level_for({0.0, 0.0, 0.05}, 1.0);
  CHECK(silent > 0.0);
  CHECK(std::isfinite(silent));
}
