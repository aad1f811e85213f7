#include "tools/lib/turn_cell_test.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <string>

#include "daemon/calibrate/simulated_units.hpp"
#include "daemon/decode/calibration.hpp"
#include "daemon/decode/circle.hpp"

namespace vturn::tools {
namespace {

constexpr std::int64_t ns(double time_s) { return static_cast<std::int64_t>(time_s * 1e9); }

using SpikeTimes = std::map<UnitId, std::vector<SessionNs>>;

SpikeTimes times_by_unit(std::span<const SpikeSample> spikes, std::span<const UnitId> units) {
  SpikeTimes times;
  for (const SpikeSample& spike : spikes) {
    if (units.empty() || std::find(units.begin(), units.end(), spike.unit) != units.end()) {
      times[spike.unit].push_back(spike.time_ns);
    }
  }
  return times;
}

std::uint64_t count_within(const std::vector<SessionNs>& times, SessionNs begin_ns, SessionNs end_ns) {
  const auto first = std::lower_bound(times.begin(), times.end(), begin_ns);
  return static_cast<std::uint64_t>(std::lower_bound(first, times.end(), std::max(begin_ns, end_ns)) - first);
}

/// Turns whose windows lie within the time that there are spikes of.
std::vector<HeadTurn> usable(const HeadTurns& found, std::span<const SpikeSample> spikes, const TurnCellSettings& s) {
  std::vector<HeadTurn> turns;
  for (const HeadTurn& turn : found.turns) {
    if (turn.onset_ns - ns(s.before_s) < spikes.front().time_ns) continue;
    if (turn.onset_ns + ns(s.after_s) > spikes.back().time_ns) continue;
    turns.push_back(turn);
  }
  return turns;
}

/// Tracked time away from turns, cut to where there are spikes.
std::vector<Stretch> quiet_stretches(const HeadTurns& found, std::span<const SpikeSample> spikes,
                                     const TurnCellSettings& s) {
  std::vector<Stretch> quiet;
  auto turn = found.turns.begin();
  for (const Stretch& tracked : found.tracked) {
    SessionNs from_ns = std::max(tracked.begin_ns, spikes.front().time_ns);
    const SessionNs to_ns = std::min(tracked.end_ns, spikes.back().time_ns);
    for (; turn != found.turns.end() && turn->onset_ns <= tracked.end_ns; ++turn) {
      const SessionNs begin_ns = std::min(to_ns, turn->onset_ns - ns(s.before_s));
      if (begin_ns > from_ns) quiet.push_back({from_ns, begin_ns});
      from_ns = std::max({from_ns, turn->end_ns, turn->onset_ns + ns(s.after_s)});
    }
    if (to_ns > from_ns) quiet.push_back({from_ns, to_ns});
  }
  return quiet;
}

double rate_hz(const std::vector<SessionNs>& times, const std::vector<Stretch>& stretches) {
  std::uint64_t count = 0;
  double length_s = 0.0;
  for (const Stretch& stretch : stretches) {
    count += count_within(times, stretch.begin_ns, stretch.end_ns);
    length_s += seconds(stretch.end_ns - stretch.begin_ns);
  }
  return length_s > 0.0 ? static_cast<double>(count) / length_s : 0.0;
}

/// Directions of the turns (1 clockwise, 0 counter-clockwise), shifted within blocks.
class Arrangement {
 public:
  Arrangement(const std::vector<HeadTurn>& turns, const TurnCellSettings& settings) : random_(settings.seed) {
    for (const HeadTurn& turn : turns) actual_.push_back(turn.direction() == Direction::kClockwise ? 1 : 0);
    shifted_ = actual_;
    blocks_ = std::max<std::size_t>(1, turns.size() / settings.block_turns);
  }
  [[nodiscard]] const std::vector<std::uint32_t>& actual() const noexcept { return actual_; }
  const std::vector<std::uint32_t>& next() {
    for (std::size_t block = 0; block < blocks_; ++block) {
      const auto begin = static_cast<std::ptrdiff_t>(actual_.size() * block / blocks_);
      const auto end = static_cast<std::ptrdiff_t>(actual_.size() * (block + 1) / blocks_);
      const auto offset = static_cast<std::ptrdiff_t>(random_.uniform() * static_cast<double>(end - begin));
      std::rotate_copy(actual_.begin() + begin, actual_.begin() + begin + offset, actual_.begin() + end,
                       shifted_.begin() + begin);
    }
    return shifted_;
  }

