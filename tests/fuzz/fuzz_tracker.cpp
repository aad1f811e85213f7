// Any bytes as a tracker's datagram, as JSON and as OSC in each content: headings in range or a reason why not.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "daemon/core/angle.hpp"
#include "daemon/ingest/heading_datagram.hpp"
#include "daemon/ingest/heading_osc.hpp"

using namespace vturn::ingest;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void read_json(std::string_view text) {
  HeadingDatagram up, down;
  const HeadingError error = parse_heading(text, ImageY::kUp, up);
  require(parse_heading(text, ImageY::kDown, down) == error && !describe(error).empty());
  if (error != HeadingError::kNone) return;
  require(up.angle_rad >= 0.0 && up.angle_rad < vturn::kTwoPi);
  require(std::fabs(vturn::angle_difference(up.angle_rad, -down.angle_rad)) <= 1e-6);
  require(!up.has_time || std::fabs(up.time_s) <= 1e9);
}

void read_headings(OscHeadings& headings, std::string_view packet, bool valid) {
  std::size_t found = 0;
  // Twice, so that a point finds its partner.
  for (vturn::MonoNs now_ns : {vturn::MonoNs{0}, vturn::kNsPerMs}) {
    const HeadingError error =
        headings.packet(packet, now_ns, [&](const HeadingDatagram& heading, HeadingError what) noexcept {
          ++found;
          require(what == HeadingError::kNone || what == HeadingError::kUnseen);
          require(heading.angle_rad >= 0 && heading.angle_rad < vturn::kTwoPi);
          require(!heading.has_time || std::fabs(heading.time_s) <= kMaxTrackerTimeS);
        });
    require(!describe(error).empty() && error != HeadingError::kPending);
    require(valid || error != HeadingError::kNone);
  }
  require(valid || found == 0);
}

void read_osc(std::string_view bytes) {
  const OscPacket packet(bytes);
  std::size_t messages = 0;
  packet.for_each([&](const OscMessage& message) noexcept {
    require(message.address.starts_with('/') && message.count <= OscMessage::kMaxNumbers);
    ++messages;
  });
  require(packet.valid() || messages == 0);
  using Content = OscHeadingSettings::Content;
  for (const Content content : {Content::kHeadingRad, Content::kHeadingDeg, Content::kPoints}) {
    OscHeadings headings({content, "/h", content == Content::kPoints ? "/b" : "", 1.0}, ImageY::kDown);
    read_headings(headings, bytes, packet.valid());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read_json(bytes);
  read_osc(bytes);
  return 0;
}
