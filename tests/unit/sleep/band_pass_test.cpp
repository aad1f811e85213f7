// The band-pass filters against the closed form of the digital Butterworth response, at every rate a source may have.
#include "daemon/sleep/band_pass.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <complex>
#include <numbers>

namespace {

double closed_form(double hz, double low, double high, double rate) {
  const auto warp = [rate](double f) { return std::tan(std::numbers::pi * f / rate); };
  const double w = (warp(hz) * warp(hz) - warp(low) * warp(high)) / (warp(hz) * (warp(high) - warp(low)));
  return 1.0 / std::sqrt(1.0 + w * w * w * w);
}

double measured(vturn::BandPass filter, double hz, double rate) {
  std::complex<double> sum = 0.0;
  const auto samples = static_cast<std::size_t>(rate * 12.0);
  for (std::size_t n = 0; n < samples; ++n) {
    const double y = filter.step(n == 0 ? 1.0 : 0.0);
    sum += y * std::polar(1.0, -2.0 * std::numbers::pi * hz * static_cast<double>(n) / rate);
  }
  return std::abs(sum);
}

}  // namespace

TEST_CASE("band-pass amplitude response is Butterworth's") {
  struct Edges {
    double low, high;
  };
  for (double rate : {200.0, 250.0, 1000.0, 1017.25, 2000.0}) {
    for (Edges band : {Edges{1, 4}, Edges{5, 10}, Edges{10, 15}, Edges{15, 30}, Edges{30, 90}}) {
      vturn::BandPass filter;
      filter.design(band.low, band.high, rate);
      for (double hz : {0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 9.5, 12.0, 20.0, 45.0, 80.0, 95.0}) {
        INFO("rate " << rate << " band " << band.low << "-" << band.high << " at " << hz);
        CHECK(measured(filter, hz, rate) ==
              Approx(closed_form(hz, band.low, band.high, rate)).epsilon(1e-6).margin(1e-7));
      }
    }
  }
}
