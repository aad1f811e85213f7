#pragma once

#include <vector>

namespace vturn::benches {

/// One figure over populations or seeds.
struct Spread {
  double mean = 0.0, sd = 0.0, min = 0.0, max = 0.0;
};
/// All 0 of nothing; sd 0 of one value.
Spread spread_of(const std::vector<double>& values);

/// The value at this share of the ranks, rounded down; 0 of nothing.
double quantile(std::vector<double> values, double share);

}  // namespace vturn::benches
