// The digital mouse's turn cells, found from what a lab holds: spikes and a tracker's frames of wake.
#include "daemon/models/turn_cells.hpp"

#include <catch2/catch.hpp>
#include <vector>

#include "tools/lib/turn_cell_test.hpp"
#include "tools/simulation/mouse.hpp"

using namespace vturn;
using namespace vturn::simulation;

namespace {

struct Wake {
  std::vector<SpikeSample> spikes;
  std::vector<HeadingSample> heading;
};

Wake wake_of(const MouseSettings& settings, double minutes) {
  Mouse mouse(settings, Hypnogram({{SleepState::kWake, 0.0, minutes * 60.0 + 10.0, false}}));
  const auto ns = [](double time_s) { return static_cast<SessionNs>(time_s * 1e9); };
  Wake wake;
  for (int tenth = 0; tenth < static_cast<int>(minutes * 600.0); ++tenth) {
    const Block& block = mouse.step(3000, false);
    for (const auto& spike : block.spikes) wake.spikes.push_back({ns(spike.time_s), spike.unit});
    for (const auto& row : block.tracked) {
      wake.heading.push_back({ns(row.time_s), static_cast<float>(row.heading_rad)});
    }
  }
  return wake;
}

TurnCells cells_of(const MouseSettings& settings, double minutes, std::size_t& wrong) {
  const Wake wake = wake_of(settings, minutes);
  const auto test = tools::test_turn_cells(wake.spikes, wake.heading, tools::find_head_turns(wake.heading, {}), {}, {});
  REQUIRE(test);
  TurnCells cells;
  for (const auto& cell : test->cells) {
    if (cell.side == Direction::kNone) continue;
    const std::size_t turn_cell = cell.unit - settings.heading_cells;
    const bool is_clockwise = turn_cell < settings.clockwise_cells;
    const bool right = cell.unit >= settings.heading_cells && (cell.side == Direction::kClockwise) == is_clockwise;
    wrong += right ? 0 : 1;
    (cell.side == Direction::kClockwise ? cells.clockwise : cells.counterclockwise).push_back(cell.unit);
  }
  return cells;
}

}  // namespace

TEST_CASE("15 minutes of wake give the digital mouse's turn cells with their sides, and no other cell") {
  std::size_t found = 0, wrong = 0, there = 0;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    MouseSettings settings;
    settings.seed = seed;
    const TurnCells cells = cells_of(settings, 15.0, wrong);
    found += cells.clockwise.size() + cells.counterclockwise.size();
    there += settings.clockwise_cells + settings.counterclockwise_cells;
    CHECK(undetectable_sides(cells, 5).empty());
  }
  CHECK(static_cast<double>(found - wrong) >= 0.9 * static_cast<double>(there));
  // Luck may choose one of 200 head-direction cells; a turn cell on the wrong side would be another matter.
  CHECK(wrong <= 1);
}

TEST_CASE("of 15 cells one way and 2 the other, the small side is called undetectable") {
  MouseSettings settings;
  settings.seed = 2;
  settings.counterclockwise_cells = 2;
  std::size_t wrong = 0;
  const TurnCells cells = cells_of(settings, 15.0, wrong);
  CHECK(cells.clockwise.size() >= 14);
  CHECK(cells.counterclockwise.size() == 2);
  const auto lines = undetectable_sides(cells, 5);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].find("counter-clockwise population events are undetectable: 2 turn cells") == 0);
}
