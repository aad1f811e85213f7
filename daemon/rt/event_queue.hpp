#pragma once

#include <concurrentqueue/blockingconcurrentqueue.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "daemon/core/input_event.hpp"

namespace vturn::rt {

/// The queue from the readers to the decision thread: bounded per producer, counted, never blocks a producer.
/// moodycamel's own bound is not per producer (one token may take every block), so each producer counts what it has in
/// flight; memory for all of them is allocated at the start and try_enqueue never allocates.
class EventQueue {
 public:
  class Producer {
   public:
    Producer(EventQueue& queue, std::size_t capacity) : queue_(queue), token_(queue.queue_), capacity_(capacity) {}
    /// Events accepted, always the first ones; what the full queue refuses is counted.
    std::size_t try_push(const InputEvent* events, std::size_t count) noexcept {
      // Counted before it is visible: the consumer must never take away what has not been added yet.
      const std::size_t before = in_flight_.fetch_add(count, std::memory_order_relaxed);
      std::size_t accepted = std::min(count, capacity_ - std::min(before, capacity_));
      if (accepted > 0 && !queue_.queue_.try_enqueue_bulk(token_, events, accepted)) accepted = 0;
      in_flight_.fetch_sub(count - accepted, std::memory_order_relaxed);
      refused_.fetch_add(count - accepted, std::memory_order_relaxed);
      return accepted;
    }
    /// Events that fit now; more only if the consumer takes some meanwhile.
    [[nodiscard]] std::size_t room() const noexcept {
      return capacity_ - std::min(capacity_, in_flight_.load(std::memory_order_relaxed));
    }
    [[nodiscard]] std::uint64_t refused() const noexcept { return refused_.load(std::memory_order_relaxed); }

   private:
    friend class EventQueue;
    EventQueue& queue_;
    moodycamel::ProducerToken token_;
    std::size_t capacity_;
    std::atomic<std::size_t> in_flight_{0};
    std::atomic<std::uint64_t> refused_{0};
  };

  /// `capacities[p]` bounds what producer p may have in flight.
  explicit EventQueue(const std::vector<std::size_t>& capacities) : queue_(blocks_for(capacities)), consumer_(queue_) {
    for (const std::size_t capacity : capacities) producers_.push_back(std::make_unique<Producer>(*this, capacity));
  }

  Producer& producer(std::size_t index) noexcept { return *producers_[index]; }

  /// Waits until something is there or the time is over; returns how many events were taken. Events of one producer
  /// keep their order.
  std::size_t wait_pop(InputEvent* into, std::size_t most, std::int64_t timeout_us) noexcept {
    return queue_.wait_dequeue_bulk_timed(consumer_, into, most, timeout_us);
  }
  std::size_t try_pop(InputEvent* into, std::size_t most) noexcept {
    return queue_.try_dequeue_bulk(consumer_, into, most);
  }
  /// The consumer says what it has taken, so that the producer may send more.
  void taken(std::size_t producer, std::size_t count) noexcept {
    producers_[producer]->in_flight_.fetch_sub(count, std::memory_order_relaxed);
  }
  [[nodiscard]] std::size_t producers() const noexcept { return producers_.size(); }
  [[nodiscard]] std::size_t depth() const noexcept {
    std::size_t sum = 0;
    for (const auto& producer : producers_) sum += producer->in_flight_.load(std::memory_order_relaxed);
    return sum;
  }

 private:
  using Queue = moodycamel::BlockingConcurrentQueue<InputEvent>;
  // Whole blocks for each producer plus the partly used block at either end of its sub-queue.
  static std::size_t blocks_for(const std::vector<std::size_t>& capacities) {
    constexpr std::size_t kBlock = moodycamel::ConcurrentQueueDefaultTraits::BLOCK_SIZE;
    std::size_t items = 0;
    for (const std::size_t capacity : capacities) items += (capacity / kBlock + 3) * kBlock;
    return items;
  }

  Queue queue_;
  moodycamel::ConsumerToken consumer_;
  std::vector<std::unique_ptr<Producer>> producers_;
};

}  // namespace vturn::rt
