// The rig file: what is allowed, and that each mistake is named with file, line, key and range.
#include "daemon/settings/settings.hpp"

#include <catch2/catch.hpp>
#include <filesystem>

using vturn::settings::parse_rig;

namespace {

const std::string kMinimal = R"([[source]]
name = "ephys"
type = "open_ephys"
clock = "master"
)";

std::string error_of(const std::string& text) {
  const auto rig = parse_rig(text, "rig.toml");
  return rig ? "" : rig.error();
}

bool mentions(const std::string& text, std::initializer_list<const char*> parts) {
  for (const char* part : parts) {
    if (text.find(part) == std::string::npos) {
      UNSCOPED_INFO("\"" << text << "\" does not mention \"" << part << "\"");
      return false;
    }
  }
  return true;
}

}  // namespace

TEST_CASE("a minimal rig file gets the documented defaults") {
  const auto rig = parse_rig(kMinimal, "rig.toml");
  REQUIRE(rig);
  CHECK(rig->sources.size() == 1);
  CHECK(rig->master() == 0);
  CHECK(rig->publish.address == "tcp://127.0.0.1:5600");
  CHECK(rig->control.address == "tcp://127.0.0.1:5601");
  CHECK_FALSE(rig->publish.allow_remote);
  CHECK(rig->record.buffer_s >= 60.0);
  CHECK(rig->text == kMinimal);
}

TEST_CASE("feeds and trackers: every key is taken, and a wrong word is told with the right ones") {
  const auto rig = parse_rig(kMinimal + R"(feed = "falcon"
[[source]]
name = "camera"
type = "tracking"
clock = "arrival"
format = "osc"
osc_content = "points"
osc_address = "/red"
osc_back_address = "/green"
offset_deg = -90
min_distance = 2.5
[[source]]
name = "imu"
type = "open_ephys"
clock = "ttl:3"
heading_from = "euler"
yaw = "clockwise"
)",
                             "rig.toml");
  REQUIRE(rig);
  REQUIRE(rig->sources.size() == 3);
  CHECK(rig->sources[0].feed == "falcon");
  CHECK(rig->sources[0].address.empty());
  CHECK(rig->sources[0].tracker.format == "json");
  CHECK(rig->sources[0].tracker.heading_from.empty());
  const auto& camera = rig->sources[1].tracker;
  CHECK(camera.format == "osc");
  CHECK(camera.osc_content == "points");
  CHECK(camera.osc_address == "/red");
  CHECK(camera.osc_back_address == "/green");
  CHECK(camera.offset_deg == -90);
  CHECK(camera.min_distance == 2.5);
  CHECK(rig->sources[2].tracker.heading_from == "euler");
  CHECK(rig->sources[2].tracker.yaw == "clockwise");
  CHECK(mentions(error_of(kMinimal + "feed = \"river\"\n"),
                 {"rig.toml:5", "source.feed", "zmq_interface | event_broadcaster | falcon"}));
  CHECK(mentions(error_of(kMinimal + "yaw = \"left\"\n"), {"rig.toml:5", "clockwise | counterclockwise"}));
  CHECK(mentions(error_of(kMinimal + "offset_deg = 400\n"), {"rig.toml:5", "source.offset_deg", "-360 .. 360"}));
}

TEST_CASE("the rig file of the design parses") {
  const auto rig = parse_rig(R"([rig]
name = "mouse42-night"
[[source]]
name = "ephys"
type = "open_ephys"
clock = "master"
address = "tcp://127.0.0.1:5556"
feed = "zmq_interface"
http = "http://127.0.0.1:37497"
[units]
from = "electrode"
[heading]
model = "mouse42.heading.json"
image_y = "down"
[sleep]
model = "mouse42.sleep.json"
channels = { theta = "ephys/LFP", slow = "ephys/LFP", emg = "ephys/EMG", motion = "" }
[turns]
false_alarms_per_minute = 1.0
[[rule]]
name = "rem-clockwise"
when = "turn"
direction = "clockwise"
state = "REM"
min_state_probability = 0.9
arms = { stim = 0.5, sham = 0.5 }
output = "laser"
refractory_ms = 500
max_per_minute = 30
max_per_session = 2000
max_decision_age_ms = 20
[[output]]
name = "laser"
type = "mock"
pulse_ms = 10
[limits]
duty_max = 0.05
[record]
directory = "sessions"
[publish]
address = "tcp://127.0.0.1:5600"
[control]
address = "tcp://127.0.0.1:5601"
)",
                             "/rigs/mouse42.toml");
  REQUIRE(rig);
  CHECK(rig->rules.at(0).arms.at("sham") == 0.5);
  CHECK(rig->signals() == std::vector<std::string>{"ephys/LFP", "ephys/EMG"});
  CHECK(rig->resolve(rig->heading.model) == "/rigs/mouse42.heading.json");
}

