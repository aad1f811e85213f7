#pragma once

#include <cstdint>

#include "daemon/ingest/heading_datagram.hpp"
#include "daemon/ingest/source_clock.hpp"

namespace vturn::plugins {

/// A tracker's own time in nanoseconds and what its counter says. With `t_s` it is the tracker's clock, kept going
/// through restarts of the tracker; without, there is none and the arrival has to do. Pure.
class TrackerClock {
 public:
  explicit TrackerClock(double speed) noexcept : speed_(speed) {}

  struct Seen {
    bool has_own_time = false;
    std::int64_t own_ns = 0;
    bool restarted = false;  ///< its clock or its counter jumped
    std::uint64_t lost = 0;  ///< datagrams missing before this one
  };
  Seen observe(const ingest::HeadingDatagram& heading, MonoNs arrival_ns) noexcept;

 private:
  double speed_;
  bool had_time_ = false;
  std::int64_t base_ns_ = 0;
  std::int64_t last_own_ns_ = 0;
  MonoNs last_arrival_ns_ = 0;
  bool had_sequence_ = false;
  std::uint64_t last_sequence_ = 0;
};

}  // namespace vturn::plugins
