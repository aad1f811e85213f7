#include "tools/lib/validation_json.hpp"

namespace vturn::tools {

Json validation_json(const HeadingValidation& validation) {
  Json windows = Json::array(), cells = Json::array();
  for (const WindowFigures& row : validation.windows)
    windows.push_back({{"window_ms", 1e3 * row.window_s}, {"median_deg", row.median_deg}, {"mean_deg", row.mean_deg}});
  for (const CellsFigures& row : validation.by_cells) {
    cells.push_back(
        {{"cells", row.cells}, {"median_deg", row.median_deg}, {"low_deg", row.low_deg}, {"high_deg", row.high_deg}});
  }
  return {{"block_median_deg", validation.block_median_deg},
          {"memoryless_windows", windows},
          {"best_memoryless_median_deg", json_number(validation.best_window().median_deg)},
          {"by_cells", cells}};
}

}  // namespace vturn::tools
