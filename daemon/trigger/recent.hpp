#pragma once

#include <cstddef>
#include <vector>

#include "daemon/core/types.hpp"

namespace vturn::trigger {

/// Times of the last `limit` events: enough to say whether a sliding window already holds that many, in constant time
/// and fixed memory.
class Recent {
 public:
  /// limit 0 = unlimited.
  void prepare(std::size_t limit) {
    times_.assign(limit, 0);
    clear();
  }
  void clear() noexcept { next_ = size_ = 0; }

  void add(SessionNs time_ns) noexcept {
    if (times_.empty()) return;
    times_[next_] = time_ns;
    next_ = next_ + 1 == times_.size() ? 0 : next_ + 1;
    if (size_ < times_.size()) ++size_;
  }
  /// Whether (now - window, now] holds `limit` events.
  [[nodiscard]] bool full(SessionNs now_ns, std::int64_t window_ns) const noexcept {
    if (times_.empty() || size_ < times_.size()) return false;
    return times_[next_] > now_ns - window_ns;
  }
  [[nodiscard]] std::size_t limit() const noexcept { return times_.size(); }

 private:
  std::vector<SessionNs> times_;
  std::size_t next_ = 0;  ///< where the next goes: when full, where the oldest is
  std::size_t size_ = 0;
};

}  // namespace vturn::trigger
