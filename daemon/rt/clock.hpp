#pragma once

#include <ctime>

#include "daemon/core/types.hpp"

namespace vturn::rt {

inline std::int64_t read_clock_ns(clockid_t clock) noexcept {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<std::int64_t>(now.tv_sec) * kNsPerS + now.tv_nsec;
}

inline MonoNs mono_now_ns() noexcept { return read_clock_ns(CLOCK_MONOTONIC); }
inline std::int64_t wall_now_ns() noexcept { return read_clock_ns(CLOCK_REALTIME); }

}  // namespace vturn::rt
