#pragma once

#include <atomic>
#include <memory>

#include "daemon/engine/heading_set.hpp"

namespace vturn {

/// A heading set on its way from the control thread to the decision thread, and the former one on its way back: made
/// and freed by the control thread, one at a time.
class ModelSlot {
 public:
  /// Control thread. False: the set before has not been taken.
  bool offer(std::unique_ptr<HeadingSet> set) noexcept {
    if (offered_.load(std::memory_order_acquire) != nullptr) return false;
    set_ = std::move(set);
    offered_.store(set_.get(), std::memory_order_release);
    return true;
  }
  /// Control thread, when the command that would take it could not be queued.
  void withdraw() noexcept {
    offered_.store(nullptr, std::memory_order_relaxed);
    set_.reset();
  }
  /// Control thread: frees the former set once the decision thread has let go of it.
  void collect() noexcept {
    if (offered_.load(std::memory_order_acquire) == nullptr) set_.reset();
  }

  /// Decision thread: nullptr when nothing is offered. Once exchanged, taken() gives it back.
  [[nodiscard]] HeadingSet* offered() noexcept { return offered_.load(std::memory_order_acquire); }
  void taken() noexcept { offered_.store(nullptr, std::memory_order_release); }

 private:
  std::unique_ptr<HeadingSet> set_;
  std::atomic<HeadingSet*> offered_{nullptr};
};

}  // namespace vturn
