// Sleep scored from raw signals through real sockets, on a night that calibration never saw, against the hypnogram.
// VTURN_SLEEP_HOURS=12 runs the longest built-in night whole (6 min and 1 GB); the default is a shortened one.
#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/integration/daemon.hpp"

using namespace vturn::test;
using namespace std::chrono_literals;

namespace {

/// Few cells and 2 kHz: the signals are the same as with many cells at 30 kHz, band-limited.
const std::vector<std::string> kLight{
    "--rate", "2000", "--cells", "1", "--clockwise-cells", "0", "--counterclockwise-cells", "0"};

std::vector<std::string> with_light(std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), kLight.begin(), kLight.end());
  return arguments;
}

double hours_of_night() {
  const char* hours = std::getenv("VTURN_SLEEP_HOURS");
  return hours == nullptr ? 0.0 : std::atof(hours);
}

std::filesystem::path calibrated(const ScratchDir& folder, double hours) {
  const auto calibration = folder / "calibration";
  const Finished lived =
      run_vturn(with_light({"simulate", "--write-calibration", calibration.string(), "--wake-minutes", "0.1",
                            "--sleep-hours", std::to_string(hours)}));  // of night 1
  INFO(lived.output);
  REQUIRE(lived.code == 0);
  const auto model = folder / "sleep.json";
  const Json report = vturn_json({"calibrate", "sleep", "--features", (calibration / "sleep_features.csv").string(),
                                  "--out", model.string(), "--json"});
  std::printf("sleep model: kappa %.3f expected\n", report.at("kappa").get<double>());
  return model;
}

std::string rig(const std::string& address, const std::filesystem::path& model, double speed) {
  return "[[source]]\nname = \"ephys\"\ntype = \"open_ephys\"\nhttp = \"\"\nsample_rate_hz = 2000\nclock = "
         "\"master\"\naddress = \"" +
         address + "\"\nspeed = " + std::to_string(speed) + "\n[sleep]\nmodel = \"" + model.string() +
         "\"\nchannels = { theta = \"ephys/LFP\", slow = \"ephys/LFP\", emg = \"ephys/EMG\", motion = [\"ephys/AUX1\", "
         "\"ephys/AUX2\", \"ephys/AUX3\"] }\n";
}

}  // namespace

TEST_CASE("a night of raw signals through the sockets is scored as its hypnogram says, REM within seconds") {
  const ScratchDir folder;
  const double hours = hours_of_night();
  const bool whole = hours > 0.0;
  const double speed = whole ? 120.0 : 60.0;
  const auto model = calibrated(folder, whole ? 4.0 : 1.75);
  const std::string address = free_address();
  Daemon daemon(folder, "night", rig(address, model, speed));
  std::vector<std::string> arguments{(bin_dir() / "vturn").string(),
                                     "simulate",
                                     "--as",
                                     "open-ephys",
                                     "--address",
                                     address,
                                     "--http",
                                     "",
                                     "--lfp-channels",
                                     "LFP,EMG,AUX1,AUX2,AUX3",
                                     "--speed",
                                     std::to_string(speed),
                                     "--follow",
                                     daemon.publish_address(),
                                     "--run-ahead-ms",
                                     "500",
                                     "--truth",
                                     (folder / "truth").string(),
                                     "--duration",
                                     std::to_string(whole ? 3600.0 * hours : 1500.0),
                                     "--recording",
                                     whole ? "3" : "0"};
  if (!whole) arguments.insert(arguments.end(), {"--compress", "240"});
  Process simulator(with_light(arguments), folder / "simulate.log");
  const auto code = simulator.wait(whole ? 3600s : 300s);
  INFO(simulator.output());
  REQUIRE(code == 0);
  const Json health = daemon.status();
  CHECK(counter(health.at("sources").at(0), "messages_lost") == 0);
  CHECK(daemon.shut_down() == 0);

  const auto csv = export_csv(daemon.session());
  const Json score = vturn_json({"evaluate", "sleep", "--decoded", (csv / "sleep.csv").string(), "--truth",
                                 (folder / "truth" / "states.csv").string(), "--json"});
  std::printf("through the sockets: %s\n", score.dump().c_str());
  CHECK(score.at("epochs").get<int>() > (whole ? 3000 * hours : 1400));
  CHECK(score.at("kappa").get<double>() >= 0.88);
  CHECK(score.at("rem_precision").get<double>() >= 0.85);
  CHECK(score.at("rem_bouts").get<int>() >= 3);
  CHECK(score.at("onset_latency_s").at("p90").get<double>() <= (whole ? 16.0 : 20.0));
  CHECK(score.at("false_alarms_per_hour").get<double>() <= (whole ? 1.5 : 5.0));
  CHECK(replay(daemon.session()).at("matches") == true);
}
