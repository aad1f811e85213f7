// The recorded animal's heading model, made once for the programs that play its capture.
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
