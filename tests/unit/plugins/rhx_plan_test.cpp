// The plan: what RHX is told must make it send what the reader takes it to send. The simulated board, which was written
// from the facts and not from the plan, takes the very commands; its words are the truth.
#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "plugins/intan_rhx/command_text.hpp"
#include "plugins/intan_rhx/plan.hpp"
#include "tests/unit/plugins/test_host.hpp"
#include "tools/simulation/rhx_commands.hpp"

using namespace vturn;
using namespace vturn::plugins;
using ingest::RhxController;

namespace {

struct Kind {
  const char* type;
  RhxController controller;
};
const Kind kKinds[] = {{"ControllerRecordUSB2", RhxController::kRecordUsb2},
                       {"ControllerRecordUSB3", RhxController::kRecordUsb3},
                       {"ControllerStimRecord", RhxController::kStimRecord}};

/// A simulated RHX with full ports A to D, in whose outputs somebody has been before.
class Board {
 public:
  explicit Board(const Kind& kind) : state_(identity(kind), {{'A', 128}, {'B', 128}, {'C', 64}, {'D', 128}}) {
    say({"set b-003.TCPDataOutputEnabledHigh true", "set DIGITAL-OUT-04.TCPDataOutputEnabled true"});
  }
  void follow(const RhxPlan& plan) {
    say({"execute clearalldataoutputs"});
    say(plan.commands);
    for (const std::string& channel : plan.uploads) say({"execute uploadstimparameters " + channel});
  }
  [[nodiscard]] std::vector<std::string> columns() const {
    std::vector<std::string> names;
    for (const auto& column : state_.board.columns()) names.push_back(state_.board.column_name(column));
    return names;
  }
  [[nodiscard]] std::vector<std::string> spike_channels() const {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < state_.board.channels().size(); ++i) {
      if (state_.board.spike_channels()[i]) names.push_back(state_.board.channels()[i].name);
    }
    return names;
  }
  [[nodiscard]] std::string value(const std::string& channel, const std::string& item) {
    return find_item(state_.board.find(channel)->items, item)->value;
  }
  [[nodiscard]] const simulation::RhxState& state() const { return state_; }

 private:
  static simulation::RhxIdentity identity(const Kind& kind) {
    simulation::RhxIdentity identity;
    identity.type = kind.type;
    return identity;
  }
  void say(const std::vector<std::string>& commands) {
    for (const std::string& message : rhx_messages(commands)) {
      INFO(message);
      CHECK(rhx_.take(message, 0.0) == "Return: RunMode Stop");
    }
    REQUIRE_FALSE(state_.crashed);
  }

  simulation::RhxState state_;
  simulation::RhxCommands rhx_{state_};
};

/// A column as the board calls it.
std::string board_name(const ingest::RhxChannel& channel, RhxController controller) {
  using ingest::RhxSignal;
  const std::string native = ingest::rhx_native_name(channel, controller);
  switch (channel.signal) {
    case RhxSignal::kWide:
      return native + " WIDE";
    case RhxSignal::kLow:
      return native + " LOW";
    case RhxSignal::kHigh:
      return native + " HIGH";
    case RhxSignal::kDc:
      return native + " DC";
    case RhxSignal::kStim:
      return native + " STIM";
    case RhxSignal::kDigitalIn:
      return "DIGITAL-IN word";
    case RhxSignal::kDigitalOut:
      return "DIGITAL-OUT word";
    default:
      return native;
  }
}

std::vector<std::string> columns_of(const RhxPlan& plan, RhxController controller) {
  std::vector<std::string> names;
  for (const auto& channel : plan.columns) names.push_back(board_name(channel, controller));
  return names;
}

RhxSettings settings(const std::vector<std::string>& spikes, const std::vector<std::string>& signals) {
  RhxSettings all;
  all.name = "ephys";
  all.spike_channels = expand_rhx_channels(spikes);
  for (const std::string& signal : signals) all.reader.signals.push_back({0, signal, -1});
  return all;
}

/// No outputs, or those of a test.
struct Pulses {
  sockaddr_in nowhere{};
  CommandClient client{nowhere};
  test::TestHost host;
  RhxPulses pulses{client};
  void add(const std::string& name, const std::string& key, const std::string& channel, const std::string& confirm) {
    pulses.add({name, key, channel, confirm, 10.0}, host.host());
  }
};

}  // namespace

