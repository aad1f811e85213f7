#include "daemon/core/digest.hpp"

#include <catch2/catch.hpp>
#include <cstring>

using vturn::Digest;
using vturn::OutputEvent;
using vturn::OutputKind;

namespace {

OutputEvent heading_event(float angle_rad) {
  OutputEvent event;
  event.kind = OutputKind::kHeading;
  event.payload.heading = {};
  event.payload.heading.angle_rad = angle_rad;
  return event;
}

}  // namespace

TEST_CASE("the digest depends on each field and on the order, not on padding") {
  Digest a;
  Digest b;
  OutputEvent event = heading_event(1.0F);
  a.add(event);
  std::memset(&event.payload.bytes[sizeof(vturn::HeadingOutput)], 0xAB, 8);  // bytes that no heading field uses
  b.add(event);
  CHECK(a.value() == b.value());

  Digest c;
  c.add(heading_event(std::nextafter(1.0F, 2.0F)));
  CHECK(c.value() != a.value());

  Digest forward;
  forward.add(heading_event(1.0F));
  forward.add(heading_event(2.0F));
  Digest backward;
  backward.add(heading_event(2.0F));
  backward.add(heading_event(1.0F));
  CHECK(forward.value() != backward.value());
  CHECK(forward.outputs() == 2);
}
