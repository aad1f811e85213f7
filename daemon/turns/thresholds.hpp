#pragma once

#include <cstddef>

#include "daemon/core/math.hpp"

namespace vturn::turns {

/// Threshold for a false-alarm rate from a table of rows with fields false_alarms_per_minute (descending, > 0) and
/// threshold_nats: linear between rows in the logarithm of the rate, along the last two beyond the ends (nearly
/// straight there), `otherwise` without at least two rows.
template <class Table>
double threshold_at_rate(const Table& table, double false_alarms_per_minute, double otherwise) {
  if (table.size() < 2 || !(false_alarms_per_minute > 0.0)) return otherwise;
  std::size_t i = 1;
  while (i + 1 < table.size() && table[i].false_alarms_per_minute > false_alarms_per_minute) ++i;
  const auto& more = table[i - 1];
  const auto& fewer = table[i];
  const double span = math::log(fewer.false_alarms_per_minute) - math::log(more.false_alarms_per_minute);
  if (!(span < 0.0)) return otherwise;
  const double share = (math::log(false_alarms_per_minute) - math::log(more.false_alarms_per_minute)) / span;
  return more.threshold_nats + share * (fewer.threshold_nats - more.threshold_nats);
}

}  // namespace vturn::turns
