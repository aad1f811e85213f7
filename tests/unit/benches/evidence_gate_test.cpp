#include "tools/benches/evidence_gate.hpp"

#include <catch2/catch.hpp>

using namespace vturn::benches;

TEST_CASE("area under the ROC curve by counting pairs") {
  CHECK(area_under_roc({3.0, 4.0}, {1.0, 2.0}) == 1.0);
  CHECK(area_under_roc({1.0, 2.0}, {3.0}) == 0.0);
  CHECK(area_under_roc({1.0, 2.0, 3.0}, {2.0}) == Approx(0.5));
  CHECK(area_under_roc({1.0, 4.0}, {2.0, 3.0}) == Approx(0.5));
  CHECK(std::isnan(area_under_roc({}, {1.0})));
}
