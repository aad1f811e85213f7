#include "daemon/models/turn_cells.hpp"

#include <charconv>
#include <set>
#include <sstream>

namespace vturn {
namespace {

std::string at(const std::string& file, std::size_t line) { return file + ":" + std::to_string(line) + ": "; }

std::string without_return(std::string line) {
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return line;
}

}  // namespace

Expected<TurnCells> turn_cells_from_csv(const std::string& text, const std::string& file) {
  std::istringstream stream(text);
  std::string line;
  std::getline(stream, line);
  if (without_return(line) != "unit,side") return Error{at(file, 1) + "the header must be \"unit,side\""};
  TurnCells cells;
  std::set<UnitId> seen;
  for (std::size_t number = 2; std::getline(stream, line); ++number) {
    line = without_return(line);
    if (line.empty()) continue;
    const std::size_t comma = line.find(',');
    UnitId unit = kNoUnit;
    const char* end = line.data() + (comma == std::string::npos ? line.size() : comma);
    const auto parsed = std::from_chars(line.data(), end, unit);
    if (comma == std::string::npos || parsed.ec != std::errc{} || parsed.ptr != end || unit >= kMaxUnits) {
      return Error{at(file, number) + "must be UNIT,SIDE with a unit 0 .. " + std::to_string(kMaxUnits - 1)};
    }
    if (!seen.insert(unit).second) return Error{at(file, number) + "unit " + std::to_string(unit) + " stands twice"};
    const std::string side = line.substr(comma + 1);
    if (side == "clockwise")
      cells.clockwise.push_back(unit);
    else if (side == "counterclockwise")
      cells.counterclockwise.push_back(unit);
    else
      return Error{at(file, number) + "side is \"" + side + "\"; allowed: clockwise | counterclockwise"};
  }
  return cells;
}

std::string turn_cells_to_csv(const TurnCells& cells) {
  std::string text = "unit,side\n";
  for (const UnitId unit : cells.clockwise) text += std::to_string(unit) + ",clockwise\n";
  for (const UnitId unit : cells.counterclockwise) text += std::to_string(unit) + ",counterclockwise\n";
  return text;
}

std::vector<std::string> undetectable_sides(const TurnCells& cells, std::size_t min_cells) {
  std::vector<std::string> lines;
  const auto check = [&](const char* side, std::size_t count) {
    if (count >= min_cells) return;
    lines.push_back(std::string(side) + " population events are undetectable: " + std::to_string(count) +
                    (count == 1 ? " turn cell" : " turn cells") + ", and fewer than " + std::to_string(min_cells) +
                    " hardly rise above chance");
  };
  check("clockwise", cells.clockwise.size());
  check("counter-clockwise", cells.counterclockwise.size());
  return lines;
}

}  // namespace vturn
