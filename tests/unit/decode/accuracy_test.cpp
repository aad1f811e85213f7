#include <catch2/catch.hpp>
#include <numeric>

#include "daemon/decode/circle.hpp"
#include "daemon/decode/heading_filter.hpp"
#include "daemon/decode/memoryless.hpp"
#include "daemon/decode/random_walk.hpp"
#include "daemon/decode/scoring.hpp"
#include "tests/unit/decode/ring.hpp"

using namespace vturn;
using namespace vturn::test;

namespace {

/// Median absolute error of the posterior Cramer-Rao bound (Tichavsky et al. 1998): steady state of the Riccati
/// equation of angle and velocity with the mean Fisher information of the cells.
double bound_median_deg(const std::vector<Cell>& cells, double sd_rad_s, double tau_s) {
  double information = 0.0;
  constexpr int kSteps = 720;
  for (int i = 0; i < kSteps; ++i) {
    const double theta = kTwoPi * i / kSteps;
    for (const auto& cell : cells) {
      const double rate = cell.rate_hz(theta);
      const double slope = -cell.kappa * std::sin(theta - cell.preferred_rad) * (rate - cell.base_hz);
      information += slope * slope / rate / kSteps;
    }
  }
  double angle = 0.1, both = 0.0, velocity = sd_rad_s * sd_rad_s;
  const double noise = 2.0 * sd_rad_s * sd_rad_s / tau_s;
  constexpr double kDt = 1e-5;
  for (int i = 0; i < 500'000; ++i) {
    const double angle_rate = 2.0 * both - information * angle * angle;
    const double both_rate = velocity - both / tau_s - information * angle * both;
    const double velocity_rate = -2.0 * velocity / tau_s + noise - information * both * both;
    angle += kDt * angle_rate;
    both += kDt * both_rate;
    velocity += kDt * velocity_rate;
  }
  return 0.6745 * std::sqrt(angle) / kDeg;
}

HeadingScore filter_score(const HeadingModel& model, const Walk& walk) {
  HeadingFilter filter;
  filter.prepare(model);
  HeadingTally tally;
  score_filter(filter, walk.spikes, walk.heading, {.settle_ns = kNsPerS}, tally);
  return tally.score();
}

}  // namespace

TEST_CASE("any-time error is within a tenth of the Cramer-Rao bound, and 95 % sets are honest") {
  constexpr double kSd = 100 * kDeg;
  constexpr double kTau = 0.25;
  const auto cells = random_cells(30, 11);
  const Walk walk = walk_of(cells, kSd, kTau, 600.0, 12);
  const HeadingScore score = filter_score(model_of(cells, ornstein_uhlenbeck(kSd, kTau)), walk);
  const double bound_deg = bound_median_deg(cells, kSd, kTau);
  INFO("median " << score.median_abs_error_deg << ", bound " << bound_deg << ", coverage " << score.coverage_95);
  std::printf("N=30: median %.3f deg, bound %.3f deg, ratio %.3f, 95 %% coverage %.4f\n", score.median_abs_error_deg,
              bound_deg, score.median_abs_error_deg / bound_deg, score.coverage_95);
  CHECK(score.median_abs_error_deg < 1.1 * bound_deg);
  CHECK(score.median_abs_error_deg > 0.9 * bound_deg);
  CHECK(score.coverage_95 > 0.935);
  CHECK(score.coverage_95 < 0.98);
}

TEST_CASE("the filter beats both published decoders on the same spikes") {
  const auto cells = random_cells(30, 21);
  const Walk walk = walk_of(cells, 100 * kDeg, 0.25, 120.0, 22);
  const HeadingModel model = model_of(cells, ornstein_uhlenbeck(100 * kDeg, 0.25));
  const double filter_deg = filter_score(model, walk).median_abs_error_deg;

  MemorylessDecoder memoryless;
  memoryless.prepare(model, 100 * kNsPerMs);
  RandomWalkFilter random_walk;
  random_walk.prepare(model, 1.6);
  HeadingTally memoryless_tally, random_walk_tally;
  std::size_t next = 0;
  for (std::size_t row = 0; row < walk.heading.size(); row += 10) {
    const auto& truth = walk.heading[row];
    for (; next < walk.spikes.size() && walk.spikes[next].time_ns <= truth.time_ns; ++next) {
      memoryless.spike(walk.spikes[next].time_ns, walk.spikes[next].unit);
      random_walk.spike(walk.spikes[next].time_ns, walk.spikes[next].unit);
    }
    memoryless.advance(truth.time_ns);
    random_walk.advance(truth.time_ns);
    const auto angle_rad = static_cast<double>(truth.angle_rad);
    memoryless_tally.add(angle_difference(static_cast<double>(memoryless.estimate().angle_rad), angle_rad), false);
    random_walk_tally.add(angle_difference(static_cast<double>(random_walk.estimate().angle_rad), angle_rad), false);
  }
  const double memoryless_deg = memoryless_tally.score().median_abs_error_deg;
  const double random_walk_deg = random_walk_tally.score().median_abs_error_deg;
  INFO(filter_deg << " < " << random_walk_deg << " < " << memoryless_deg);
  CHECK(filter_deg < random_walk_deg);
  CHECK(random_walk_deg < memoryless_deg);
  CHECK(memoryless_deg < 1.3 * filter_deg);
}