TEST_CASE("mistakes are named with file, line, key and what is allowed") {
  CHECK(mentions(error_of("[[source]\n"), {"rig.toml:1"}));
  CHECK(mentions(error_of(kMinimal + "adress = \"x\"\n"), {"rig.toml:5", "source.adress", "not a key", "address"}));
  CHECK(mentions(error_of(kMinimal + "queue_capacity = 3\n"),
                 {"rig.toml:5", "source.queue_capacity", "1024 .. 4194304"}));
  CHECK(mentions(error_of(kMinimal + "queue_capacity = \"many\"\n"), {"rig.toml:5", "whole number"}));
  CHECK(mentions(error_of(kMinimal + "order = \"sorted\"\n"), {"rig.toml:5", "burst | hold | arrival"}));
  CHECK(mentions(error_of(kMinimal + "[limits]\nduty_max = nan\n"), {"rig.toml:6", "limits.duty_max"}));
  CHECK(mentions(error_of(kMinimal + "[limits]\nduty_max = 1.5\n"), {"rig.toml:6", "limits.duty_max", "0.0001 .. 1"}));
  CHECK(mentions(error_of(kMinimal + "[record]\nbuffer_s = 5\n"), {"rig.toml:6", "record.buffer_s", "60"}));
  CHECK(mentions(error_of(kMinimal + "[dashboard]\nport = 1\n"), {"rig.toml:5", "dashboard", "not a key"}));
  CHECK(mentions(error_of(kMinimal + "[heading]\nmodel = 5\n"), {"rig.toml:6", "heading.model", "text"}));
}

TEST_CASE("sources need exactly one clock master and distinct names") {
  CHECK(mentions(error_of(""), {"rig.toml", "source", "exactly one", "found 0"}));
  CHECK(mentions(error_of(kMinimal + kMinimal), {"used twice"}));
  CHECK(mentions(error_of("[[source]]\nname=\"a\"\ntype=\"tracking\"\nclock=\"ttl:x\"\n"),
                 {"rig.toml:4", "source.clock", "ttl:LINE"}));
}

TEST_CASE("rules must refer to outputs and models that exist") {
  const std::string rule = kMinimal + "[[rule]]\nname=\"r\"\nwhen=\"turn\"\noutput=\"laser\"\n";
  CHECK(mentions(error_of(rule), {"rig.toml", "laser", "[[output]]"}));
  CHECK(mentions(error_of(rule + "[[output]]\nname=\"laser\"\ntype=\"mock\"\n"), {"[heading] needs a model"}));
  CHECK(mentions(error_of(rule + "[[output]]\nname=\"laser\"\ntype=\"mock\"\n[heading]\nmodel=\"m.json\"\n"),
                 {"[sleep] needs a model"}));
  CHECK(mentions(error_of(kMinimal + "[[rule]]\nname=\"r\"\nwhen=\"turn\"\nstate=\"WAKE\"\noutput=\"laser\"\n"
                                     "[[output]]\nname=\"laser\"\ntype=\"mock\"\n[heading]\nmodel=\"m.json\"\n"
                                     "[turns]\ndetector=\"cusum\"\n"),
                 {"waits for turns in WAKE", "REM only", "log_odds"}));
  CHECK(mentions(error_of(kMinimal + "[turns]\ndetector=\"page\"\n"), {"turns.detector", "log_odds | cusum"}));
  CHECK(mentions(error_of(rule + "[[output]]\nname=\"laser\"\ntype=\"mock\"\n[[source]]\nname=\"camera\"\n"
                                 "type=\"tracking\"\nclock=\"arrival\"\n"),
                 {"[sleep] needs a model"}));  // the heading's can be calibrated live
  CHECK(mentions(error_of(kMinimal + "[[rule]]\nname=\"r\"\nwhen=\"turn\"\narms={stim=0.5}\noutput=\"l\"\n"),
                 {"rule.arms", "add up to 1"}));
  CHECK(mentions(error_of(kMinimal + "[sleep]\nchannels={theta=\"LFP\"}\n"), {"SOURCE/CHANNEL"}));
}

TEST_CASE("every rig file that is shipped parses") {
  for (const auto& entry : std::filesystem::directory_iterator(VTURN_SOURCE_DIR "/config")) {
    if (entry.path().extension() != ".toml") continue;
    const auto rig = vturn::settings::load_rig(entry.path().string());
    INFO((rig ? entry.path().string() : rig.error()));
    CHECK(static_cast<bool>(rig));
  }
}

TEST_CASE("a rule on a source whose events are held longer than a decision may take is refused") {
  const std::string rest =
      "[heading]\nmodel = \"h.json\"\n[sleep]\nmodel = \"s.json\"\n[[output]]\nname = \"laser\"\ntype = \"mock\"\n"
      "[[rule]]\nname = \"turns\"\nwhen = \"turn\"\noutput = \"laser\"\n";
  const std::string held = kMinimal + "order = \"hold\"\n";
  CHECK(mentions(error_of(held + rest), {"\"turns\" can never fire", "hold_ms", "max_decision_age_ms"}));
  CHECK(parse_rig(held + rest + "max_decision_age_ms = 40\n", "rig.toml"));
  CHECK(parse_rig(kMinimal + rest, "rig.toml"));
}

TEST_CASE("a channel named twice gives no muscle tone of its own") {
  CHECK(mentions(error_of(kMinimal + "[sleep]\nmodel = \"s.json\"\n[sleep.channels]\n"
                                     "emg_lfp = [\"ephys/CH1\", \"ephys/CH1\"]\n"),
                 {"emg_lfp", "twice"}));
}
