#pragma once

#include <cstdint>

namespace vturn::ingest {

/// A continuous, strictly increasing map between two clocks (nanoseconds to nanoseconds) that can be steered towards
/// better estimates while it is in use: it bends, it never steps. Trivially copyable, so that it can be published.
///
/// From the moment of steering it runs along a catch-up piece at a rate that differs by `slew` from the target's, and
/// then along the target exactly. Before that moment it runs parallel to the target.
class ClockLine {
 public:
  /// From `own_ns` on, head for the line through (own_ns, mapped_ns) with `rate` (mapped ns per own ns, > 0). The first
  /// call sets the line on it at once.
  void steer(std::int64_t own_ns, std::int64_t mapped_ns, double rate) noexcept;

  [[nodiscard]] bool started() const noexcept { return started_; }
  [[nodiscard]] std::int64_t at(std::int64_t own_ns) const noexcept;
  /// The own time that maps to `mapped_ns`.
  [[nodiscard]] std::int64_t inverse(std::int64_t mapped_ns) const noexcept;
  /// How far `at` still is from the target at this own time, in mapped nanoseconds, >= 0.
  [[nodiscard]] double pending_ns(std::int64_t own_ns) const noexcept;

 private:
  std::int64_t own_start_ns_ = 0;
  std::int64_t mapped_start_ns_ = 0;
  std::int64_t own_joined_ns_ = 0;  ///< own time at which the catch-up piece meets the target
  std::int64_t mapped_joined_ns_ = 0;
  double catch_up_rate_ = 1.0;
  double rate_ = 1.0;
  bool started_ = false;
};

}  // namespace vturn::ingest
