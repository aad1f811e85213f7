#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace vturn::rt {

/// Log-linear histogram of durations: 32 steps an octave (3 % resolution) from 1 ns to 68 s, fixed memory, no
/// allocation. One thread writes.
class LatencyHistogram {
 public:
  void add(std::int64_t latency_ns) noexcept;
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  [[nodiscard]] std::int64_t max_ns() const noexcept { return max_ns_; }
  /// Upper edge of the bin that holds the quantile (0..1), at most max_ns(); 0 when empty.
  [[nodiscard]] std::int64_t quantile_ns(double quantile) const noexcept;

 private:
  static constexpr unsigned kStepBits = 5;
  static constexpr std::size_t kOctaves = 36;
  static constexpr std::size_t kBins = (kOctaves - kStepBits + 1) << kStepBits;
  static std::size_t bin_of(std::uint64_t value) noexcept;
  static std::uint64_t upper_edge(std::size_t bin) noexcept;

  std::array<std::uint64_t, kBins> bins_{};
  std::uint64_t count_ = 0;
  std::int64_t max_ns_ = 0;
};

}  // namespace vturn::rt
