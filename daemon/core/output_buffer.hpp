#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "daemon/core/output_event.hpp"

namespace vturn {

/// The outputs of one engine step: bounded, reused, never allocates. What does not fit is counted, not lost in silence.
class OutputBuffer {
 public:
  static constexpr std::size_t kCapacity = 512;

  void clear() noexcept { size_ = 0; }
  [[nodiscard]] std::span<const OutputEvent> events() const noexcept { return {events_.data(), size_}; }
  [[nodiscard]] std::uint64_t overflowed() const noexcept { return overflowed_; }

  /// A fresh event of this kind to fill in; beyond capacity a scratch event, counted.
  OutputEvent& add(OutputKind kind, SessionNs session_time_ns, SampleIndex source_sample) noexcept {
    if (size_ == kCapacity) ++overflowed_;
    OutputEvent& event = size_ < kCapacity ? events_[size_++] : scratch_;
    event = OutputEvent{};
    event.kind = kind;
    event.session_time_ns = session_time_ns;
    event.source_sample = source_sample;
    return event;
  }

 private:
  std::array<OutputEvent, kCapacity> events_{};
  OutputEvent scratch_{};
  std::size_t size_ = 0;
  std::uint64_t overflowed_ = 0;
};

}  // namespace vturn
