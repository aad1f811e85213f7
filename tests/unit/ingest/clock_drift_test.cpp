#include <catch2/catch.hpp>
#include <cstdio>

#include "tests/unit/ingest/clock_truth.hpp"

using namespace vturn;
using namespace vturn::test;

namespace {

constexpr double kNightS = 36'000;
// Both maps need some seconds of data; until then their uncertainty says so.
constexpr double kSettledS = 30;
constexpr double kInhibitMs = 5.0;

void print(const char* what, const MappingFigures& f) {
  std::printf(
      "%-44s error <= %.3f ms, uncertainty mean %.3f max %.3f ms, uncovered %.3f ms, step back %.3f ms, n %llu\n", what,
      f.max_error_ms, f.mean_uncertainty_ms, f.max_uncertainty_ms, std::max(f.worst_uncovered_ms, 0.0),
      std::max(f.largest_step_back_ms, 0.0), static_cast<unsigned long long>(f.mapped));
}

TwoSources two_sources(bool by_ttl) {
  TwoSources sources;
  sources.settings.by_ttl = by_ttl;
  return sources;
}

}  // namespace

TEST_CASE("a night of 50 ppm drift stays mapped within 10 ms by arrival times") {
  TwoSources sources = two_sources(false);
  sources.measured_from_s = kSettledS;
  const MappingFigures figures = sources.run(kNightS);
  print("arrival, 10 h, 50 ppm", figures);
  CHECK(figures.max_error_ms < 10.0);
  CHECK(figures.worst_uncovered_ms <= 0.0);
  CHECK(figures.max_uncertainty_ms < kInhibitMs);
  CHECK(figures.largest_step_back_ms <= 0.0);
  CHECK(figures.mapped > 1'700'000);
}

TEST_CASE("a night of 50 ppm drift stays mapped within 2 ms by shared pulses") {
  TwoSources sources = two_sources(true);
  sources.measured_from_s = kSettledS;
  const MappingFigures figures = sources.run(kNightS);
  print("TTL 1 Hz, 2 % lost, 1 % extra, 10 h, 50 ppm", figures);
  CHECK(figures.max_error_ms < 2.0);
  CHECK(figures.worst_uncovered_ms <= 0.0);
  CHECK(figures.max_uncertainty_ms < kInhibitMs);
  CHECK(figures.largest_step_back_ms <= 0.0);
}

TEST_CASE("the uncertainty covers the error from the first block on") {
  for (const bool by_ttl : {false, true}) {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
      TwoSources sources = two_sources(by_ttl);
      sources.seed = 100 * seed;
      sources.other_delivery.stall_probability = sources.master_delivery.stall_probability = 0.02;
      const MappingFigures figures = sources.run(90);
      INFO("by_ttl " << by_ttl << " seed " << sources.seed << " error " << figures.max_error_ms);
      CHECK(figures.worst_uncovered_ms <= 0.0);
      CHECK(figures.largest_step_back_ms <= 0.0);
    }
  }
}

TEST_CASE("pulses that stop raise the uncertainty above the bound before the error gets there") {
  TwoSources sources = two_sources(true);
  sources.measured_from_s = kSettledS;
  sources.pulses.stop_s = 600;
  double bound_crossed_s = 0;
  const MappingFigures figures = sources.run(1500, [&](double t, double, double uncertainty_ms) {
    if (bound_crossed_s == 0 && t > kSettledS && uncertainty_ms > kInhibitMs) bound_crossed_s = t;
  });
  print("TTL stops at 600 s", figures);
  std::printf("  uncertainty above 5 ms %.0f s after the last pulse\n", bound_crossed_s - 600);
  CHECK(bound_crossed_s > 600);
  CHECK(bound_crossed_s < 900);
  CHECK(figures.worst_uncovered_ms <= 0.0);
}

TEST_CASE("jitter that grows raises the uncertainty of the arrival mapping above the bound") {
  TwoSources sources = two_sources(false);
  sources.measured_from_s = kSettledS;
  sources.changed_at_s = 600;
  sources.changed_delivery = {.delay_min_s = 0.02, .delay_max_s = 0.4, .stall_probability = 0.05};
  double bound_crossed_s = 0;
  double uncertainty_at_end_ms = 0;
  const MappingFigures figures = sources.run(1000, [&](double t, double, double uncertainty_ms) {
    if (bound_crossed_s == 0 && t > kSettledS && uncertainty_ms > kInhibitMs) bound_crossed_s = t;
    uncertainty_at_end_ms = uncertainty_ms;
  });
  print("arrival, jitter grows at 600 s", figures);
  std::printf("  uncertainty above 5 ms %.1f s after the change, at the end %.1f ms\n", bound_crossed_s - 600,
              uncertainty_at_end_ms);
  CHECK(bound_crossed_s >= 600);
  CHECK(bound_crossed_s < 610);
  CHECK(uncertainty_at_end_ms > kInhibitMs);
  CHECK(figures.worst_uncovered_ms <= 0.0);
}

TEST_CASE("an own clock that jumps unnoticed is found out at the next pulse and mapped anew") {
  TwoSources sources = two_sources(true);
  sources.other.jump_at_s = 300;
  sources.other.jump_s = 0.030;
  double uncertainty_after_ms = 0, error_at_end_ms = 0, uncertainty_at_end_ms = 0;
  sources.run(600, [&](double t, double error_ms, double uncertainty_ms) {
    if (t > 302.5 && uncertainty_after_ms == 0) uncertainty_after_ms = uncertainty_ms;
    error_at_end_ms = error_ms;
    uncertainty_at_end_ms = uncertainty_ms;
  });
  std::printf("own clock jumps 30 ms: uncertainty %.1f ms after 2.5 s; at the end error %.3f, uncertainty %.3f ms\n",
              uncertainty_after_ms, error_at_end_ms, uncertainty_at_end_ms);
  CHECK(uncertainty_after_ms > 25.0);
  CHECK(std::fabs(error_at_end_ms) < 2.0);
  CHECK(uncertainty_at_end_ms < kInhibitMs);
}

TEST_CASE("pulses too dense for the arrival estimate are not paired by guessing") {
  TwoSources sources = two_sources(true);
  sources.pulses = {.interval_s = 0.02, .lost = 0.0, .extra = 0.0};
  double least_uncertainty_ms = 1e9;
  sources.run(120, [&](double, double, double uncertainty_ms) {
    least_uncertainty_ms = std::min(least_uncertainty_ms, uncertainty_ms);
  });
  CHECK(least_uncertainty_ms > kInhibitMs);
}

TEST_CASE("irregular pulses with many losses still map within 2 ms") {
  TwoSources sources = two_sources(true);
  sources.measured_from_s = 200;
  sources.pulses = {.interval_s = 2.0, .interval_jitter_s = 1.5, .lost = 0.3, .extra = 0.2};
  const MappingFigures figures = sources.run(3600);
  print("TTL irregular, 30 % lost, 20 % extra, 1 h", figures);
  CHECK(figures.max_error_ms < 2.0);
  CHECK(figures.worst_uncovered_ms <= 0.0);
}
