// Evidence of a window against its definition, summed out in long double: log mean over headings of the Poisson
// likelihood of the units' counts by the tuning, minus that by the units' mean rates.
#include "daemon/decode/memoryless.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "tests/unit/decode/ring.hpp"

using namespace vturn;
using namespace vturn::test;

namespace {

long double evidence(const HeadingModel& model, const std::vector<int>& counts, long double window_s) {
  long double mean = 0.0L;
  long double flat = 0.0L;
  for (std::size_t row = 0; row < model.units.size(); ++row) {
    const auto rate = static_cast<long double>(model.units[row].mean_rate_hz);
    flat += counts[row] * std::log(rate) - window_s * rate;
  }
  for (std::size_t angle = 0; angle < kHeadingAngles; ++angle) {
    long double tuned = 0.0L;
    for (std::size_t row = 0; row < model.units.size(); ++row) {
      const auto rate = static_cast<long double>(model.units[row].rate_hz[angle]);
      tuned += counts[row] * std::log(rate) - window_s * rate;
    }
    mean += std::exp(tuned - flat) / kHeadingAngles;
  }
  return std::log(mean);
}

}  // namespace

TEST_CASE("evidence of a window is that of the Poisson counts, and leaves with them") {
  const HeadingModel model = model_of(random_cells(20, 4), {});
  MemorylessDecoder decoder;
  decoder.prepare(model, 200 * kNsPerMs);
  std::mt19937 random(5);
  for (int round = 0; round < 20; ++round) {
    decoder.reset();
    std::vector<int> counts(model.units.size(), 0);
    decoder.spike(kNsPerS, model.units[3].unit);  // has left the window by the end
    const int spikes = static_cast<int>(random() % 40);
    for (int i = 0; i < spikes; ++i) {
      const std::size_t row = round % 2 == 0 ? random() % model.units.size() : random() % 3;
      ++counts[row];
      decoder.spike(2 * kNsPerS + i * kNsPerMs, model.units[row].unit);
    }
    decoder.advance(2 * kNsPerS + 150 * kNsPerMs);
    CHECK(decoder.posterior_and_evidence().evidence_nats ==
          Approx(static_cast<double>(evidence(model, counts, 0.2L))).margin(1e-6));
  }
}
