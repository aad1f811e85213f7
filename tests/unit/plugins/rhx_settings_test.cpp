// The configuration of an intan_rhx source and its outputs: what is taken, and that each mistake gets one line that
// names the instance, the key and what was expected.
#include <arpa/inet.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "plugins/intan_rhx/settings.hpp"
#include "tests/unit/plugins/test_host.hpp"

using namespace vturn;
using namespace vturn::plugins;
using nlohmann::json;

namespace {

/// As the daemon hands it over, with one key changed.
json config(const json& changed = json::object()) {
  json all = {{"name", "ephys"},
              {"index", 0},
              {"type", "intan_rhx"},
              {"master", true},
              {"clock", "master"},
              {"address", ""},
              {"speed", 1.0},
              {"units", {{"from", "electrode"}, {"pattern", "Electrode {}"}, {"first", 1}, {"map", json::object()}}},
              {"spike_channels", json::array({"A-000..A-003", "B-010"})},
              {"threshold_uv", -60.0},
              {"thresholds_uv", json::object()},
              {"run", "join"},
              {"digital_in", true},
              {"keep_sockets", false},
              {"signals", json::array()},
              {"motion_signals", json::array()}};
  all.update(changed);
  return all;
}

RhxSettings settings(const json& changed = json::object()) {
  return parse_rhx_settings(config(changed).dump().c_str());
}

std::string refusal(const json& changed) {
  try {
    settings(changed);
  } catch (const std::exception& problem) {
    return problem.what();
  }
  return "";
}

/// One line that says which instance, which key, and what it should be.
void check_refusal(const json& changed, const std::string& key, const std::string& expected) {
  const std::string text = refusal(changed);
  INFO(changed << " -> \"" << text << "\"");
  CHECK_FALSE(text.empty());
  CHECK(text.find('\n') == std::string::npos);
  CHECK(text.starts_with("\"ephys\": " + key));
  CHECK(text.find(expected) != std::string::npos);
}

json signal(const std::string& channel) { return json::array({{{"index", 0}, {"channel", channel}}}); }

}  // namespace

TEST_CASE("RHX settings: the least that is needed, and all of it") {
  const RhxSettings least = parse_rhx_settings(R"({"name": "ephys"})");
  CHECK(least.address == "127.0.0.1:5000");
  CHECK(ntohs(least.commands.sin_port) == 5000);
  CHECK(least.run == RhxRun::kJoin);
  CHECK(least.digital_in);
  CHECK(least.keep_sockets);
  CHECK(least.reader.master);
  CHECK_FALSE(least.reader.carries_spikes);

  const RhxSettings all = settings({{"address", "127.0.0.2:5010"},
                                    {"thresholds_uv", {{"A-002", -80}, {"b-010", 55}}},
                                    {"run", "record"},
                                    {"digital_in", false},
                                    {"master", false},
                                    {"clock", "ttl:3"},
                                    {"signals", signal("A-AUX1")},
                                    {"motion_signals", json::array({0})}});
  CHECK(all.spike_channels == std::vector<std::string>{"A-000", "A-001", "A-002", "A-003", "B-010"});
  CHECK(all.threshold_uv == -60.0);
  CHECK(all.thresholds_uv == std::map<std::string, double>{{"A-002", -80.0}, {"B-010", 55.0}});
  CHECK(all.run == RhxRun::kRecord);
  CHECK_FALSE(all.digital_in);
  CHECK_FALSE(all.keep_sockets);
  CHECK_FALSE(all.reader.master);
  CHECK(all.reader.carries_spikes);
  CHECK(all.reader.carries_motion);
}

