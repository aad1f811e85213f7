#pragma once

#include <cstdint>

namespace vturn::test {

/// What the calling thread did within a guarded section that a real-time section must not do.
struct RtCounts {
  std::uint64_t allocations = 0;  ///< malloc, calloc, realloc and their aligned kin
  std::uint64_t frees = 0;
  std::uint64_t locks = 0;  ///< pthread_mutex_lock and trylock, contended or not
};

/// Counts, on this thread only, while it lives; sections nest and share their counts. A program that uses it must
/// compile rt_guard.cpp into itself, which replaces malloc and pthread_mutex_lock for all its libraries; sanitizers do
/// the same, so that the two exclude each other. Raw system calls and page faults go unseen.
class RtSection {
 public:
  RtSection() noexcept;
  ~RtSection() noexcept;
  RtSection(const RtSection&) = delete;
  RtSection& operator=(const RtSection&) = delete;

  /// Of this thread, since reset_rt_counts().
  [[nodiscard]] static RtCounts counts() noexcept;
};

void reset_rt_counts() noexcept;

}  // namespace vturn::test
