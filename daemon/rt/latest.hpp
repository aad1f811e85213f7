#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace vturn::rt {

/// The latest value from one writer to one reader: neither ever waits (triple buffer). T is copied as it is.
template <class T>
class Latest {
 public:
  void write(const T& value) noexcept {
    slots_[writing_] = value;
    writing_ = shared_.exchange(writing_ | kFresh, std::memory_order_acq_rel) & kIndex;
  }
  /// The newest value written; before the first, a default one.
  const T& read() noexcept {
    if ((shared_.load(std::memory_order_relaxed) & kFresh) != 0) {
      reading_ = shared_.exchange(reading_, std::memory_order_acq_rel) & kIndex;
    }
    return slots_[reading_];
  }

 private:
  static constexpr std::uint8_t kIndex = 3;
  static constexpr std::uint8_t kFresh = 4;
  std::array<T, 3> slots_{};
  std::atomic<std::uint8_t> shared_{1};
  std::uint8_t writing_ = 0;
  std::uint8_t reading_ = 2;
};

}  // namespace vturn::rt
