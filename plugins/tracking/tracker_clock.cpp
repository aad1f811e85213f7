#include "plugins/tracking/tracker_clock.hpp"

#include <cmath>

namespace vturn::plugins {
namespace {

// No drift and no usual delay makes this much between two datagrams: the tracker's clock was set anew.
constexpr double kJumpNs = 1e9;
// A counter that runs further ahead than this was set anew; the frames between were not lost on the way.
constexpr std::uint64_t kMaxLost = 100'000;

}  // namespace

TrackerClock::Seen TrackerClock::observe(const ingest::HeadingDatagram& heading, MonoNs arrival_ns) noexcept {
  Seen seen;
  seen.has_own_time = heading.has_time;
  if (heading.has_sequence && had_sequence_) {
    const bool forward = heading.sequence > last_sequence_ && heading.sequence - last_sequence_ <= kMaxLost;
    if (forward) seen.lost = heading.sequence - last_sequence_ - 1;
    // One that overtook the last, or came twice, is no restart.
    const bool reordered = heading.sequence <= last_sequence_ && last_sequence_ - heading.sequence < 16;
    seen.restarted = !forward && !reordered;
  }
  const bool newest = !had_sequence_ || seen.restarted || heading.sequence > last_sequence_;
  if (heading.has_sequence && newest) last_sequence_ = heading.sequence;
  had_sequence_ = heading.has_sequence;
  if (heading.has_time) {
    const auto time_ns = static_cast<std::int64_t>(std::llround(heading.time_s * 1e9));
    const auto passed_ns = static_cast<std::int64_t>(static_cast<double>(arrival_ns - last_arrival_ns_) * speed_);
    const std::int64_t expected_ns = last_own_ns_ + passed_ns;
    const bool jumped =
        had_time_ && std::fabs(static_cast<double>(time_ns + base_ns_ - expected_ns)) > kJumpNs * speed_;
    if (jumped) base_ns_ = expected_ns - time_ns;
    seen.restarted = seen.restarted || jumped;
    seen.own_ns = time_ns + base_ns_;
    last_own_ns_ = seen.own_ns;
  }
  had_time_ = heading.has_time;
  last_arrival_ns_ = arrival_ns;
  return seen;
}

}  // namespace vturn::plugins
