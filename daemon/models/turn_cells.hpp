#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "daemon/core/expected.hpp"
#include "daemon/core/types.hpp"

namespace vturn {

/// Collicular turn cells by the side whose turns they go with.
struct TurnCells {
  std::vector<UnitId> clockwise;
  std::vector<UnitId> counterclockwise;
};

/// CSV with header `unit,side`, side clockwise | counterclockwise. Errors name `file`, line and what is allowed.
Expected<TurnCells> turn_cells_from_csv(const std::string& text, const std::string& file);

/// The same CSV from the cells, clockwise ones first.
std::string turn_cells_to_csv(const TurnCells& cells);

/// One line for each side with fewer than `min_cells` cells, empty when there are enough.
std::vector<std::string> undetectable_sides(const TurnCells& cells, std::size_t min_cells);

}  // namespace vturn
