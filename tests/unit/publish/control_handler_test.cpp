// What the network may send to the control socket: everything. Each request gets a reply, and only a valid one reaches
// the engine's inputs.
#include "daemon/publish/control_handler.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <random>
#include <vector>

namespace {

using namespace vturn;

class Target : public ControlTarget {
 public:
  std::string submit(std::span<const InputEvent> events) override {
    if (full) return "queue is full";
    commands.insert(commands.end(), events.begin(), events.end());
    return "";
  }
  wire::HealthSnapshot status() override {
    wire::HealthSnapshot health;
    health.spikes = 51'339;
    health.armed = true;
    health.source_count = 1;
    return health;
  }
  Expected<LoadedModel> load_model(const std::string& file, std::uint32_t request) override {
    if (file != "mouse42.json") return Error{file + ": cannot be read"};
    loads.push_back(request);
    return LoadedModel{0xABCD, 32, 6.5, true};
  }
  std::string calibrate(const InputEvent& command) override { return submit({&command, 1}); }
  std::optional<wire::CalibrationSnapshot> calibration() override { return begun; }
  void request_shutdown() override { shut_down = true; }

  std::vector<InputEvent> commands;
  std::vector<std::uint32_t> loads;
  std::optional<wire::CalibrationSnapshot> begun;
  bool full = false;
  bool shut_down = false;
};

class Control {
 public:
  v1::Reply send(const v1::Request& request, double wall_s = 1'000.0) {
    return raw(request.SerializeAsString(), wall_s);
  }
  v1::Reply raw(const std::string& bytes, double wall_s = 1'000.0) {
    v1::Reply reply;
    REQUIRE(reply.ParseFromString(handler.handle(bytes, wall_s)));
    CHECK(reply.error().find('\n') == std::string::npos);
    CHECK(reply.ok() == reply.error().empty());
    return reply;
  }
  v1::Reply arm(double duration_s, double at_s = 0.0, double wall_s = 1'000.0) {
    v1::Request request;
    request.mutable_arm()->set_duration_s(duration_s);
    request.mutable_arm()->set_at_wall_time_unix_s(at_s);
    return send(request, wall_s);
  }
  v1::Reply note(const std::string& text) {
    v1::Request request;
    request.mutable_note()->set_text(text);
    return send(request);
  }

  Target target;
  ControlHandler handler{target, {"night-1", "/data/night-1.mcap", "0.1.0", {{}, {}, {"ephys"}}}};
};

std::string joined(const std::vector<InputEvent>& parts) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto& command = parts[i].payload.command;
    CHECK(command.command == CommandKind::kNote);
    CHECK(command.part == i);
    CHECK(command.more == (i + 1 < parts.size() ? 1 : 0));
    text.append(command.text.data(), command.length);
  }
  return text;
}

