// Any bytes as an OSC packet, and as a tracker's in each content: headings in range or a reason why not, and what is no
// packet gives nothing.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "daemon/core/angle.hpp"
#include "daemon/ingest/heading_osc.hpp"

using namespace vturn::ingest;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const OscPacket packet(text);
  std::size_t messages = 0;
  packet.for_each([&](const OscMessage& message) noexcept {
    require(message.address.starts_with('/') && message.count <= OscMessage::kMaxNumbers);
    ++messages;
  });
  require(packet.valid() || messages == 0);
  using Content = OscHeadingSettings::Content;
  for (const Content content : {Content::kHeadingRad, Content::kHeadingDeg, Content::kPoints}) {
    OscHeadings headings({content, "/h", content == Content::kPoints ? "/b" : "", 1.0}, ImageY::kDown);
    read_headings(headings, text, packet.valid());
  }
  return 0;
}