TEST_CASE("RHX plan: spikes, signals and digital inputs of each controller, as its board sends them") {
  for (const Kind& kind : kKinds) {
    INFO(kind.type);
    const bool rhs = kind.controller == RhxController::kStimRecord;
    RhxSettings wanted = settings({"A-010..A-012", "D-127", "A-000"}, {"B-001|LOW", "a-011", "A-011|HIGH"});
    for (const char* one : {"B-AUX3", "A-AUX1", "A-VDD1"}) {
      if (!rhs) wanted.reader.signals.push_back({0, one, -1});
    }
    for (const char* one : {"ANALOG-OUT-2", "B-000|DC", "A-010|DC"}) {
      if (rhs) wanted.reader.signals.push_back({0, one, -1});
    }
    wanted.reader.signals.push_back(
        {0, kind.controller == RhxController::kRecordUsb2 ? "ANALOG-IN-00" : "ANALOG-IN-1", -1});
    wanted.threshold_uv = -62.4;
    wanted.thresholds_uv = {{"D-127", 55.5}, {"A-011", 0.0}};
    Pulses none;
    const RhxPlan plan = make_rhx_plan(wanted, none.pulses, kind.controller);
    Board board(kind);
    board.follow(plan);
    CHECK(board.columns() == columns_of(plan, kind.controller));
    CHECK(board.spike_channels() == std::vector<std::string>{"A-000", "A-010", "A-011", "A-012", "D-127"});
    CHECK(board.value("A-000", "SpikeThresholdMicroVolts") == "-62");
    CHECK(board.value("A-011", "SpikeThresholdMicroVolts") == "-70");
    CHECK(board.value("D-127", "SpikeThresholdMicroVolts") == "56");
    CHECK(board.value("A-001", "SpikeThresholdMicroVolts") == "-70");
    CHECK(plan.uploads.empty());
    CHECK(plan.columns.size() == 8);
  }
}

TEST_CASE("RHX plan: nothing but spikes still sends frames, nothing at all has no columns") {
  for (const Kind& kind : kKinds) {
    RhxSettings wanted = settings({"A-000"}, {});
    wanted.digital_in = false;
    Pulses none;
    const RhxPlan plan = make_rhx_plan(wanted, none.pulses, kind.controller);
    CHECK(plan.columns.empty());
    Board board(kind);
    board.follow(plan);
    CHECK(board.columns().empty());
    CHECK(board.state().board.streams_anything());
    const RhxSettings digital = settings({}, {});
    const RhxPlan only_lines = make_rhx_plan(digital, none.pulses, kind.controller);
    board.follow(only_lines);
    CHECK(board.columns() == std::vector<std::string>{"DIGITAL-IN word"});
    CHECK(board.columns() == columns_of(only_lines, kind.controller));
    CHECK(only_lines.hash != plan.hash);
  }
}

TEST_CASE("RHX plan: any choice of channels has the board's columns") {
  std::mt19937 random(77);
  const auto pick = [&](std::size_t count) { return random() % count; };
  for (int round = 0; round < 200; ++round) {
    const Kind& kind = kKinds[pick(3)];
    const bool rhs = kind.controller == RhxController::kStimRecord,
               usb2 = kind.controller == RhxController::kRecordUsb2;
    RhxSettings wanted = settings({}, {});
    wanted.digital_in = pick(2) == 0;
    const std::size_t count = pick(40);
    for (std::size_t i = 0; i < count; ++i) {
      const std::string port(1, static_cast<char>('A' + pick(4)));
      std::string number = std::to_string(pick(64));
      number.insert(0, 3 - number.size(), '0');
      std::vector<std::string> choices = {port + "-" + number, port + "-" + number + "|LOW",
                                          port + "-" + number + "|HIGH"};
      const std::string input = std::to_string(pick(8) + (usb2 ? 0 : 1));
      choices.push_back(usb2 ? "ANALOG-IN-0" + input : "ANALOG-IN-" + input);
      choices.push_back(rhs ? port + "-" + number + "|DC" : port + "-AUX" + std::to_string(1 + pick(3)));
      choices.push_back(rhs ? "ANALOG-OUT-" + std::to_string(1 + pick(8)) : port + "-VDD1");
      wanted.reader.signals.push_back({static_cast<std::uint16_t>(i), choices[pick(choices.size())], -1});
    }
    Pulses outputs;
    if (rhs && pick(2) == 0) outputs.add("laser", "F1", "DIGITAL-OUT-03", "DIGITAL-OUT-03");
    if (rhs && pick(2) == 0) outputs.add("electrode", "F2", "", "B-005|STIM");
    const RhxPlan plan = make_rhx_plan(wanted, outputs.pulses, kind.controller);
    Board board(kind);
    board.follow(plan);
    CHECK(board.columns() == columns_of(plan, kind.controller));
    CHECK(plan.hash != 0);
  }
}

