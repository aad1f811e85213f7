// The turn cells' CSV: written and read back, and refused line by line.
#include "daemon/models/turn_cells.hpp"

#include <catch2/catch.hpp>

using namespace vturn;

TEST_CASE("turn cells come back as they were written") {
  const TurnCells cells{{3, 40, 7}, {1}};
  const auto back = turn_cells_from_csv(turn_cells_to_csv(cells), "cells.csv");
  REQUIRE(back);
  CHECK(back->clockwise == cells.clockwise);
  CHECK(back->counterclockwise == cells.counterclockwise);
  const auto none = turn_cells_from_csv(turn_cells_to_csv({}), "cells.csv");
  REQUIRE(none);
  CHECK(none->clockwise.empty());
}

TEST_CASE("what is wrong in a turn cells' CSV is named with file and line") {
  const auto reason = [](const std::string& text) { return turn_cells_from_csv(text, "c.csv").error(); };
  CHECK(reason("cell,side\n1,clockwise\n").find("c.csv:1: ") == 0);
  CHECK(reason("unit,side\n1,clockwise\n1,counterclockwise\n") == "c.csv:3: unit 1 stands twice");
  CHECK(reason("unit,side\n1,left\n").find("c.csv:2: side is \"left\"") == 0);
  CHECK(reason("unit,side\nx,clockwise\n").find("c.csv:2: must be UNIT,SIDE") == 0);
}

TEST_CASE("a side with too few cells is named") {
  CHECK(undetectable_sides({{1, 2, 3, 4, 5}, {6, 7, 8, 9, 10}}, 5).empty());
  const auto lines = undetectable_sides({{1}, {}}, 5);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].find("clockwise population events are undetectable: 1 turn cell,") == 0);
  CHECK(lines[1].find("counter-clockwise") == 0);
}
