#pragma once

#include <atomic>
#include <optional>

#include "daemon/core/input_event.hpp"
#include "daemon/record/byte_ring.hpp"

namespace vturn {

/// Spikes and tracked heading that the engine takes, on their way from the decision thread to calibration's worker
/// while it collects. One producer, one consumer; nothing waits or allocates; what finds the ring full is counted.
class CalibrationTap {
 public:
  enum class Kind : std::uint32_t { kSpike = 1, kHeading, kStart, kStop };
  struct Sample {
    SessionNs time_ns = 0;
    std::uint32_t value = 0;  ///< unit; bits of the angle; start: handedness confirmed; stop: discard
    Kind kind = Kind::kSpike;
  };

  /// `only_awake`: there is a sleep model to tell.
  explicit CalibrationTap(bool only_awake, std::size_t ring_bytes = 4U << 20U)
      : only_awake_(only_awake), ring_(ring_bytes) {}

  /// Decision thread: an input that the engine has taken, and the state of sleep after it.
  void take(const InputEvent& event, SleepState state) noexcept;

  /// Worker: false when nothing waits.
  bool next(Sample& sample) noexcept;
  [[nodiscard]] std::uint64_t lost() const noexcept { return lost_.load(std::memory_order_relaxed); }
  /// The mouse sleeps, or nobody knows whether it does: nothing is collected.
  [[nodiscard]] bool waits_for_wake() const noexcept { return waits_for_wake_.load(std::memory_order_relaxed); }

 private:
  void command(const InputEvent& event) noexcept;
  bool push(const Sample& sample) noexcept;

  bool only_awake_;
  bool collecting_ = false;
  std::optional<Sample> boundary_;  ///< a start or stop that the ring had no room for: nothing may overtake it
  record::ByteRing ring_;
  std::atomic<std::uint64_t> lost_{0};
  std::atomic<bool> waits_for_wake_{false};
};

}  // namespace vturn
