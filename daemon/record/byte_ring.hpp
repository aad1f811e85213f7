#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace vturn::record {

/// Bounded queue of records of differing size, one producer, one consumer, no locks and no allocation after the
/// constructor, which also touches every page. Sizes vary so much (a tick 48 bytes, a trigger 250) that fixed slots
/// would hold a third of the time for the same memory.
class ByteRing {
 public:
  static constexpr std::size_t kAlignment = 8;
  static constexpr std::size_t kMaxRecordBytes = 1024;

  /// Capacity is rounded up to a power of two, at least 4 KiB.
  explicit ByteRing(std::size_t capacity_bytes);

  /// Producer: room for one record of at most kMaxRecordBytes, or nullptr when the ring is full. Nothing is visible
  /// before commit().
  char* try_claim(std::size_t bytes) noexcept;
  void commit() noexcept;
  /// Producer: bytes that are surely free.
  [[nodiscard]] std::size_t free_bytes() const noexcept;

  /// Consumer: the oldest record, empty when there is none; valid until release().
  std::string_view front() noexcept;
  void release() noexcept;

  [[nodiscard]] std::size_t capacity() const noexcept { return mask_ + 1; }
  /// Bytes in use, from any thread.
  [[nodiscard]] std::size_t depth() const noexcept;

 private:
  // A record is a 32-bit size and its bytes, rounded up to kAlignment; it never wraps: kSkip sends the reader to the
  // start.
  static constexpr std::uint32_t kSkip = 0xFFFFFFFFU;
  static constexpr std::size_t slot_bytes(std::size_t bytes) noexcept {
    return (bytes + kAlignment + kAlignment - 1) / kAlignment * kAlignment;
  }

  std::unique_ptr<char[]> bytes_;
  std::size_t mask_;
  std::size_t claimed_ = 0;   ///< producer: where the head goes on commit
  std::size_t consumed_ = 0;  ///< consumer: where the tail goes on release
  alignas(64) std::atomic<std::size_t> head_{0};
  alignas(64) std::atomic<std::size_t> tail_{0};
};

}  // namespace vturn::record