TEST_CASE("status tells health, session and version, and enters nothing into the session") {
  Control control;
  v1::Request request;
  request.mutable_status();
  const auto reply = control.send(request);
  CHECK(reply.ok());
  CHECK(reply.session_id() == "night-1");
  CHECK(reply.session_file() == "/data/night-1.mcap");
  CHECK(reply.version() == "0.1.0");
  CHECK(reply.health().spikes() == 51'339);
  CHECK(reply.health().armed());
  CHECK(reply.health().sources(0).name() == "ephys");
  CHECK(control.target.commands.empty());
}

TEST_CASE("arm, disarm, self-test and shutdown become command inputs, numbered as replied") {
  Control control;
  CHECK(control.arm(1'800).request() == 1);
  v1::Request request;
  request.mutable_disarm();
  CHECK(control.send(request).request() == 2);
  request.mutable_self_test();
  CHECK(control.send(request).request() == 3);
  CHECK_FALSE(control.target.shut_down);
  request.mutable_shutdown();
  CHECK(control.send(request).request() == 4);
  CHECK(control.target.shut_down);

  REQUIRE(control.target.commands.size() == 4);
  const auto& arm = control.target.commands[0];
  CHECK(arm.kind == InputKind::kCommand);
  CHECK(arm.payload.command.command == CommandKind::kArm);
  CHECK(arm.payload.command.value_ns == 1'800 * kNsPerS);
  for (std::uint32_t i = 0; i < 4; ++i) CHECK(control.target.commands[i].payload.command.request == i + 1);
  CHECK(control.target.commands[3].payload.command.command == CommandKind::kShutdown);
}

TEST_CASE("a duration or time out of range arms nothing") {
  Control control;
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  constexpr double kInfinite = std::numeric_limits<double>::infinity();
  for (const double duration_s : {0.0, -1.0, 86'400.1, kNan, kInfinite, -kInfinite, 1e300}) {
    const auto reply = control.arm(duration_s);
    CHECK_FALSE(reply.ok());
    CHECK_THAT(reply.error(), Catch::Contains("duration_s"));
  }
  for (const double at_s : {-5.0, 999.0, 1'000.0, 1'000.0 + 8 * 86'400.0, kNan, kInfinite}) {
    CHECK_THAT(control.arm(60, at_s).error(), Catch::Contains("at_wall_time_unix_s"));
  }
  CHECK(control.target.commands.empty());
  CHECK_FALSE(control.handler.arm_waits());
  CHECK(control.arm(1e-12).ok());
  CHECK(control.target.commands[0].payload.command.value_ns == 1);
}

TEST_CASE("an arming at a wall time waits for it, is replaced by a later one and forgotten by disarm") {
  Control control;
  CHECK(control.arm(60, 2'000).request() == 1);
  control.handler.poll(1'999.9);
  CHECK(control.target.commands.empty());
  CHECK(control.arm(90, 3'000).request() == 2);
  control.handler.poll(2'500);
  CHECK(control.target.commands.empty());
  control.target.full = true;
  control.handler.poll(3'000);
  CHECK(control.handler.arm_waits());
  control.target.full = false;
  control.handler.poll(3'000.1);
  control.handler.poll(3'000.2);
  REQUIRE(control.target.commands.size() == 1);
  CHECK(control.target.commands[0].payload.command.request == 2);
  CHECK(control.target.commands[0].payload.command.value_ns == 90 * kNsPerS);

  CHECK(control.arm(60, 4'000, 3'500).ok());
  v1::Request request;
  request.mutable_disarm();
  CHECK(control.send(request, 3'600).ok());
  control.handler.poll(5'000);
  CHECK(control.target.commands.size() == 2);  // the first arming and the disarm
}

TEST_CASE("a note of any allowed length comes out whole, cut between characters") {
  for (std::size_t size = 1; size <= ControlHandler::kMaxNoteBytes; size += size < 200 ? 1 : 37) {
    Control control;
    std::string text;
    while (text.size() + 3 <= size) text += text.size() % 2 == 0 ? "\u20ac" : "\u00b5";
    text.resize(size, '.');
    REQUIRE(control.note(text).ok());
    REQUIRE(joined(control.target.commands) == text);
    for (const auto& part : control.target.commands) {
      // No part begins within a character.
      REQUIRE((static_cast<unsigned char>(part.payload.command.text[0]) & 0xC0U) != 0x80U);
    }
  }
}

TEST_CASE("notes that are empty, too long, not UTF-8 or hold control characters are refused") {
  Control control;
  CHECK_THAT(control.note("").error(), Catch::Contains("1 to 1024 bytes"));
  CHECK_THAT(control.note(std::string(1'025, 'x')).error(), Catch::Contains("not 1025"));
  CHECK_THAT(control.note("bell\a").error(), Catch::Contains("control characters"));
  CHECK_THAT(control.note(std::string("nul\0", 4)).error(), Catch::Contains("control characters"));
  // A Request whose note holds the byte ff: field 4, length 3, field 1, length 1.
  CHECK_THAT(control.raw("\x22\x03\x0a\x01\xff").error(), Catch::Contains("UTF-8"));
  CHECK(control.note("two\nlines\t").ok());
}

TEST_CASE("a model is loaded under the request's number, or refused with the reason") {
  Control control;
  v1::Request request;
  request.mutable_load_model()->set_file("mouse42.json");
  const auto reply = control.send(request);
  CHECK(reply.request() == 1);
  CHECK(control.target.loads == std::vector<std::uint32_t>{1});
  CHECK(reply.loaded_model().model_hash() == "000000000000abcd");
  CHECK(reply.loaded_model().units() == 32);
  CHECK(reply.loaded_model().median_abs_error_deg() == 6.5);
  CHECK(reply.loaded_model().handedness_confirmed());
  request.mutable_load_model()->set_file("other.json");
  CHECK(control.send(request).error() == "load model: other.json: cannot be read");
  for (const std::string& path : {std::string(), std::string("a\nb"), std::string(5'000, 'a')}) {
    request.mutable_load_model()->set_file(path);
    CHECK_THAT(control.send(request).error(), Catch::Contains("1 to 4096 bytes"));
  }
  CHECK(control.target.loads.size() == 1);
}

TEST_CASE("calibration is started and stopped by commands, and status tells how it stands") {
  Control control;
  v1::Request request;
  request.mutable_calibrate_start()->set_handedness_confirmed(true);
  CHECK(control.send(request).request() == 1);
  request.mutable_calibrate_stop();
  CHECK(control.send(request).request() == 2);
  request.mutable_calibrate_stop()->set_discard(true);
  CHECK(control.send(request).request() == 3);
  REQUIRE(control.target.commands.size() == 3);
  for (std::uint32_t i = 0; i < 3; ++i) {
    const auto& command = control.target.commands[i].payload.command;
    CHECK(command.command == (i == 0 ? CommandKind::kCalibrateStart : CommandKind::kCalibrateStop));
    CHECK(command.request == i + 1);
    CHECK(command.value_ns == (i == 1 ? 0 : 1));
  }
  control.target.full = true;
  CHECK(control.send(request).error() == "calibrate: queue is full");
  request.mutable_status();
  CHECK_FALSE(control.send(request).has_calibration());
  control.target.begun.emplace().state = wire::CalibrationState::kFitting;
  CHECK(control.send(request).calibration().state() == v1::CALIBRATION_STATE_FITTING);
}

TEST_CASE("a full command queue is told; shutdown works all the same") {
  Control control;
  control.target.full = true;
  CHECK_THAT(control.arm(60).error(), Catch::Contains("queue is full"));
  v1::Request request;
  request.mutable_shutdown();
  CHECK(control.send(request).ok());
  CHECK(control.target.shut_down);
}

TEST_CASE("malformed, empty, unknown and oversized requests get one line and do nothing") {
  Control control;
  CHECK_THAT(control.raw("").error(), Catch::Contains("empty"));
  CHECK_THAT(control.raw("\xff\xff\xff").error(), Catch::Contains("malformed"));
  CHECK_THAT(control.raw(std::string("\xa2\x06\x00", 3)).error(), Catch::Contains("does not know"));
  CHECK_THAT(control.raw(std::string(65'537, '\0')).error(), Catch::Contains("65536"));
  CHECK(control.target.commands.empty());
}

TEST_CASE("any bytes, and any damage to a valid request, get a reply and at most valid commands") {
  Control control;
  std::mt19937 random(11);
  v1::Request valid;
  valid.mutable_note()->set_text("infusion starts, \u00b5l per minute: 0.1");
  const std::string good = valid.SerializeAsString();
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = good;
    if (i % 2 == 0) {
      bytes.resize(random() % 64);
      for (char& byte : bytes) byte = static_cast<char>(random());
    } else {
      bytes[random() % bytes.size()] = static_cast<char>(random());
      bytes.resize(random() % (bytes.size() + 1));
    }
    control.raw(bytes);
  }
  for (const auto& event : control.target.commands) {
    CHECK(event.kind == InputKind::kCommand);
    CHECK(event.payload.command.length <= kMaxCommandText);
    CHECK(event.payload.command.value_ns <= 86'400 * kNsPerS);
  }
}

}  // namespace
