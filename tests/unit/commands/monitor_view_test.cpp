// The live view is what somebody beside a sleeping animal looks at: what matters must stand in it.
#include "tools/commands/monitor_view.hpp"

#include <catch2/catch.hpp>
#include <limits>

namespace {

using namespace vturn;
using namespace vturn::tools;

template <class Message>
Published published(wire::Topic topic, const Message& message) {
  return {topic, std::make_unique<Message>(message)};
}

TEST_CASE("a view shows state, heading, arming, events and losses") {
  MonitorView view;
  v1::Sleep sleep;
  sleep.mutable_header()->set_session_id("night-1");
  sleep.mutable_header()->set_session_time_ns(60'000'000'000);
  sleep.set_state(v1::SLEEP_STATE_REM);
  view.take(published(wire::Topic::kSleep, sleep));
  v1::Heading heading;
  heading.set_angle_rad(3.14159265F);
  heading.mutable_header()->set_session_id("night-1");
  view.take(published(wire::Topic::kHeading, heading));
  v1::Health health;
  health.mutable_header()->set_session_id("night-1");
  health.set_armed(true);
  health.add_inhibits(v1::VETO_REASON_MOVEMENT);
  health.add_sources()->set_name("ephys");
  view.take(published(wire::Topic::kHealth, health));
  v1::Veto veto;
  veto.mutable_header()->set_session_id("night-1");
  veto.set_rule("rem-clockwise");
  veto.set_reason(v1::VETO_REASON_REFRACTORY);
  veto.set_detail("120, needed 500");
  for (int i = 0; i < 20; ++i) view.take(published(wire::Topic::kVeto, veto));
  view.missed(wire::Topic::kTurn, 3);

  const std::string text = view.render(0.1);
  CHECK_THAT(text, Catch::StartsWith("vturn night-1  0:01:00.000  ARMED\n"));
  for (const std::string part : {"sleep    REM", "180.0°", "movement", "NOT RECORDED", "ephys        SILENT",
                                 "rem-clockwise: refractory (120, needed 500)", "3 messages of turn missed"}) {
    CHECK_THAT(text, Catch::Contains(part));
  }
  CHECK_THAT(text, !Catch::Contains("NOTHING HEARD"));
  CHECK_THAT(view.render(5.0), Catch::Contains("NOTHING HEARD FOR 5 s"));
  CHECK(std::count(text.begin(), text.end(), '\n') < 25);  // events stay bounded
}

TEST_CASE("a blinded trigger says so, an armed one names its arm; odd numbers do no harm") {
  v1::Trigger trigger;
  trigger.set_rule("r");
  CHECK_THAT(describe(published(wire::Topic::kTrigger, trigger)), Catch::Contains("blinded"));
  trigger.set_arm(v1::ARM_SHAM);
  CHECK_THAT(describe(published(wire::Topic::kTrigger, trigger)), Catch::Contains("sham"));
  v1::Heading heading;
  heading.set_angle_rad(std::numeric_limits<float>::quiet_NaN());
  MonitorView view;
  view.take(published(wire::Topic::kHeading, heading));
  CHECK_THAT(view.render(0), Catch::Contains("360°"));
}

}  // namespace