TEST_CASE("RHX settings: every bad key is one clear line") {
  check_refusal({{"address", "localhost:5000"}}, "address", "RHX's command port");
  check_refusal({{"address", "127.0.0.1"}}, "address", "127.0.0.1:5000");
  check_refusal({{"address", 5000}}, "address = 5000", "text");
  check_refusal({{"spike_channels", json::array({"C"})}}, "spike_channels", "A-000..A-031");
  check_refusal({{"spike_channels", json::array({"A-000", 4})}}, "spike_channels = 4", "channel names in quotes");
  check_refusal({{"spike_channels", 4}}, "spike_channels = 4", "channel names in quotes");
  check_refusal({{"spike_channels", json::array({"A-000|LOW"})}}, "spike_channels", "an amplifier channel");
  check_refusal({{"spike_channels", json::array({"A-AUX1"})}}, "spike_channels", "an amplifier channel");
  check_refusal({{"spike_channels", json::array({"A-128"})}}, "spike_channels", "A-128");
  check_refusal({{"threshold_uv", 5001}}, "threshold_uv = 5001", "-5000");
  check_refusal({{"threshold_uv", "low"}}, "threshold_uv", "microvolts");
  check_refusal({{"threshold_uv", -0.07}}, "threshold_uv = -0.07", "microvolts");
  check_refusal({{"thresholds_uv", {{"A-009", -60}}}}, "thresholds_uv", "channels of spike_channels");
  check_refusal({{"thresholds_uv", {{"A-001", "low"}}}}, "thresholds_uv.A-001", "-5000");
  check_refusal({{"thresholds_uv", {{"A-001", -6000}}}}, "thresholds_uv.A-001 = -6000", "-5000");
  check_refusal({{"thresholds_uv", {{"A-001", -0.05}}}}, "thresholds_uv.A-001", "microvolts");
  check_refusal({{"thresholds_uv", json::array({-60})}}, "thresholds_uv", "channels of spike_channels");
  check_refusal({{"thresholds_uv", -60}}, "thresholds_uv", "channels of spike_channels");
  check_refusal({{"run", "start"}}, "run = \"start\"", "join, run or record");
  check_refusal({{"digital_in", 1}}, "digital_in = 1", "true or false");
  check_refusal({{"keep_sockets", "no"}}, "keep_sockets", "true or false");
  check_refusal({{"speed", 0}}, "speed = 0", "a number from");
  check_refusal({{"master", false}, {"clock", "ttl:x"}}, "", "ttl");
}

TEST_CASE("RHX settings: signals are voltages of some controller, by name") {
  for (const char* name : {"A-010", "a-010|low", "H-127|HIGH", "A-AUX1", "ANALOG-IN-1", "ANALOG-IN-00", "A-001|DC",
                           "ANALOG-OUT-8", "A-VDD1"}) {
    INFO(name);
    CHECK(refusal({{"signals", signal(name)}}).empty());
  }
  for (const char* name : {"A-010|SPK", "A-001|STIM", "DIGITAL-IN-01", "DIGITAL-OUT-01"})
    check_refusal({{"signals", signal(name)}}, "signals = \"" + std::string(name), "a voltage such as A-010");
  check_refusal({{"signals", signal("I-000")}}, "signals = \"I-000\"", "ports A to H");
  check_refusal({{"signals", signal("#4")}}, "signals = \"#4\"", "a voltage such as A-010");
  check_refusal({{"signals", json::array({{{"index", 0}}})}}, "signals", "channel");
}

TEST_CASE("RHX settings: ranges") {
  using Names = std::vector<std::string>;
  CHECK(expand_rhx_channels({}).empty());
  CHECK(expand_rhx_channels({"B-127", "a-007..a-008"}) == Names{"B-127", "A-007", "A-008"});
  CHECK(expand_rhx_channels({"A-000..A-127"}).size() == 128);
  CHECK(expand_rhx_channels({"A-005..A-005"}) == Names{"A-005"});
  Names everything;
  for (char port = 'A'; port <= 'H'; ++port)
    everything.push_back(std::string(1, port) + "-000.." + std::string(1, port) + "-127");
  CHECK(expand_rhx_channels(everything).size() == 1024);
  for (const Names& bad :
       {Names{"A-003..A-001"}, Names{"A-000..B-003"}, Names{"A-000..A-128"}, Names{"A-000.."}, Names{"..A-003"},
        Names{"A-000..A-003..A-005"}, Names{"A-000...A-003"}, Names{""}, Names{"A-000..A-003", "A-002"},
        Names{"A-001", "a-001"}, Names{"A-000..A-004|LOW"}, Names{"A-000 .. A-003"}}) {
    INFO(bad.front());
    CHECK_THROWS_AS(expand_rhx_channels(bad), std::invalid_argument);
  }
}

