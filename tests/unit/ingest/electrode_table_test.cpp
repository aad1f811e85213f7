// Electrode names to channels and units, by pattern, by explicit names, by sorter, and at the table's bounds.
#include "daemon/ingest/electrode_table.hpp"

#include <catch2/catch.hpp>

using namespace vturn;
using ingest::ElectrodeTable;
using ingest::UnitMapSettings;

TEST_CASE("The default pattern maps Electrode 1 to unit 0; channels follow first appearance") {
  ElectrodeTable table;
  CHECK(table.find("Electrode 22", 0).unit == 21);
  CHECK(table.find("Electrode 1", 0).unit == 0);
  CHECK(table.find("Tetrode 1", 0).unit == kNoUnit);
  CHECK(table.find("Electrode 22", 0).channel == 0);
  CHECK(table.find("Electrode 1", 0).channel == 1);
  CHECK(table.find("Tetrode 1", 0).channel == 2);
  CHECK(table.electrodes() == 3);
}

TEST_CASE("Names that only resemble the pattern have no unit") {
  ElectrodeTable table({UnitMapSettings::From::kElectrode, "ch {} uV", 0, {}});
  CHECK(table.find("ch 0 uV", 0).unit == 0);
  CHECK(table.find("ch 1023 uV", 0).unit == 1023);
  for (const char* name :
       {"", "ch ", "ch  uV", "ch 1024 uV", "ch -1 uV", "ch 1x uV", "ch 99999999999 uV", "CH 1 uV", "ch 1"}) {
    CHECK(table.find(name, 0).unit == kNoUnit);
  }
}

TEST_CASE("A number below the first has no unit") {
  ElectrodeTable table({UnitMapSettings::From::kElectrode, "Electrode {}", 5, {}});
  CHECK(table.find("Electrode 4", 0).unit == kNoUnit);
  CHECK(table.find("Electrode 5", 0).unit == 0);
}

TEST_CASE("Explicit names count alone") {
  ElectrodeTable table(
      {UnitMapSettings::From::kElectrode, "Electrode {}", 1, {{"left", 3}, {"Electrode 9", 0}, {"bad", 5000}}});
  CHECK(table.find("left", 0).unit == 3);
  CHECK(table.find("Electrode 9", 0).unit == 0);
  CHECK(table.find("Electrode 1", 0).unit == kNoUnit);
  CHECK(table.find("bad", 0).unit == kNoUnit);
}

TEST_CASE("Behind a sorter, electrode and sorted id together name the unit; unsorted spikes have none") {
  ElectrodeTable table({UnitMapSettings::From::kSortedId, "", 1, {{"Tetrode 1/1", 4}, {"Tetrode 1/65535", 5}}});
  CHECK(table.find("Tetrode 1", 1).unit == 4);
  CHECK(table.find("Tetrode 1", 65535).unit == 5);
  CHECK(table.find("Tetrode 1", 0).unit == kNoUnit);
  CHECK(table.find("Tetrode 1", 2).unit == kNoUnit);
  CHECK(table.find("Tetrode 1", 2).channel == 0);
}

TEST_CASE("A full table and names too long are refused, known electrodes still found") {
  ElectrodeTable table;
  for (std::size_t i = 1; i <= ElectrodeTable::kMaxElectrodes; ++i) {
    REQUIRE(table.find("Electrode " + std::to_string(i), 0).channel == i - 1);
  }
  CHECK(table.find("Electrode 1025", 0).channel == ElectrodeTable::kNoChannel);
  CHECK(table.find("Electrode 1025", 0).unit == kNoUnit);
  CHECK(table.find("Electrode 1024", 0).unit == 1023);
  ElectrodeTable fresh;
  CHECK(fresh.find(std::string(65, 'x'), 0).channel == ElectrodeTable::kNoChannel);
  CHECK(fresh.find(std::string(64, 'x'), 0).channel == 0);
}
