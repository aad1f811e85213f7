#include "daemon/publish/message_pool.hpp"

#include <new>

namespace vturn {
namespace {

// Orders the sender's writes before release(). ZeroMQ's own hand-over does so already, but where no race detector sees
// it.
std::atomic<int> hand_over{0};

}  // namespace

MessagePool::~MessagePool() {
  closing_ = true;
  collect();
  for (const auto& slot : slots_) {
    if (slot->armed) zmq_msg_close(&slot->message);
  }
}

void MessagePool::warm_up(std::size_t first_bytes, std::size_t last_bytes, std::size_t count) {
  for (std::size_t size = first_bytes; size <= last_bytes; ++size) {
    for (std::size_t i = 0; i < count; ++i) {
      if (Slot* slot = grow(size)) put_back(slot);
    }
  }
}

MessagePool::Slot* MessagePool::acquire(std::size_t size) noexcept {
  if (size > kMaxMessageBytes) return nullptr;
  collect();
  Slot*& head = free_[size];
  if (head == nullptr) return grow(size);
  if (!head->armed && !arm(*head)) return nullptr;
  Slot* slot = head;
  head = slot->next;
  return slot;
}

void MessagePool::put_back(Slot* slot) noexcept {
  slot->next = free_[slot->size];
  free_[slot->size] = slot;
}

zmq_msg_t MessagePool::take(Slot* slot) noexcept {
  ++in_flight_;
  zmq_msg_t message;
  zmq_msg_init(&message);
  zmq_msg_move(&message, &slot->message);
  hand_over.store(1, std::memory_order_release);
  return message;
}

// Whole list at once: with a single taker that never puts back, the stack has no ABA problem.
void MessagePool::collect() noexcept {
  Slot* slot = returned_.exchange(nullptr, std::memory_order_acquire);
  while (slot != nullptr) {
    Slot* const next = slot->next;
    --in_flight_;
    put_back(slot);
    slot = next;
  }
}

// Runs where the last reference was dropped: on ZeroMQ's I/O thread, or within the send when nobody subscribes.
void MessagePool::release(void* /*data*/, void* hint) {
  static_cast<void>(hand_over.load(std::memory_order_acquire));
  Slot* const slot = static_cast<Slot*>(hint);
  MessagePool& pool = *slot->pool;
  slot->armed = false;
  if (pool.closing_.load(std::memory_order_relaxed)) return;
  arm(*slot);
  Slot* head = pool.returned_.load(std::memory_order_relaxed);
  do {
    slot->next = head;
  } while (!pool.returned_.compare_exchange_weak(head, slot, std::memory_order_release, std::memory_order_relaxed));
}

bool MessagePool::arm(Slot& slot) noexcept {
  slot.armed = zmq_msg_init_data(&slot.message, slot.buffer.get(), slot.size, &MessagePool::release, &slot) == 0;
  return slot.armed;
}

MessagePool::Slot* MessagePool::grow(std::size_t size) noexcept {
  if (bytes_ + size > max_bytes_) return nullptr;
  try {
    auto slot = std::make_unique<Slot>();
    slot->buffer = std::make_unique<std::uint8_t[]>(size);
    slot->size = size;
    slot->pool = this;
    if (!arm(*slot)) return nullptr;
    Slot* const made = slot.get();
    slots_.push_back(std::move(slot));
    bytes_ += size;
    ++grown_;
    return made;
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

}  // namespace vturn