TEST_CASE("RHX settings: units by order, by pattern and by map") {
  const auto unit_of = [](const json& changed, const char* channel) {
    ingest::ElectrodeTable table(settings(changed).reader.units);
    return table.find(channel, 0).unit;
  };
  const json by_order = json::object();
  CHECK(unit_of(by_order, "A-000") == 0);
  CHECK(unit_of(by_order, "B-010") == 4);
  CHECK(unit_of(by_order, "A-004") == kNoUnit);
  const json by_pattern = {
      {"units", {{"from", "electrode"}, {"pattern", "A-{}"}, {"first", 2}, {"map", json::object()}}}};
  CHECK(unit_of(by_pattern, "A-003") == 1);
  CHECK(unit_of(by_pattern, "A-000") == kNoUnit);
  CHECK(unit_of(by_pattern, "B-010") == kNoUnit);
  const json by_map = {
      {"units", {{"from", "electrode"}, {"pattern", "Electrode {}"}, {"first", 1}, {"map", {{"B-010", 7}}}}}};
  CHECK(unit_of(by_map, "B-010") == 7);
  CHECK(unit_of(by_map, "A-000") == kNoUnit);
  check_refusal({{"units", {{"from", "sorted_id"}}}}, "units.from", "RHX sends threshold crossings");
  check_refusal({{"units", {{"from", "electrode"}, {"pattern", 5}}}}, "units", "pattern");
}

TEST_CASE("RHX settings: an output names its source, its key, its channel and what confirms it") {
  const vturn_plugin& plugin = test::load("intan_rhx");
  test::TestHost host;
  std::array<char, 512> error{};
  void* source = plugin.source->create(&host.host(), config().dump().c_str(), error.data(), error.size());
  REQUIRE(source != nullptr);
  const json laser = {
      {"name", "laser"}, {"pulse_ms", 10.0}, {"key", "F1"}, {"channel", "DIGITAL-OUT-01"}, {"confirm", ""}};
  std::vector<void*> outputs;
  const auto refused = [&](const json& changed, void* of) {
    json all = laser;
    all.update(changed);
    error = {};
    void* output = plugin.output->create(&host.host(), all.dump().c_str(), of, error.data(), error.size());
    if (output != nullptr) outputs.push_back(output);
    return std::string(error.data());
  };
  CHECK(refused(json::object(), nullptr) ==
        "\"laser\": source = \"\": expected the name of the [[source]] of type \"intan_rhx\"");
  CHECK(refused({{"key", "F9"}}, source) == "\"laser\": key = \"F9\": expected F1 .. F8");
  CHECK(refused({{"key", "f1"}}, source).find("F1 .. F8") != std::string::npos);
  CHECK(refused({{"channel", "A-000"}}, source).find("\"laser\": ") == 0);
  CHECK(refused({{"channel", "A-000|STIM"}}, source)
            .find("\"laser\": channel = \"A-000|STIM\": expected DIGITAL-OUT-nn") == 0);
  CHECK(refused({{"channel", ""}}, source).find("\"laser\": confirm = \"\"") == 0);
  CHECK(refused({{"channel", ""}, {"confirm", "DIGITAL-IN-01"}}, source).find("shows no pulse") != std::string::npos);
  CHECK(refused({{"pulse_ms", 101.0}}, source).find("\"laser\": pulse_ms") == 0);
  CHECK(refused({{"pulse_ms", 0.0}}, source).find("\"laser\": pulse_ms") == 0);
  CHECK(outputs.empty());
  CHECK(refused({{"pulse_ms", 100.0}}, source).empty());
  CHECK(refused({{"name", "second"}, {"key", "F2"}}, source).find("that of output \"laser\"") != std::string::npos);
  CHECK(refused({{"name", "second"}, {"key", "F2"}, {"channel", "digital-out-01"}}, source).find("\"laser\"") !=
        std::string::npos);
  CHECK(refused({{"name", "second"}, {"channel", "DIGITAL-OUT-02"}}, source).find("\"laser\"") != std::string::npos);
  CHECK(refused({{"key", "F2"}, {"channel", "DIGITAL-OUT-01"}, {"confirm", "DIGITAL-OUT-09"}}, source)
            .find("\"laser\"") != std::string::npos);
  json electrode = {{"name", "electrode"}, {"key", "F3"}, {"channel", ""}, {"confirm", "A-005|STIM"}};
  electrode["pulse_ms"] = 100.1;
  CHECK(refused(electrode, source).find("RHX cannot end a stimulus before it is over") != std::string::npos);
  electrode["pulse_ms"] = 100.0;
  CHECK(refused(electrode, source).empty());
  CHECK(outputs.size() == 2);
  for (void* output : outputs) plugin.output->destroy(output);
  plugin.source->destroy(source);
}
