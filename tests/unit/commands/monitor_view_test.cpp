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

TEST_CASE("calibration is followed from what is missing to its figures or its refusal") {
  MonitorView view;
  v1::Calibration m;
  m.set_state(v1::CALIBRATION_STATE_COLLECTING);
  m.set_heading_s(83.2);
  for (int i = 0; i < 12; ++i) m.add_sector_s(i < 7 ? 4.0F : 0.0F);
  m.set_spikes(5000);
  m.set_units(9);
  m.set_units_ready(4);
  m.set_missing("83 s of tracked heading, of 120");
  m.set_waits_for_wake(true);
  view.take(published(wire::Topic::kCalibration, m));
  CHECK_THAT(view.render(0.0),
             Catch::Contains("collecting  83 s of heading, 7 of 12 sectors, 5000 spikes, 4 of 9 units with enough") &&
                 Catch::Contains("waits for wake") && Catch::Contains("missing: 83 s of tracked heading, of 120"));
  m.set_lost(3);
  m.set_full(true);
  CHECK_THAT(describe(published(wire::Topic::kCalibration, m)), Catch::Contains("LOST 3") && Catch::Contains("FULL"));
  m.set_state(v1::CALIBRATION_STATE_FITTING);
  m.set_share_fitted(0.4);
  view.take(published(wire::Topic::kCalibration, m));
  CHECK_THAT(view.render(0.0), Catch::Contains("fitting  40 %") && !Catch::Contains("collecting"));
  m.set_state(v1::CALIBRATION_STATE_DONE);
  m.set_model_file("/data/night-1.heading.json");
  m.set_median_abs_error_deg(6.25);
  CHECK_THAT(describe(published(wire::Topic::kCalibration, m)),
             Catch::Contains("done  /data/night-1.heading.json") && Catch::Contains("median error 6.2°"));
  m.set_state(v1::CALIBRATION_STATE_REFUSED);
  m.set_reason("3 units carry heading, 5 are needed");
  CHECK_THAT(describe(published(wire::Topic::kCalibration, m)), Catch::Contains("refused  3 units carry heading"));
}

TEST_CASE("lost tuning asks for calibration, a rotated frame does not") {
  MonitorView view;
  v1::Health health;
  view.take(published(wire::Topic::kHealth, health));
  CHECK_THAT(view.render(0.0), !Catch::Contains("tuning"));
  health.mutable_tuning()->set_state(v1::TUNING_STATE_LOST);
  health.mutable_tuning()->set_scatter_deg(31.0);
  view.take(published(wire::Topic::kHealth, health));
  CHECK_THAT(view.render(0.0), Catch::Contains("LOST: calibrate again") && Catch::Contains("31.0°"));
  v1::Session session;
  session.set_change(v1::SESSION_CHANGE_FRAME_ROTATED);
  session.set_text("error about the frame 7.2 deg, frame rotated by -24.5 deg");
  CHECK_THAT(describe(published(wire::Topic::kSession, session)),
             Catch::Contains("frame-rotated: turns are not affected  \"error about the frame 7.2 deg"));
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
