// The decimator against a reference of another make: the order-8 Butterworth low-pass as one difference equation whose
// coefficients come from its poles multiplied out, run in long double.
#include "daemon/ingest/decimator.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/ingest/reference_filter.hpp"

using vturn::ingest::Decimator;

namespace {

/// Gain at a frequency, from the amplitude of a decimated sine after the transient.
double measured_gain(double rate_hz, double frequency_hz) {
  Decimator decimator(rate_hz);
  double largest = 0;
  for (std::int64_t n = 0; n < static_cast<std::int64_t>(rate_hz); ++n) {
    float output = 0;
    const double phase = 2 * M_PI * frequency_hz * static_cast<double>(n) / rate_hz;
    if (decimator.push(n, static_cast<float>(std::sin(phase)), output) && static_cast<double>(n) > rate_hz / 2) {
      largest = std::max(largest, std::fabs(static_cast<double>(output)));
    }
  }
  return largest;
}

}  // namespace

TEST_CASE("The factor gives about 1 kHz") {
  CHECK(Decimator(30000).factor() == 30);
  CHECK(Decimator(30000).output_rate_hz() == 1000.0);
  CHECK(Decimator(20000).factor() == 20);
  CHECK(Decimator(24414.0625).factor() == 24);
  CHECK(Decimator(24414.0625).output_rate_hz() == Approx(1017.2526));
  CHECK(Decimator(1250).factor() == 1);
  CHECK(Decimator(100).factor() == 1);
}

TEST_CASE("Every decimated sample equals the reference filter's") {
  const double rate_hz = GENERATE(30000.0, 20000.0, 24414.0625, 2000.0);
  Decimator decimator(rate_hz);
  vturn::test::ReferenceLowPass reference(rate_hz, 0.375 * decimator.output_rate_hz());
  std::uint32_t state = 12345;
  double worst = 0;
  for (std::int64_t n = -1000; n < 60000; ++n) {
    state = state * 1664525U + 1013904223U;
    const auto sample = static_cast<float>(static_cast<double>(state) / 4294967296.0 * 400 - 100);
    if (n == -1000) reference.settle(sample);
    const double expected = reference.push(sample);
    float output = 0;
    const bool taken = decimator.push(n, sample, output);
    REQUIRE(taken == (n % decimator.factor() == 0));
    if (taken) worst = std::max(worst, std::fabs(static_cast<double>(output) - expected));
  }
  CHECK(worst < 1e-3);
}

TEST_CASE("Pass band flat, aliases into theta and EMG bands suppressed") {
  CHECK(measured_gain(30000, 8) == Approx(1).margin(0.01));
  CHECK(measured_gain(30000, 300) > 0.97);
  CHECK(measured_gain(30000, 700) < 0.01);
  CHECK(measured_gain(30000, 993) < 0.0006);
  CHECK(measured_gain(30000, 7001) < 1e-5);
}

TEST_CASE("An offset does not ring after the start or a reset") {
  Decimator decimator(30000);
  for (const float level : {5000.0F, -300.0F}) {
    decimator.reset();
    for (std::int64_t n = 0; n < 900; ++n) {
      float output = 0;
      if (decimator.push(n, level, output)) CHECK(output == Approx(level).epsilon(1e-5));
    }
  }
}