TEST_CASE("the memoryless decoder counts exactly the spikes of its window") {
  const std::vector<Cell> cells = {{1.0, 3.0, 20.0, 1.0}, {2.0, 4.0, 15.0, 0.5}};
  MemorylessDecoder decoder;
  decoder.prepare(model_of(cells, ornstein_uhlenbeck(1.0, 0.2)), 100 * kNsPerMs);
  decoder.spike(0, 0);
  decoder.spike(60 * kNsPerMs, 1);
  decoder.spike(90 * kNsPerMs, 7);
  decoder.advance(100 * kNsPerMs);
  const auto p = decoder.posterior();
  std::array<double, kHeadingAngles> expected{};
  for (std::size_t bin = 0; bin < kHeadingAngles; ++bin) {
    const double theta = circle::kBinRad * static_cast<double>(bin);
    expected[bin] = cells[1].rate_hz(theta) * std::exp(-0.1 * (cells[0].rate_hz(theta) + cells[1].rate_hz(theta)));
  }
  const double sum = std::accumulate(expected.begin(), expected.end(), 0.0);
  for (std::size_t bin = 0; bin < kHeadingAngles; ++bin) CHECK(p[bin] == Approx(expected[bin] / sum).epsilon(1e-5));
  decoder.advance(160 * kNsPerMs);
  CHECK(decoder.estimate().spikes_per_s == 0.0F);
}

TEST_CASE("evidence per spike tells the ring from permuted cells") {
  constexpr double kSd = 60 * kDeg;
  const auto cells = random_cells(20, 31);
  const HeadingModel model = model_of(cells, ornstein_uhlenbeck(kSd, 0.3));
  const Walk walk = walk_of(cells, kSd, 0.3, 120.0, 32);
  HeadingFilter real, twin;
  real.prepare(model);
  twin.prepare(with_permuted_units(model, 77));
  std::vector<std::pair<float, bool>> values;
  std::size_t next = 0;
  for (std::size_t row = 1000; row < walk.heading.size(); row += 250) {
    for (; next < walk.spikes.size() && walk.spikes[next].time_ns <= walk.heading[row].time_ns; ++next) {
      real.spike(walk.spikes[next].time_ns, walk.spikes[next].unit);
      twin.spike(walk.spikes[next].time_ns, walk.spikes[next].unit);
    }
    values.emplace_back(real.estimate().evidence_nats_per_spike, true);
    values.emplace_back(twin.estimate().evidence_nats_per_spike, false);
  }
  std::sort(values.begin(), values.end());
  double below = 0.0, pairs = 0.0;
  for (const auto& [value, is_real] : values) (is_real ? pairs : below) += is_real ? below : 1.0;
  const double n = static_cast<double>(values.size()) / 2.0;
  const double auc = pairs / (n * n);
  std::printf("evidence AUC, N=20: %.4f\n", auc);
  CHECK(auc > 0.98);
  CHECK(real.total_evidence_nats() > 0.0);
}

TEST_CASE("permuting leaves no unit its name, however few there are") {
  for (const std::size_t units : {2U, 3U, 6U, 40U}) {
    const HeadingModel model = model_of(random_cells(units, 31), ornstein_uhlenbeck(1.0, 0.3));
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
      const HeadingModel permuted = with_permuted_units(model, seed);
      for (std::size_t i = 0; i < units; ++i) REQUIRE(permuted.units[i].unit != model.units[i].unit);
    }
  }
}

TEST_CASE("permuting keeps the tunings and moves the names") {
  const HeadingModel model = model_of(random_cells(20, 31), ornstein_uhlenbeck(1.0, 0.3));
  const HeadingModel permuted = with_permuted_units(model, 5);
  std::vector<UnitId> names;
  for (std::size_t i = 0; i < model.units.size(); ++i) {
    CHECK(permuted.units[i].rate_hz == model.units[i].rate_hz);
    names.push_back(permuted.units[i].unit);
  }
  std::sort(names.begin(), names.end());
  CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
  CHECK(permuted.hash != model.hash);
}

TEST_CASE("the Ornstein-Uhlenbeck chain keeps its Gaussian and forgets at its time constant") {
  constexpr double kSd = 2.0;
  constexpr double kTau = 0.2;
  const HeadingDynamics dynamics = ornstein_uhlenbeck(kSd, kTau);
  std::vector<double> p(kVelocityRows, 1.0 / kVelocityRows);
  const auto step = [&](double dt) {
    const auto old = p;
    for (std::size_t row = 0; row < kVelocityRows; ++row) {
      if (row + 1 < kVelocityRows) {
        const double flow = dt * (old[row] * static_cast<double>(dynamics.hop_up_hz[row]) -
                                  old[row + 1] * static_cast<double>(dynamics.hop_down_hz[row + 1]));
        p[row] -= flow;
        p[row + 1] += flow;
      }
    }
  };
  for (int i = 0; i < 40'000; ++i) step(1e-4);
  double variance = 0.0;
  for (std::size_t row = 0; row < kVelocityRows; ++row)
    variance += p[row] * std::pow(static_cast<double>(dynamics.velocity_rad_s[row]), 2);
  CHECK(std::sqrt(variance) == Approx(kSd).epsilon(0.05));
  std::fill(p.begin(), p.end(), 0.0);
  p[11] = 1.0;
  const auto mean = [&] {
    double sum = 0.0;
    for (std::size_t row = 0; row < kVelocityRows; ++row)
      sum += p[row] * static_cast<double>(dynamics.velocity_rad_s[row]);
    return sum;
  };
  const double start = mean();
  for (int i = 0; i < 2000; ++i) step(1e-4);
  CHECK(mean() / start == Approx(std::exp(-1.0)).epsilon(0.1));
}
