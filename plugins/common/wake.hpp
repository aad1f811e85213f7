#pragma once

#include <atomic>

namespace vturn::plugins {

/// Ends a thread that sleeps in poll: its descriptor becomes readable for good once asked to stop.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  void request() noexcept;
  [[nodiscard]] bool requested() const noexcept { return requested_.load(std::memory_order_acquire); }
  [[nodiscard]] int fd() const noexcept { return fd_; }

 private:
  std::atomic<bool> requested_{false};
  int fd_;
};

}  // namespace vturn::plugins
