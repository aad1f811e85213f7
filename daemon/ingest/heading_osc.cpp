#include "daemon/ingest/heading_osc.hpp"

#include <cmath>
#include <utility>

#include "daemon/core/angle.hpp"

namespace vturn::ingest {
namespace {

constexpr std::size_t kRememberedAddressBytes = 64;

/// [t_s [seq]] behind the `at` numbers that say where the animal looks.
HeadingError take_clock(const OscMessage& message, std::size_t at, HeadingDatagram& heading) noexcept {
  if (message.count <= at) return HeadingError::kNone;
  // A float has no room for a clock: after a day its steps are 8 ms.
  if (message.types[at] == 'f') return HeadingError::kRange;
  heading.has_time = true;
  heading.time_s = message.numbers[at];
  if (message.count > at + 1) {
    heading.has_sequence = true;
    if (!sequence_of(message.numbers[at + 1], heading.sequence)) return HeadingError::kRange;
  }
  return std::fabs(heading.time_s) <= kMaxTrackerTimeS ? HeadingError::kNone : HeadingError::kRange;
}

}  // namespace

OscHeadings::OscHeadings(OscHeadingSettings settings, TrackerGeometry geometry)
    : settings_(std::move(settings)), geometry_(geometry) {
  other_address_.reserve(kRememberedAddressBytes);
}

HeadingError OscHeadings::take(const OscMessage& message, MonoNs arrival_ns, HeadingDatagram& heading) noexcept {
  const bool apart = !settings_.back_address.empty();
  if (apart && message.address == settings_.back_address) return point(message, arrival_ns, back_, front_, heading);
  if (message.address != settings_.address) {
    ++others_;
    other_address_.assign(message.address.substr(0, kRememberedAddressBytes));
    return HeadingError::kPending;
  }
  return apart ? point(message, arrival_ns, front_, back_, heading) : direct(message, heading);
}

HeadingError OscHeadings::direct(const OscMessage& message, HeadingDatagram& heading) const noexcept {
  const bool points = settings_.content == OscHeadingSettings::Content::kPoints;
  const std::size_t needed = points ? 4 : 1;
  if (message.count < needed) return HeadingError::kNoHeading;
  const HeadingError error = take_clock(message, needed, heading);
  if (error != HeadingError::kNone) return error;
  const auto& n = message.numbers;
  if (points) return heading_of_points({n[0], n[1]}, {n[2], n[3]}, geometry_, heading.angle_rad);
  const bool degrees = settings_.content == OscHeadingSettings::Content::kHeadingDeg;
  return heading_of_angle(degrees ? n[0] * (kPi / 180.0) : n[0], geometry_, heading.angle_rad);
}

HeadingError OscHeadings::point(const OscMessage& message, MonoNs arrival_ns, Waiting& mine, Waiting& others,
                                HeadingDatagram& heading) noexcept {
  if (message.count < 2) return HeadingError::kNoHeading;
  const auto frame_ns = static_cast<MonoNs>(static_cast<double>(kFrameNs) / settings_.speed);
  // What waits from an earlier frame never gets its partner.
  const bool alone = std::exchange(mine.here, false);
  const bool too_late = others.here && arrival_ns - others.arrival_ns > frame_ns;
  if (too_late) others.here = false;
  if (!others.here) {
    mine = {{message.numbers[0], message.numbers[1]}, arrival_ns, true};
    return alone || too_late ? HeadingError::kUnseen : HeadingError::kPending;
  }
  others.here = false;
  mine.point = {message.numbers[0], message.numbers[1]};
  return heading_of_points(front_.point, back_.point, geometry_, heading.angle_rad);
}

}  // namespace vturn::ingest
