#include "daemon/record/byte_ring.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace vturn::record {

namespace {
constexpr std::size_t kMinCapacity = 4096;
}

ByteRing::ByteRing(std::size_t capacity_bytes) : mask_(std::bit_ceil(std::max(capacity_bytes, kMinCapacity)) - 1) {
  // Writing zeros maps every page now, so that the decision thread meets no page fault.
  bytes_ = std::make_unique<char[]>(mask_ + 1);
}

std::size_t ByteRing::free_bytes() const noexcept {
  return capacity() - (head_.load(std::memory_order_relaxed) - tail_.load(std::memory_order_acquire));
}

char* ByteRing::try_claim(std::size_t bytes) noexcept {
  const std::size_t slot = slot_bytes(bytes);
  const std::size_t head = head_.load(std::memory_order_relaxed);
  const std::size_t to_end = capacity() - (head & mask_);
  const std::size_t skipped = slot > to_end ? to_end : 0;
  if (bytes > kMaxRecordBytes || skipped + slot > free_bytes()) return nullptr;
  if (skipped > 0) std::memcpy(bytes_.get() + (head & mask_), &kSkip, sizeof kSkip);
  const std::size_t at = (head + skipped) & mask_;
  const auto size = static_cast<std::uint32_t>(bytes);
  std::memcpy(bytes_.get() + at, &size, sizeof size);
  claimed_ = head + skipped + slot;
  return bytes_.get() + at + kAlignment;
}

void ByteRing::commit() noexcept { head_.store(claimed_, std::memory_order_release); }

std::string_view ByteRing::front() noexcept {
  std::size_t tail = tail_.load(std::memory_order_relaxed);
  if (tail == head_.load(std::memory_order_acquire)) return {};
  std::uint32_t size = 0;
  std::memcpy(&size, bytes_.get() + (tail & mask_), sizeof size);
  if (size == kSkip) {
    tail += capacity() - (tail & mask_);
    std::memcpy(&size, bytes_.get(), sizeof size);
  }
  consumed_ = tail + slot_bytes(size);
  return {bytes_.get() + (tail & mask_) + kAlignment, size};
}

void ByteRing::release() noexcept { tail_.store(consumed_, std::memory_order_release); }

std::size_t ByteRing::depth() const noexcept {
  // Tail first: read the other way round, a busy consumer could pass the head seen.
  const std::size_t tail = tail_.load(std::memory_order_acquire);
  return head_.load(std::memory_order_acquire) - tail;
}

}  // namespace vturn::record
