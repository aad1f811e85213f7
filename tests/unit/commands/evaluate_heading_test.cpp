// Calibration tried on what it has not seen, as the command line asks for it.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/unit/commands/registered.hpp"
#include "tests/unit/decode/ring.hpp"

using namespace vturn;
using namespace vturn::test;

namespace {

/// Two minutes of simulated wake as CSV; the second minute's units are swapped, so that nothing there can be decoded.
std::string wake_files(const ScratchDir& folder) {
  const Walk walk = walk_of(random_cells(10, 81), 120 * kDeg, 0.2, 120.0, 82);
  std::ostringstream spikes, heading;
  spikes << "unit,t_s\n";
  heading << "t_s,hd_rad\n";
  for (const SpikeSample& spike : walk.spikes) {
    const UnitId unit = seconds(spike.time_ns) < 60.0 ? spike.unit : (7 * spike.unit + 3) % 10;
    spikes << unit << ',' << seconds(spike.time_ns) + 1.0 << '\n';
  }
  for (const HeadingSample& row : walk.heading) {
    if (row.time_ns % (25 * kNsPerMs) == 0) heading << seconds(row.time_ns) + 1.0 << ',' << row.angle_rad << '\n';
  }
  write_file(folder / "spikes.csv", spikes.str());
  write_file(folder / "heading.csv", heading.str());
  return "--json --spikes " + (folder / "spikes.csv").string() + " --heading " + (folder / "heading.csv").string();
}

}  // namespace

TEST_CASE("--train-first decodes the rest with what the first part gave; --cross-validate tells of each part") {
  const ScratchDir folder;
  const std::string files = wake_files(folder);
  const auto figures = [&](const std::string& more) { return nlohmann::json::parse(printed("heading", files + more)); };
  const auto within = figures(" --train-first 0.25");
  CHECK(within.at("n_steps") > 3'000);
  const auto rest = figures(" --train-first 0.5");
  CHECK(rest.at("n_steps") > 2'000);
  CHECK(rest.at("n_steps") < within.at("n_steps"));
  CHECK(rest.at("median_abs_error_deg") > 30.0);
  CHECK(rest.at("median_abs_error_deg") > within.at("median_abs_error_deg"));
  const auto folds = figures(" --cross-validate 2");
  CHECK(folds.at("median_abs_error_deg") > 30.0);
  CHECK(folds.at("block_median_deg").size() == 2);
}
