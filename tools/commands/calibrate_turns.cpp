#include <algorithm>
#include <cstdio>
#include <memory>

#include "daemon/models/turn_cells.hpp"
#include "tools/commands/registry.hpp"
#include "tools/commands/wake_input.hpp"
#include "tools/lib/atomic_file.hpp"
#include "tools/lib/interrupt.hpp"
#include "tools/lib/json_out.hpp"
#include "tools/lib/progress.hpp"
#include "tools/lib/turn_cell_test.hpp"

// `vturn calibrate turns`: which units of the superior colliculus fire for turns of the head to one side.

namespace vturn::tools {
namespace {

constexpr std::size_t kMinCells = 5;  // of a side, as the daemon asks for unless its rig file says otherwise

struct Options {
  WakeInput input;
  std::string out;
  std::vector<UnitId> units;
  bool json = false;
  HeadTurnSettings turns;
  TurnCellSettings cells;
  double before_ms = 200.0, after_ms = 200.0;
};

/// Heading turns of wake only. The stretches are found interval by interval: a turn does not reach from one into the
/// next.
HeadTurns turns_of(const std::vector<HeadingSample>& heading, const Options& options) {
  if (options.input.wake.empty()) return find_head_turns(heading, options.turns);
  HeadTurns all;
  for (const Stretch& wake : read_intervals(options.input.wake)) {
    const auto before = [](const HeadingSample& row, SessionNs time_ns) { return row.time_ns < time_ns; };
    const auto first = std::lower_bound(heading.begin(), heading.end(), wake.begin_ns, before);
    const auto last = std::lower_bound(first, heading.end(), wake.end_ns, before);
    const HeadTurns found = find_head_turns({first, last}, options.turns);
    all.turns.insert(all.turns.end(), found.turns.begin(), found.turns.end());
    all.tracked.insert(all.tracked.end(), found.tracked.begin(), found.tracked.end());
    all.tracked_s += found.tracked_s;
    all.fastest_deg_s = std::max(all.fastest_deg_s, found.fastest_deg_s);
  }
  return all;
}

TurnCellTest tested(const Options& options) {
  const WakeData data = options.input.read();
  static_cast<void>(options.input.check_gyroscope(data));  // refuses a mirrored track
  const HeadTurns turns = turns_of(data.heading, options);
  Progress progress("shifting turn directions", 1000);
  auto test = test_turn_cells(data.spikes, data.heading, turns, options.units, options.cells, [&](double share) {
    progress.update(static_cast<std::uint64_t>(share * 1000.0));
    return !interrupted();
  });
  throw_if_interrupted();
  if (!test) throw UsageError(options.input.spikes + " with " + options.input.heading + ": " + test.error());
  return std::move(*test);
}

TurnCells chosen(const TurnCellTest& test) {
  TurnCells cells;
  for (const TurnCell& cell : test.cells) {
    if (cell.side == Direction::kClockwise) cells.clockwise.push_back(cell.unit);
    if (cell.side == Direction::kCounterclockwise) cells.counterclockwise.push_back(cell.unit);
  }
  return cells;
}

const char* name_of(Direction side) {
  if (side == Direction::kNone) return "none";
  return side == Direction::kClockwise ? "clockwise" : "counterclockwise";
}

Json units_of(const TurnCellTest& test) {
  Json units = Json::array();
  for (const TurnCell& cell : test.cells) {
    units.push_back({{"unit", cell.unit},
                     {"side", name_of(cell.side)},
                     {"tested", cell.tested},
                     {"spikes_around_turns", cell.spikes},
                     {"baseline_hz", cell.baseline_hz},
                     {"clockwise_hz", cell.clockwise_hz},
                     {"counterclockwise_hz", cell.counterclockwise_hz},
                     {"difference_hz", cell.clockwise_hz - cell.counterclockwise_hz},
                     {"p", cell.p},
                     {"corrected_p", cell.corrected_p}});
  }
  return units;
}

Json report(const TurnCellTest& test, const TurnCells& cells, const Options& options) {
  Json result{{"cells", options.out},
              {"clockwise_cells", cells.clockwise.size()},
              {"counterclockwise_cells", cells.counterclockwise.size()},
              {"undetectable", undetectable_sides(cells, kMinCells)},
              {"clockwise_turns", test.clockwise_turns},
              {"counterclockwise_turns", test.counterclockwise_turns},
              {"tracked_s", test.tracked_s},
              {"alpha", options.cells.alpha}};
  result["units"] = units_of(test);
  return result;
}

int calibrate(const Options& options) {
  const InterruptScope scope;
  const TurnCellTest test = tested(options);
  const TurnCells cells = chosen(test);
  const auto undetectable = undetectable_sides(cells, kMinCells);
  write_file_atomically(options.out, turn_cells_to_csv(cells));
  if (options.json) print_json(report(test, cells, options));
  if (!options.json) {
    std::printf("%s: %zu clockwise and %zu counter-clockwise turn cells of %zu units, by %llu + %llu head turns\n",
                options.out.c_str(), cells.clockwise.size(), cells.counterclockwise.size(), test.cells.size(),
                static_cast<unsigned long long>(test.clockwise_turns),
                static_cast<unsigned long long>(test.counterclockwise_turns));
  }
  for (const std::string& line : undetectable) std::fprintf(stderr, "warning: %s\n", line.c_str());
  return 0;
}

Run configure(CLI::App& app) {
  auto options = std::make_shared<Options>();
  options->input.add_to(app);
  app.add_option("--out", options->out, "file to write: CSV unit,side (clockwise | counterclockwise)")->required();
  app.add_flag("--json", options->json, "result as one JSON object on stdout");
  app.add_option("--units", options->units, "test these units only, such as those of the colliculus: 40,41,42")
      ->delimiter(',')
      ->check(CLI::Range(UnitId{0}, static_cast<UnitId>(kMaxUnits - 1)));
  app.add_option("--min-angle-deg", options->turns.min_angle_deg, "smallest head turn that counts")
      ->check(CLI::Range(5.0, 360.0))
      ->capture_default_str();
  app.add_option("--before-ms", options->before_ms, "spikes are counted from this long before a turn's onset")
      ->check(CLI::Range(0.0, 1000.0))
      ->capture_default_str();
  app.add_option("--after-ms", options->after_ms, "until this long after it")
      ->check(CLI::Range(1.0, 1000.0))
      ->capture_default_str();
  app.add_option("--alpha", options->cells.alpha, "chance that any unit is chosen by luck")
      ->check(CLI::Range(1e-4, 0.5))
      ->capture_default_str();
  return [options] {
    options->cells.before_s = options->before_ms * 1e-3;
    options->cells.after_s = options->after_ms * 1e-3;
    return calibrate(*options);
  };
}

const Registration registration({"calibrate", "turns", "find the turn cells of the colliculus by the head's turns",
                                 configure});

}  // namespace
}  // namespace vturn::tools
