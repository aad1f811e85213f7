// Our elementary functions against libm's, over the ranges the engine uses.
#include "daemon/core/math.hpp"

#include <catch2/catch.hpp>

namespace {

double relative_error(double got, double expected) {
  return expected == 0.0 ? std::fabs(got) : std::fabs(got - expected) / std::fabs(expected);
}

}  // namespace

TEST_CASE("exp agrees with libm") {
  double worst = 0.0;
  for (double x = -700.0; x < 700.0; x += 0.0137)
    worst = std::max(worst, relative_error(vturn::math::exp(x), std::exp(x)));
  CHECK(worst < 5e-16);
  CHECK(vturn::math::exp(0.0) == 1.0);
  CHECK(vturn::math::exp(-800.0) == 0.0);
  CHECK(std::isinf(vturn::math::exp(710.0)));
  CHECK(std::isnan(vturn::math::exp(std::nan(""))));
}

TEST_CASE("log agrees with libm") {
  double worst = 0.0;
  for (double e = -300.0; e < 300.0; e += 0.0137) {
    const double x = std::pow(10.0, e);
    worst = std::max(worst, std::fabs(vturn::math::log(x) - std::log(x)) / std::max(1.0, std::fabs(std::log(x))));
  }
  CHECK(worst < 5e-16);
  CHECK(vturn::math::log(1.0) == 0.0);
  CHECK(std::isinf(vturn::math::log(0.0)));
  CHECK(std::isnan(vturn::math::log(-1.0)));
  CHECK(vturn::math::log(5e-324) == Approx(std::log(5e-324)));
}

TEST_CASE("sin and cos agree with libm") {
  double worst = 0.0;
  for (double x = -1000.0; x < 1000.0; x += 0.00731) {
    worst =
        std::max({worst, std::fabs(vturn::math::sin(x) - std::sin(x)), std::fabs(vturn::math::cos(x) - std::cos(x))});
  }
  CHECK(worst < 1e-14);
}

TEST_CASE("atan2 agrees with libm in all quadrants") {
  double worst = 0.0;
  for (double angle = -3.14; angle < 3.14; angle += 0.000713) {
    for (const double radius : {1e-9, 0.3, 1.0, 4e7}) {
      const double y = radius * std::sin(angle);
      const double x = radius * std::cos(angle);
      worst = std::max(worst, std::fabs(vturn::math::atan2(y, x) - std::atan2(y, x)));
    }
  }
  CHECK(worst < 1e-15);
  CHECK(vturn::math::atan2(0.0, 0.0) == 0.0);
  CHECK(vturn::math::atan2(0.0, -1.0) == Approx(3.14159265358979));
  CHECK(vturn::math::atan2(-1.0, 0.0) == Approx(-1.5707963267948966));
}
