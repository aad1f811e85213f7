#pragma once

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

}  // namespace vturn
