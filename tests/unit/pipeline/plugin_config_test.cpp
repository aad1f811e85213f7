// From the rig file to a plugin's settings: what the daemon hands over is what the plugin reads.
#include "daemon/pipeline/plugin_config.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "daemon/settings/settings.hpp"
#include "plugins/intan_rhx/settings.hpp"

using namespace vturn;

namespace {

settings::Rig rig(const std::string& more) {
  auto parsed = settings::parse_rig(R"([[source]]
name = "ephys"
type = "intan_rhx"
clock = "master"
)" + more,
                                    "rig.toml");
  if (!parsed) FAIL(parsed.error());
  return *parsed;
}

plugins::RhxSettings rhx_settings(const settings::Rig& rig) {
  return plugins::parse_rhx_settings(source_config_json(rig, 0).c_str());
}

}  // namespace

TEST_CASE("plugin configuration: the least that a rig file says about RHX is enough for its plugin") {
  const auto settings = rhx_settings(rig(""));
  CHECK(settings.name == "ephys");
  CHECK(settings.address == "127.0.0.1:5000");
  CHECK(settings.spike_channels.empty());
  CHECK(settings.run == plugins::RhxRun::kJoin);
  CHECK(settings.keep_sockets);
}

TEST_CASE("plugin configuration: every key of RHX arrives") {
  const auto parsed = rig(R"(address = "127.0.0.1:5010"
spike_channels = ["A-000..A-003"]
threshold_uv = -62.5
thresholds_uv = { "A-003" = -80 }
run = "record"
digital_in = false
keep_sockets = false
[units]
map = { "A-001" = 5 }
[sleep]
channels = { theta = "ephys/B-000|LOW", slow = "ephys/B-001|LOW", emg = "", motion = ["ephys/A-AUX1"] }
[[output]]
name = "laser"
type = "intan_rhx"
source = "ephys"
key = "F3"
channel = "DIGITAL-OUT-02"
confirm = "A-001|STIM"
pulse_ms = 5
)");
  const auto settings = rhx_settings(parsed);
  CHECK(settings.address == "127.0.0.1:5010");
  CHECK(settings.spike_channels.size() == 4);
  CHECK(settings.threshold_uv == -62.5);
  CHECK(settings.thresholds_uv.at("A-003") == -80.0);
  CHECK(settings.run == plugins::RhxRun::kRecord);
  CHECK_FALSE(settings.digital_in);
  CHECK_FALSE(settings.keep_sockets);
  CHECK(settings.reader.units.map.at("A-001") == 5);
  CHECK(settings.reader.carries_motion);
  std::vector<std::string> signals;
  for (const auto& signal : settings.reader.signals) signals.push_back(signal.channel_name);
  CHECK(signals == std::vector<std::string>{"B-000|LOW", "B-001|LOW", "A-AUX1"});
  const auto output = nlohmann::json::parse(output_config_json(parsed, 0));
  CHECK(output.at("source") == "ephys");
  CHECK(output.at("key") == "F3");
  CHECK(output.at("channel") == "DIGITAL-OUT-02");
  CHECK(output.at("confirm") == "A-001|STIM");
  CHECK(output.at("pulse_ms") == 5.0);
}
