#pragma once

#include <algorithm>
#include <cstdint>

#include "daemon/core/types.hpp"

namespace vturn {

/// The newest stimulus that rings in a signal: what is sampled in (from, until] is none of the animal's.
class StimulusBlank {
 public:
  /// Never shortens the blank before.
  void add(SessionNs from_ns, SessionNs until_ns) noexcept {
    if (from_ns > until_ns_) from_ns_ = from_ns;  // the blank before is over
    until_ns_ = std::max(until_ns_, until_ns);
  }
  [[nodiscard]] bool holds(SessionNs time_ns) const noexcept { return time_ns > from_ns_ && time_ns <= until_ns_; }
  /// Whether it reaches into (begin, end].
  [[nodiscard]] bool reaches(SessionNs begin_ns, SessionNs end_ns) const noexcept {
    return end_ns > from_ns_ && begin_ns < until_ns_;
  }

 private:
  SessionNs from_ns_ = INT64_MAX, until_ns_ = INT64_MIN;
};

}  // namespace vturn
