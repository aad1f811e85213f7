#pragma once

#include "daemon/core/types.hpp"

namespace vturn::ingest {

/// A source's own time in nanoseconds, made from its sample numbers and going on through epochs (DESIGN §2). For the
/// clock master this is session time. In the first epoch it is sample / rate.
class SampleClock {
 public:
  /// `speed`: session seconds per second of arrival in accelerated runs, 1 on a rig.
  explicit SampleClock(double speed = 1.0) noexcept : speed_(speed) {}

  /// From `first_sample` on another count or rate holds: time goes on from the newest time plus what passed since.
  void begin_epoch(SampleIndex first_sample, double rate_hz, MonoNs arrival_mono_ns) noexcept;
  /// Data up to this sample has arrived.
  void seen(SampleIndex sample, MonoNs arrival_mono_ns) noexcept;

  /// Saturates at about a century either way; before the first epoch it is 0.
  [[nodiscard]] std::int64_t time_ns(SampleIndex sample) const noexcept;
  [[nodiscard]] std::int64_t newest_ns() const noexcept { return newest_ns_; }
  [[nodiscard]] double rate_hz() const noexcept { return rate_hz_; }

 private:
  double speed_;
  double rate_hz_ = 0;
  std::int64_t base_ns_ = 0;
  std::int64_t newest_ns_ = 0;
  MonoNs last_arrival_mono_ns_ = 0;
  bool started_ = false;
};

}  // namespace vturn::ingest
