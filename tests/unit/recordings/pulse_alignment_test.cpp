#include "tools/recordings/pulse_alignment.hpp"

#include <catch2/catch.hpp>
#include <random>

using namespace vturn::recordings;
using Catch::Matchers::Contains;

namespace {

/// Irregular pulses, some seconds apart, on the recording's clock.
std::vector<double> irregular(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> interval(0.8, 4.0);
  std::vector<double> pulses;
  double at = 5.0;
  for (std::size_t i = 0; i < count; ++i) pulses.push_back(at += interval(random));
  return pulses;
}

/// The same instants on a clock that reads (t - offset) / rate, with a camera's jitter.
std::vector<double> as_seen(const std::vector<double>& pulses, double offset_s, double rate, double jitter_s) {
  std::mt19937 random(7);
  std::uniform_real_distribution<double> jitter(-jitter_s, jitter_s);
  std::vector<double> seen;
  for (const double pulse : pulses) seen.push_back((pulse - offset_s) / rate + jitter(random));
  return seen;
}

}  // namespace

TEST_CASE("a tracker's clock is found again, whatever its offset, drift and first pulse") {
  const auto pulses = irregular(400, 1);
  for (const double offset_s : {-1000.0, 0.0, 12.345}) {
    for (const double rate : {1.0 - 80e-6, 1.0, 1.0 + 200e-6}) {
      for (const std::ptrdiff_t missed : {0, 1, 37}) {
        const std::vector<double> later(pulses.begin() + missed, pulses.end() - missed / 2);
        const auto found = align_pulses(pulses, as_seen(later, offset_s, rate, 0.002));
        REQUIRE(found);
        CHECK(found->pulses == later.size());
        CHECK(found->largest_error_s < 0.004);
        for (const double own : {0.0, 500.0}) CHECK((*found)(own) == Approx(offset_s + rate * own).margin(0.002));
      }
    }
  }
}

TEST_CASE("the recording, too, may have begun later or ended earlier") {
  const auto pulses = irregular(200, 2);
  const std::vector<double> recorded(pulses.begin() + 20, pulses.end() - 5);
  const auto found = align_pulses(recorded, as_seen(pulses, 3.0, 1.0, 0.001));
  REQUIRE(found);
  CHECK(found->pulses == recorded.size());
  CHECK((*found)(10.0) == Approx(13.0).margin(0.002));
}

TEST_CASE("regular pulses match only when there are as many of them") {
  std::vector<double> regular;
  for (int i = 0; i < 100; ++i) regular.push_back(0.5 + i);
  const auto found = align_pulses(regular, as_seen(regular, -4.0, 1.0, 0.001));
  REQUIRE(found);
  CHECK((*found)(0.0) == Approx(-4.0).margin(0.002));
  const std::vector<double> fewer(regular.begin(), regular.end() - 1);
  const auto refused = align_pulses(regular, as_seen(fewer, -4.0, 1.0, 0.001));
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error(), Contains("regular") && Contains("(99 and 100)"));
}

TEST_CASE("pulses that are not the same, or of which one was missed, are refused") {
  const auto pulses = irregular(100, 3);
  const auto others = align_pulses(pulses, irregular(100, 4));
  REQUIRE_FALSE(others);
  auto seen = as_seen(pulses, 1.0, 1.0, 0.0);
  seen.erase(seen.begin() + 50);
  const auto missed = align_pulses(pulses, seen);
  REQUIRE_FALSE(missed);
  CHECK_THAT(missed.error(), Contains("(99 and 100)"));
  const std::vector<double> two{1.0, 2.0};
  CHECK_FALSE(align_pulses(pulses, two));
  CHECK_FALSE(align_pulses({}, pulses));
}
