// The recorded animal's heading model, made once for the programs that play its capture; turn cells of the digital
// mouse.
#include <catch2/catch.hpp>
#include <cstdlib>

#include "tests/helpers/shared_data.hpp"
#include "tests/integration/daemon.hpp"

using namespace vturn::test;

TEST_CASE("the heading model of the recorded animal is calibrated from its calibration pair") {
  const auto spikes = shared_data("open-ephys/mouse28/calib_spikes.csv");
  const auto heading = shared_data("open-ephys/mouse28/calib_heading.csv");
  const char* out = std::getenv("VTURN_MOUSE28_MODEL");
  REQUIRE(out != nullptr);
  if (!spikes || !heading) return;
  std::filesystem::create_directories(std::filesystem::path(out).parent_path());
  std::filesystem::remove(out);
  const Json report = vturn_json({"calibrate", "heading", "--spikes", spikes->string(), "--heading", heading->string(),
                                  "--image-y", "up", "--out", out, "--json"});
  CHECK(report.at("n_units") == 32);
  CHECK(std::filesystem::exists(out));
}

TEST_CASE("turn cells of 15 minutes of wake; a side with two of them is called undetectable by all who are asked") {
  const ScratchDir folder;
  const auto wake = folder / "wake";
  const Finished made = run_vturn({"simulate", "--write-calibration", wake.string(), "--wake-minutes", "15",
                                   "--sleep-hours", "0", "--counterclockwise-cells", "2", "--seed", "2"});
  INFO(made.output);
  REQUIRE(made.code == 0);
  const auto cells = folder / "cells.csv";
  std::vector<std::string> calibrate{"calibrate", "turns",
                                     "--spikes",  (wake / "spikes.csv").string(),
                                     "--heading", (wake / "heading.csv").string(),
                                     "--out",     cells.string(),
                                     "--json"};
  const Json report = vturn_json(calibrate);
  CHECK(report.at("clockwise_cells") >= 14);
  CHECK(report.at("counterclockwise_cells") == 2);
  CHECK(report.at("units").size() == 57);
  REQUIRE(report.at("undetectable").size() == 1);

  Daemon daemon(folder, "two",
                open_ephys_source(free_address()) + "[population]\ncells = \"" + cells.string() + "\"\n");
  CHECK(daemon.output().find("counter-clockwise population events are undetectable: 2 turn cells") !=
        std::string::npos);
  const auto told = [](const Json& health) {
    return health.contains("undetectable_sides") && !health.at("undetectable_sides").empty();
  };
  const Json health = daemon.await(told, std::chrono::seconds(10));
  REQUIRE(told(health));
  CHECK(health.at("undetectable_sides") == Json::array({"DIRECTION_COUNTERCLOCKWISE"}));
  CHECK(daemon.shut_down() == 0);

  calibrate.insert(calibrate.end(), {"--units", "900"});
  std::filesystem::remove(cells);
  const Finished refused = run_vturn(calibrate);
  CHECK(refused.code == 2);
  CHECK(refused.output.find("no spikes of the units asked for") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(cells));
}
