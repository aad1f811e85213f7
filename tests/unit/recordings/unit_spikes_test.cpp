#include "tools/recordings/unit_spikes.hpp"

#include <catch2/catch.hpp>
#include <numeric>

#include "tests/unit/recordings/intan_writer.hpp"
#include "tests/unit/recordings/open_ephys_writer.hpp"

using namespace vturn::recordings;
using namespace vturn::test;
using Catch::Matchers::Contains;
using vturn::ingest::UnitMapSettings;

namespace {

MadeOpenEphys made_open_ephys() {
  MadeOpenEphys made;
  made.sample_numbers.resize(50);
  std::iota(made.sample_numbers.begin(), made.sample_numbers.end(), 100);
  return made;
}

void write_intan(const TemporaryFolder& folder) {
  const MadeIntan made;
  write_per_type(folder, made, 1);
  folder.write("spike.dat", spike_file({"A-000", "A-001", "B-000"},
                                       {{"A-001", 30}, {"B-000", 31}, {"A-000", 60, 0x80}, {"A-000", 90}}, false));
}

}  // namespace

TEST_CASE("electrodes become units as in a rig file that says nothing of them") {
  TemporaryFolder folder;
  write_open_ephys(folder, "r", made_open_ephys());
  auto recording = open_recording(folder.path());
  const auto units = spikes_by_unit(*recording, default_units(recording->info()));
  REQUIRE(units.spikes.size() == 3);
  CHECK(units.spikes[0].unit == 0);
  CHECK(units.spikes[1].unit == 1);
  CHECK(units.spikes[0].time_ns == 166667);  // sample 105 of a recording that begins with sample 100, at 30 kHz
  CHECK(units.spikes[2].time_ns == 1033333);
}

TEST_CASE("sorted ids become units as the rig file maps them") {
  TemporaryFolder folder;
  write_open_ephys(folder, "r", made_open_ephys());
  auto recording = open_recording(folder.path());
  UnitMapSettings settings;
  settings.from = UnitMapSettings::From::kSortedId;
  settings.map = {{"Electrode 1/1", 9}, {"Electrode 2/2", 4}};
  const auto units = spikes_by_unit(*recording, settings);
  REQUIRE(units.spikes.size() == 2);
  CHECK((units.spikes[0].unit == 4 && units.spikes[1].unit == 9));
  CHECK(units.unmapped == 1);
}

TEST_CASE("RHX's artefacts and channels without a unit are left out and counted") {
  TemporaryFolder folder;
  write_intan(folder);
  auto recording = open_recording(folder.path());
  const auto units = spikes_by_unit(*recording, default_units(recording->info()));
  REQUIRE(units.spikes.size() == 2);
  CHECK((units.spikes[0].unit == 1 && units.spikes[0].time_ns == 1'000'000));
  CHECK((units.spikes[1].unit == 0 && units.spikes[1].time_ns == 3'000'000));
  CHECK(units.artefacts == 1);
  CHECK(units.unmapped == 1);
  CHECK(units.unmapped_electrode == "B-000");
  UnitMapSettings other;
  other.pattern = "C-{}";
  CHECK_THROWS_WITH(spikes_by_unit(*recording, other), Contains("none of its 3 spikes") && Contains("--pattern"));
}

TEST_CASE("a recording without spikes says how to save them") {
  TemporaryFolder folder;
  folder.write("m.rhd", intan_file({}));
  auto recording = open_recording(folder.path());
  CHECK_THROWS_WITH(spikes_by_unit(*recording, {}), Contains("holds no spikes") && Contains("Save Spike Data"));
}

TEST_CASE("pulses of a line in seconds") {
  TemporaryFolder folder;
  write_open_ephys(folder, "r", made_open_ephys());
  auto recording = open_recording(folder.path());
  const auto pulses = pulses_on_line(*recording, 2);
  REQUIRE(pulses.size() == 1);
  CHECK(pulses[0] == Approx(12.0 / 30000.0));
  CHECK_THROWS_WITH(pulses_on_line(*recording, 7), Contains("no pulse on line 7"));
}