 private:
  calibrate::Random random_;
  std::size_t blocks_ = 1;
  std::vector<std::uint32_t> actual_, shifted_;
};

/// What one unit fires around each turn beyond what its heading tuning expects, and how the sum of it over clockwise
/// turns ranks among the arrangements.
struct Remainders {
  std::vector<double> around;
  double clockwise = 0.0;
  std::uint64_t at_least = 0;
  std::uint64_t at_most = 0;

  [[nodiscard]] double sum_over(const std::vector<std::uint32_t>& chosen) const {
    return std::inner_product(around.begin(), around.end(), chosen.begin(), 0.0);
  }
  void compare(const std::vector<std::uint32_t>& shifted) {
    constexpr double kRounding = 1e-9;  // of sums of the same numbers in another order
    const double sum = sum_over(shifted);
    at_least += sum >= clockwise - kRounding ? 1 : 0;
    at_most += sum <= clockwise + kRounding ? 1 : 0;
  }
  [[nodiscard]] double p(std::size_t arrangements) const {
    const double tail = static_cast<double>(std::min(at_least, at_most) + 1) / static_cast<double>(arrangements + 1);
    return std::min(1.0, 2.0 * tail);
  }
};

/// The headings within each turn's window: how long in which bin of the tuning curves.
class Headings {
 public:
  Headings(std::span<const HeadingSample> heading, const std::vector<HeadTurn>& turns, const TurnCellSettings& s) {
    const auto before = [](const HeadingSample& row, SessionNs time_ns) { return row.time_ns < time_ns; };
    for (const HeadTurn& turn : turns) {
      auto& stays = stays_.emplace_back();
      const SessionNs end_ns = turn.onset_ns + ns(s.after_s);
      auto row = std::lower_bound(heading.begin(), heading.end(), turn.onset_ns - ns(s.before_s), before);
      for (; row != heading.end() && row->time_ns < end_ns; ++row) {
        const SessionNs next_ns = row + 1 == heading.end() ? end_ns : std::min(end_ns, (row + 1)->time_ns);
        stays.push_back({circle::nearest_bin(static_cast<double>(row->angle_rad)),
                         std::min(seconds(next_ns - row->time_ns), kLongestStayS)});
      }
    }
  }
  [[nodiscard]] double expected_spikes(std::size_t turn, const HeadingTuning& rate_hz) const {
    double spikes = 0.0;
    for (const Stay& stay : stays_[turn]) spikes += static_cast<double>(rate_hz[stay.bin]) * stay.length_s;
    return spikes;
  }