TEST_CASE("RHX plan: an output is set up, uploaded and shown") {
  const Kind& rhs = kKinds[2];
  Pulses outputs;
  outputs.add("laser", "F2", "digital-out-05", "DIGITAL-OUT-05");
  outputs.add("hand", "F8", "", "A-007|STIM");
  const RhxPlan plan = make_rhx_plan(settings({}, {}), outputs.pulses, rhs.controller);
  Board board(rhs);
  board.follow(plan);
  CHECK(board.value("DIGITAL-OUT-05", "StimEnabled") == "True");
  CHECK(board.value("DIGITAL-OUT-05", "Source") == "KeyPressF2");
  CHECK(board.value("DIGITAL-OUT-05", "TriggerEdgeOrLevel") == "Edge");
  CHECK(board.value("DIGITAL-OUT-05", "FirstPhaseDurationMicroseconds") == "10000");
  CHECK(board.value("DIGITAL-OUT-05", "PulseOrTrain") == "SinglePulse");
  CHECK(board.value("A-007", "StimEnabled") == "False");  // as the user set it up
  CHECK(board.state().uploaded == std::vector<std::string>{"DIGITAL-OUT-05"});
  CHECK(board.columns() == std::vector<std::string>{"A-007 STIM", "DIGITAL-IN word", "DIGITAL-OUT word"});
  for (const Kind& kind : {kKinds[0], kKinds[1]}) {
    CHECK_THROWS_WITH(make_rhx_plan(settings({}, {}), outputs.pulses, kind.controller),
                      Catch::Contains("\"laser\"") && Catch::Contains("no RHS controller"));
  }
}

TEST_CASE("RHX plan: what this controller lacks is told") {
  Pulses none;
  CHECK_THROWS_WITH(make_rhx_plan(settings({}, {"A-AUX1"}), none.pulses, RhxController::kStimRecord),
                    Catch::Contains("A-AUX1") && Catch::Contains("ANALOG-OUT-1"));
  CHECK_THROWS_WITH(make_rhx_plan(settings({}, {"A-001|DC"}), none.pulses, RhxController::kRecordUsb3),
                    Catch::Contains("A-001|DC"));
  CHECK_THROWS_WITH(make_rhx_plan(settings({}, {"ANALOG-IN-1"}), none.pulses, RhxController::kRecordUsb2),
                    Catch::Contains("ANALOG-IN-00"));
}

TEST_CASE("RHX plan: the hash tells every difference that RHX would see") {
  Pulses none, laser, other;
  laser.add("laser", "F1", "DIGITAL-OUT-01", "DIGITAL-OUT-01");
  other.add("laser", "F2", "DIGITAL-OUT-01", "DIGITAL-OUT-01");
  RhxSettings one = settings({"A-000"}, {}), threshold = one;
  threshold.threshold_uv = -61;
  const auto hash = [](const RhxSettings& wanted, const Pulses& outputs) {
    return make_rhx_plan(wanted, outputs.pulses, RhxController::kStimRecord).hash;
  };
  CHECK(hash(one, none) == hash(settings({"a-000"}, {}), none));
  const std::vector<std::uint64_t> all = {hash(one, none), hash(threshold, none), hash(settings({"A-001"}, {}), none),
                                          hash(one, laser), hash(one, other)};
  for (std::size_t i = 0; i < all.size(); ++i) CHECK(std::count(all.begin(), all.end(), all[i]) == 1);
}
