// Quantiles of the fixed-memory histogram against the sorted values themselves.
#include "daemon/rt/latency_histogram.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

TEST_CASE("quantiles are within one bin of the exact ones") {
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> latencies(10.0, 2.0);
  vturn::rt::LatencyHistogram histogram;
  std::vector<std::int64_t> values;
  for (int i = 0; i < 20000; ++i) {
    values.push_back(static_cast<std::int64_t>(latencies(random)));
    histogram.add(values.back());
  }
  std::sort(values.begin(), values.end());
  for (const double q : {0.01, 0.5, 0.9, 0.99, 0.999}) {
    const auto exact = static_cast<double>(values[static_cast<std::size_t>(std::ceil(q * 20000.0)) - 1]);
    const auto got = static_cast<double>(histogram.quantile_ns(q));
    CHECK(got >= exact);
    CHECK(got <= exact * 1.035 + 1.0);
  }
  CHECK(histogram.quantile_ns(1.0) == values.back());
  CHECK(histogram.max_ns() == values.back());
  CHECK(histogram.count() == 20000);
}

TEST_CASE("edge values are counted") {
  vturn::rt::LatencyHistogram histogram;
  CHECK(histogram.quantile_ns(0.5) == 0);
  histogram.add(-5);
  histogram.add(INT64_MAX);
  CHECK(histogram.count() == 2);
  CHECK(histogram.quantile_ns(0.5) == 0);
  CHECK(histogram.max_ns() == INT64_MAX);
}
