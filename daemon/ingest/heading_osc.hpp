#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/core/types.hpp"
#include "daemon/ingest/heading_datagram.hpp"
#include "daemon/ingest/osc.hpp"

namespace vturn::ingest {

/// What a tracker's OSC messages say.
struct OscHeadingSettings {
  enum class Content : std::uint8_t {
    kHeadingRad,  ///< heading [t_s [seq]]
    kHeadingDeg,
    kPoints,  ///< front x, front y, back x, back y [t_s [seq]]; with a back address x, y of one point a message
  };
  Content content = Content::kHeadingRad;
  std::string address = "/heading";
  std::string back_address;  ///< kPoints: where the back point comes; "" = with the front one
  double speed = 1.0;        ///< session seconds per second of arrival
};

/// Tracked headings out of OSC packets. Keeps a front point until its back point comes, or the other way round. Pure
/// but for that; no allocation after it is made.
class OscHeadings {
 public:
  OscHeadings(OscHeadingSettings settings, TrackerGeometry geometry);

  /// Calls `each(const HeadingDatagram&, HeadingError)` for each heading of the packet, with kNone or kUnseen. kNone,
  /// else the first thing that was wrong; a wrong message does not keep the others of its bundle from being used.
  template <class Each>
  HeadingError packet(std::string_view bytes, MonoNs arrival_ns, Each&& each) noexcept {
    if (bytes.size() > kMaxOscBytes) return HeadingError::kTooLong;
    const OscPacket packet(bytes);
    if (!packet.valid()) return HeadingError::kSyntax;
    HeadingError first = HeadingError::kNone;
    packet.for_each([&](const OscMessage& message) noexcept {
      HeadingDatagram heading;
      const HeadingError error = take(message, arrival_ns, heading);
      if (error == HeadingError::kPending) return;
      if (error == HeadingError::kNone || error == HeadingError::kUnseen) return each(heading, error);
      if (first == HeadingError::kNone) first = error;
    });
    return first;
  }

  /// Messages to other addresses, and the last of these.
  [[nodiscard]] std::uint64_t others() const noexcept { return others_; }
  [[nodiscard]] const std::string& other_address() const noexcept { return other_address_; }

 private:
  /// Points of one frame come within this; a camera's frames are further apart.
  static constexpr MonoNs kFrameNs = 15 * kNsPerMs;

  struct Waiting {
    TrackedPoint point;
    MonoNs arrival_ns = 0;
    bool here = false;
  };

  /// kNone: `heading` is filled in.
  HeadingError take(const OscMessage& message, MonoNs arrival_ns, HeadingDatagram& heading) noexcept;
  HeadingError direct(const OscMessage& message, HeadingDatagram& heading) const noexcept;
  HeadingError point(const OscMessage& message, MonoNs arrival_ns, Waiting& mine, Waiting& others,
                     HeadingDatagram& heading) noexcept;

  OscHeadingSettings settings_;
  TrackerGeometry geometry_;
  Waiting front_, back_;
  std::uint64_t others_ = 0;
  std::string other_address_;
};

}  // namespace vturn::ingest
