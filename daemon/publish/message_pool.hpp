#pragma once

#include <zmq.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <vector>

namespace vturn {

/// Payload messages for one sending thread, reused so that sending allocates nothing once as many of each size exist
/// as are in flight.
///
/// Why a buffer is never overwritten while a subscriber's pipe may hold it: each payload is a reference-counted ZeroMQ
/// message over the slot's buffer, and the slot comes back only through ZeroMQ's free function, which ZeroMQ calls when
/// the last pipe, encoder or socket has let go of it. Nothing is inferred from high-water marks, so a subscriber that
/// stalls, unsubscribes with full pipes or disconnects cannot break it. (Constant messages in a ring, without reference
/// counts, can be: after an unsubscription the old messages stay in that pipe while the ring goes on.) A ZeroMQ message
/// has a fixed size and allocates its counter when made: hence one free list for every exact size, and hence the free
/// function, which runs on ZeroMQ's thread, makes the slot's next message there.
class MessagePool {
 public:
  static constexpr std::size_t kMaxMessageBytes = 8000;

  struct Slot {
    zmq_msg_t message{};
    std::unique_ptr<std::uint8_t[]> buffer;
    std::size_t size = 0;
    MessagePool* pool = nullptr;
    Slot* next = nullptr;
    bool armed = false;  ///< message is ready to send
  };

  /// `max_bytes` bounds the buffers in all; beyond it acquire() gives nullptr.
  explicit MessagePool(std::size_t max_bytes) : max_bytes_(max_bytes), free_(kMaxMessageBytes + 1, nullptr) {}
  /// The ZeroMQ context that its messages went into must have ended.
  ~MessagePool();
  MessagePool(const MessagePool&) = delete;
  MessagePool& operator=(const MessagePool&) = delete;

  /// Makes `count` slots of every size from `first_bytes` to `last_bytes`.
  void warm_up(std::size_t first_bytes, std::size_t last_bytes, std::size_t count);

  /// A slot whose message has exactly `size` bytes; grows when none is free. nullptr: send a copy instead.
  Slot* acquire(std::size_t size) noexcept;
  /// Puts back a slot that was not sent.
  void put_back(Slot* slot) noexcept;
  /// The message to send, or to close, out of the slot, which comes back through collect(). It is moved out because
  /// ZeroMQ clears the message it was given only after its own thread has got the contents, and may have made the
  /// slot's next message.
  static_assert(std::is_trivially_copyable_v<zmq_msg_t>);
  zmq_msg_t take(Slot* slot) noexcept;
  /// Takes in what ZeroMQ has let go of.
  void collect() noexcept;

  [[nodiscard]] std::uint64_t grown() const noexcept { return grown_; }
  /// Messages taken and not yet come back, as of the last collect().
  [[nodiscard]] std::uint64_t in_flight() const noexcept { return in_flight_; }

 private:
  static void release(void* data, void* slot);
  static bool arm(Slot& slot) noexcept;
  Slot* grow(std::size_t size) noexcept;

  std::size_t max_bytes_;
  std::size_t bytes_ = 0;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::vector<Slot*> free_;  ///< heads of lists, by size
  std::atomic<Slot*> returned_{nullptr};
  std::atomic<bool> closing_{false};
  std::uint64_t grown_ = 0;
  std::uint64_t in_flight_ = 0;
};

}  // namespace vturn
