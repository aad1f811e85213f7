// The rig file's keys of Intan RHX: taken, and each mistake named with file, line, key and what is allowed.
#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <vector>

#include "daemon/settings/settings.hpp"

using vturn::settings::parse_rig;

namespace {

const std::string kSource = R"([[source]]
name = "ephys"
type = "intan_rhx"
clock = "master"
)";
const std::string kOutput = R"([[output]]
name = "laser"
type = "intan_rhx"
)";

std::string error_of(const std::string& text) {
  const auto rig = parse_rig(text, "rig.toml");
  return rig ? "" : rig.error();
}

void check_error(const std::string& text, const std::vector<std::string>& parts) {
  const std::string error = error_of(text);
  INFO("\"" << error << "\"");
  CHECK(error.find('\n') == std::string::npos);
  for (const std::string& part : parts) {
    INFO("should mention \"" << part << "\"");
    CHECK(error.find(part) != std::string::npos);
  }
}

}  // namespace

TEST_CASE("RHX in the rig file: what is not said is as documented") {
  const auto rig = parse_rig(kSource + kOutput + "source = \"ephys\"\n", "rig.toml");
  REQUIRE(rig);
  const auto& rhx = rig->sources.at(0).rhx;
  CHECK(rhx.spike_channels.empty());
  CHECK(rhx.threshold_uv == 0.0);
  CHECK(rhx.thresholds_uv.empty());
  CHECK(rhx.run == "join");
  CHECK(rhx.digital_in);
  CHECK(rhx.keep_sockets);
  const auto& output = rig->outputs.at(0);
  CHECK(output.source == "ephys");
  CHECK(output.key == "F1");
  CHECK(output.channel.empty());
  CHECK(output.confirm.empty());
}

TEST_CASE("RHX in the rig file: every key is taken") {
  const auto rig = parse_rig(kSource + R"(spike_channels = ["A-000..A-031", "B-004"]
threshold_uv = -62.5
thresholds_uv = { "A-003" = -80, "B-004" = 55.0 }
run = "record"
digital_in = false
keep_sockets = false
)" + kOutput + R"(source = "ephys"
key = "F8"
channel = "DIGITAL-OUT-02"
confirm = "A-010|STIM"
pulse_ms = 5
)",
                             "rig.toml");
  REQUIRE(rig);
  const auto& rhx = rig->sources.at(0).rhx;
  CHECK(rhx.spike_channels == std::vector<std::string>{"A-000..A-031", "B-004"});
  CHECK(rhx.threshold_uv == -62.5);
  CHECK(rhx.thresholds_uv == std::map<std::string, double>{{"A-003", -80.0}, {"B-004", 55.0}});
  CHECK(rhx.run == "record");
  CHECK_FALSE(rhx.digital_in);
  CHECK_FALSE(rhx.keep_sockets);
  const auto& output = rig->outputs.at(0);
  CHECK(output.key == "F8");
  CHECK(output.channel == "DIGITAL-OUT-02");
  CHECK(output.confirm == "A-010|STIM");
}

TEST_CASE("RHX in the rig file: mistakes of the source") {
  check_error(kSource + "spike_channels = \"A-000\"\n", {"rig.toml:5", "source.spike_channels", "list"});
  check_error(kSource + "spike_channels = [\n\"A-000\",\n4]\n", {"rig.toml:7", "source.spike_channels", "in quotes"});
  check_error(kSource + "threshold_uv = -6000\n", {"rig.toml:5", "source.threshold_uv", "-5000 .. 5000"});
  check_error(kSource + "threshold_uv = \"low\"\n", {"rig.toml:5", "source.threshold_uv", "number"});
  check_error(kSource + "threshold_uv = nan\n", {"rig.toml:5", "source.threshold_uv"});
  check_error(kSource + "thresholds_uv = { \"A-003\" = 5001 }\n",
              {"rig.toml:5", "source.thresholds_uv.A-003", "-5000 .. 5000"});
  check_error(kSource + "thresholds_uv = { \"A-003\" = \"low\" }\n", {"rig.toml:5", "source.thresholds_uv.A-003"});
  check_error(kSource + "thresholds_uv = [-60]\n", {"rig.toml:5", "source.thresholds_uv"});
  check_error(kSource + "run = \"start\"\n", {"rig.toml:5", "source.run", "join | run | record"});
  check_error(kSource + "digital_in = 1\n", {"rig.toml:5", "source.digital_in", "true or false"});
  check_error(kSource + "keep_sockets = \"yes\"\n", {"rig.toml:5", "source.keep_sockets", "true or false"});
  check_error(kSource + "keep_socket = true\n", {"rig.toml:5", "source.keep_socket", "not a key"});
}

TEST_CASE("RHX in the rig file: mistakes of the output") {
  check_error(kSource + kOutput + "key = \"F9\"\n", {"rig.toml:8", "output.key", "F1 | F2"});
  check_error(kSource + kOutput + "key = 1\n", {"rig.toml:8", "output.key"});
  check_error(kSource + kOutput + "channel = 1\n", {"rig.toml:8", "output.channel", "text"});
  check_error(kSource + kOutput + "confirm = []\n", {"rig.toml:8", "output.confirm", "text"});
  check_error(kSource + kOutput + "source = \"ephis\"\n", {"rig.toml", "ephis", "laser", "[[source]]", "intan_rhx"});
  check_error(kSource + "[[output]]\nname = \"laser\"\ntype = \"udp\"\nsource = \"ephys\"\n",
              {"\"ephys\"", "laser", "type = \"udp\""});
}