 private:
  static constexpr double kLongestStayS = 0.1;  // tracking lost
  struct Stay {
    std::size_t bin;
    double length_s;
  };
  std::vector<std::vector<Stay>> stays_;
};

std::map<UnitId, HeadingTuning> tuning_of(std::span<const SpikeSample> spikes, std::span<const HeadingSample> heading) {
  CalibrationSettings settings;
  settings.rate_floor_hz = 0.0;
  std::map<UnitId, HeadingTuning> tuning;
  for (const HeadingUnit& unit : fit_tuning(spikes, heading, settings, 0.0).units) tuning[unit.unit] = unit.rate_hz;
  return tuning;
}

void correct_by_holm(std::vector<TurnCell>& cells) {
  std::vector<TurnCell*> tested;
  for (TurnCell& cell : cells) {
    if (cell.tested) tested.push_back(&cell);
  }
  std::stable_sort(tested.begin(), tested.end(), [](const TurnCell* a, const TurnCell* b) { return a->p < b->p; });
  double largest = 0.0;
  for (std::size_t i = 0; i < tested.size(); ++i) {
    largest = std::max(largest, std::min(1.0, static_cast<double>(tested.size() - i) * tested[i]->p));
    tested[i]->corrected_p = largest;
  }
}

Direction side_of(const TurnCell& cell, const TurnCellTest& test, const TurnCellSettings& settings) {
  if (!cell.tested || cell.corrected_p > settings.alpha) return Direction::kNone;
  const bool clockwise = cell.clockwise_hz > cell.counterclockwise_hz;
  const double preferred_hz = clockwise ? cell.clockwise_hz : cell.counterclockwise_hz;
  const auto turns = static_cast<double>(clockwise ? test.clockwise_turns : test.counterclockwise_turns);
  const double error_hz = std::sqrt(preferred_hz / (settings.before_s + settings.after_s) / turns);
  if (preferred_hz <= cell.baseline_hz + 2.0 * error_hz) return Direction::kNone;
  return clockwise ? Direction::kClockwise : Direction::kCounterclockwise;
}

std::string refusal(const TurnCellTest& test, const TurnCellSettings& settings) {
  if (std::min(test.clockwise_turns, test.counterclockwise_turns) >= settings.min_turns) return "";
  return "too few head turns during which there are spikes: " + std::to_string(test.clockwise_turns) + " clockwise, " +
         std::to_string(test.counterclockwise_turns) + " counter-clockwise; at least " +
         std::to_string(settings.min_turns) + " of each are needed: record more wake, on one clock (t_s, seconds)";
}

/// One unit's spikes around the turns.
TurnCell measure(const std::vector<SessionNs>& times, const std::vector<HeadTurn>& turns, const TurnCellTest& test,
                 const TurnCellSettings& settings, std::vector<double>& around) {
  TurnCell cell;
  std::uint64_t clockwise = 0;
  for (const HeadTurn& turn : turns) {
    const std::uint64_t count =
        count_within(times, turn.onset_ns - ns(settings.before_s), turn.onset_ns + ns(settings.after_s));
    around.push_back(static_cast<double>(count));
    cell.spikes += count;
    clockwise += turn.direction() == Direction::kClockwise ? count : 0;
  }
  cell.tested = cell.spikes >= settings.min_spikes;
  const double window_s = settings.before_s + settings.after_s;
  cell.clockwise_hz = static_cast<double>(clockwise) / window_s / static_cast<double>(test.clockwise_turns);
  cell.counterclockwise_hz =
      static_cast<double>(cell.spikes - clockwise) / window_s / static_cast<double>(test.counterclockwise_turns);
  return cell;
}

/// Ranks each unit tested among the arrangements; false when stopped.
bool rank(TurnCellTest& test, std::vector<Remainders>& remainders, Arrangement& arrangement,
          const TurnCellSettings& settings, const std::function<bool(double)>& progress) {
  // So many that the smallest p there can be passes the correction with room to spare.
  const double needed = 8.0 * static_cast<double>(test.cells.size()) / settings.alpha;
  const std::size_t total = std::max(settings.arrangements, static_cast<std::size_t>(needed));
  for (std::size_t i = 0; i < total; ++i) {
    const auto& shifted = arrangement.next();
    for (std::size_t unit = 0; unit < remainders.size(); ++unit) {
      if (test.cells[unit].tested) remainders[unit].compare(shifted);
    }
    if (progress && i % 64 == 0 && !progress(static_cast<double>(i) / static_cast<double>(total))) return false;
  }
  for (std::size_t unit = 0; unit < remainders.size(); ++unit) {
    if (test.cells[unit].tested) test.cells[unit].p = remainders[unit].p(total);
  }
  return true;
}

}  // namespace

Expected<TurnCellTest> test_turn_cells(std::span<const SpikeSample> spikes, std::span<const HeadingSample> heading,
                                       const HeadTurns& found, std::span<const UnitId> units,
                                       const TurnCellSettings& settings, const std::function<bool(double)>& progress) {
  const SpikeTimes times = times_by_unit(spikes, units);
  if (times.empty()) return Error{"no spikes of the units asked for"};
  if (found.tracked.empty()) return Error{"the heading is nowhere tracked for longer than one row"};
  if (found.fastest_deg_s == 0.0) return Error{"the tracked heading does not move: is the tracker dead?"};
  const auto turns = usable(found, spikes, settings);
  Arrangement arrangement(turns, settings);
  TurnCellTest test;
  test.tracked_s = found.tracked_s;
  for (const std::uint32_t clockwise : arrangement.actual()) {
    ++(clockwise != 0 ? test.clockwise_turns : test.counterclockwise_turns);
  }
  if (std::string reason = refusal(test, settings); !reason.empty()) return Error{std::move(reason)};
  const auto quiet = quiet_stretches(found, spikes, settings);
  const auto tuning = tuning_of(spikes, heading);
  const Headings headings(heading, turns, settings);
  std::vector<Remainders> remainders;
  for (const auto& [unit, when] : times) {
    Remainders& remainder = remainders.emplace_back();
    TurnCell& cell = test.cells.emplace_back(measure(when, turns, test, settings, remainder.around));
    cell.unit = unit;
    cell.baseline_hz = rate_hz(when, quiet);
    if (const auto tuned = tuning.find(unit); tuned != tuning.end()) {
      for (std::size_t i = 0; i < turns.size(); ++i) {
        remainder.around[i] -= headings.expected_spikes(i, tuned->second);
      }
    }
    remainder.clockwise = remainder.sum_over(arrangement.actual());
  }
  if (!rank(test, remainders, arrangement, settings, progress)) return Error{"stopped"};
  correct_by_holm(test.cells);
  for (TurnCell& cell : test.cells) cell.side = side_of(cell, test, settings);
  return test;
}

}  // namespace vturn::tools
