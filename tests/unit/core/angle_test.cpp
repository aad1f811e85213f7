#include "daemon/core/angle.hpp"

#include <catch2/catch.hpp>

using vturn::angle_difference;
using vturn::kPi;
using vturn::kTwoPi;
using vturn::wrap_angle;

TEST_CASE("wrapped angles lie in [0, 2pi)") {
  for (double x = -50.0; x < 50.0; x += 0.01) {
    const double wrapped = wrap_angle(x);
    CHECK((wrapped >= 0.0 && wrapped < kTwoPi));
    CHECK(std::sin(wrapped) == Approx(std::sin(x)).margin(1e-12));
    CHECK(std::cos(wrapped) == Approx(std::cos(x)).margin(1e-12));
  }
  CHECK(wrap_angle(-1e-18) < kTwoPi);
}

TEST_CASE("the difference takes the short way round") {
  CHECK(angle_difference(0.1, kTwoPi - 0.1) == Approx(0.2));
  CHECK(angle_difference(kTwoPi - 0.1, 0.1) == Approx(-0.2));
  CHECK(std::fabs(angle_difference(kPi, 0.0)) == Approx(kPi));
}
