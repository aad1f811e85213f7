#include "tools/lib/heading_picture.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "daemon/core/angle.hpp"
#include "tools/lib/svg.hpp"

namespace vturn::tools {
namespace {

using svg::Frame;
using svg::label;
using svg::Line;

constexpr double kDegPerRad = 180.0 / kPi;
constexpr double kWidth = 1200.0, kMargin = 40.0;
constexpr double kTraceS = 60.0;
constexpr std::size_t kColumns = 8;
constexpr double kCell = 140.0, kCellHeight = 90.0;

std::string tuning_curve(const HeadingUnit& unit, std::size_t index, double top) {
  const double peak_hz = static_cast<double>(*std::max_element(unit.rate_hz.begin(), unit.rate_hz.end()));
  const std::size_t line_of_cells = index / kColumns;
  const Frame frame{kMargin + kCell * static_cast<double>(index % kColumns),
                    top + kCellHeight * static_cast<double>(line_of_cells),
                    kCell - 12.0,
                    kCellHeight - 30.0,
                    0.0,
                    360.0,
                    0.0,
                    std::max(peak_hz, 1e-3)};
  Line line("#1565c0");
  for (std::size_t bin = 0; bin < kHeadingAngles; ++bin) {
    line.to(frame.at_x(360.0 * static_cast<double>(bin) / kHeadingAngles),
            frame.at_y(static_cast<double>(unit.rate_hz[bin])), true);
  }
  return frame.border() + line.finished() +
         label(frame.x, frame.y + frame.height + 12.0, format("unit %u, %.1f Hz", unit.unit, peak_hz), 10);
}

std::string angle_line(const Frame& frame, const std::vector<HeldOutRow>& rows, double from_s, const char* colour,
                       float HeldOutRow::*field) {
  Line line(colour);
  double last_deg = 0.0;
  for (const HeldOutRow& row : rows) {
    const double at_s = seconds(row.time_ns) - from_s;
    if (at_s < 0.0 || at_s > kTraceS) continue;
    const double deg = static_cast<double>(row.*field) * kDegPerRad;
    line.to(frame.at_x(at_s), frame.at_y(deg), std::fabs(deg - last_deg) < 180.0);
    last_deg = deg;
  }
  return line.finished();
}

std::string trace(const HeadingValidation& validation, double top) {
  if (validation.rows.empty()) return "";
  // The middle of the recording: the beginning is when animals are placed.
  const double from_s = seconds(validation.rows[validation.rows.size() / 2].time_ns);
  const Frame frame{kMargin, top + 20.0, kWidth - 2.0 * kMargin, 160.0, 0.0, kTraceS, 0.0, 360.0};
  return label(kMargin, top + 12.0,
               format("Held-out heading, %.0f s from %.1f s on: tracked (black), decoded (red), degrees", kTraceS,
                      from_s)) +
         frame.border() + angle_line(frame, validation.rows, from_s, "#000", &HeldOutRow::tracked_rad) +
         angle_line(frame, validation.rows, from_s, "#d32f2f", &HeldOutRow::decoded_rad);
}

std::string errors(const HeadingValidation& validation, double top) {
  constexpr std::size_t kBins = 36;
  std::array<double, kBins> share{};
  for (const HeldOutRow& row : validation.rows) {
    const double error_deg =
        std::fabs(angle_difference(static_cast<double>(row.decoded_rad), static_cast<double>(row.tracked_rad))) *
        kDegPerRad;
    share[std::min(kBins - 1, static_cast<std::size_t>(error_deg / 2.5))] +=
        1.0 / static_cast<double>(validation.rows.size());
  }
  const Frame frame{kMargin, top + 20.0, 500.0, 140.0, 0.0, 90.0, 0.0, *std::max_element(share.begin(), share.end())};
  std::string text = label(kMargin, top + 12.0, "Absolute error on held-out rows, 0 to 90 degrees (last bin: beyond)") +
                     frame.border();
  for (std::size_t bin = 0; bin < kBins; ++bin) {
    const double y = frame.at_y(share[bin]);
    text += format("<rect x='%.1f' y='%.1f' width='12' height='%.1f' fill='#d32f2f'/>\n",
                   frame.at_x(2.5 * static_cast<double>(bin)), y, frame.y + frame.height - y);
  }
  return text;
}

std::string by_cells(const HeadingValidation& validation, double top) {
  if (validation.by_cells.empty()) return "";
  double highest = 0.0;
  for (const CellsFigures& row : validation.by_cells) highest = std::max(highest, row.high_deg);
  const double most = static_cast<double>(validation.by_cells.back().cells) * 1.1;
  const Frame frame{640.0, top + 20.0, 500.0, 140.0, 0.0, most, 0.0, highest * 1.1};
  std::string text = label(640.0, top + 12.0, "Median error by number of cells, degrees") + frame.border();
  for (const CellsFigures& row : validation.by_cells) {
    const double x = frame.at_x(static_cast<double>(row.cells));
    text += format("<line x1='%.1f' x2='%.1f' y1='%.1f' y2='%.1f' stroke='#666'/>\n", x, x, frame.at_y(row.low_deg),
                   frame.at_y(row.high_deg)) +
            format("<circle cx='%.1f' cy='%.1f' r='4' fill='#1565c0'/>\n", x, frame.at_y(row.median_deg)) +
            label(x + 6.0, frame.at_y(row.median_deg), format("%zu: %.1f", row.cells, row.median_deg), 10);
  }
  return text;
}

}  // namespace

std::string heading_picture(const HeadingModel& model, const HeadingValidation& validation, const std::string& title) {
  const std::size_t lines = (model.units.size() + kColumns - 1) / kColumns;
  const double below = 70.0 + kCellHeight * static_cast<double>(lines);
  std::string text = svg::head(kWidth, below + 400.0) + label(kMargin, 26.0, title, 16) +
                     label(kMargin, 48.0,
                           format("%zu units; blocks left out decode with a median error of %.1f degrees (mean %.1f); "
                                  "best memoryless window %.1f",
                                  model.units.size(), model.cross_validated.median_abs_error_deg,
                                  model.cross_validated.mean_abs_error_deg, validation.best_window().median_deg));
  for (std::size_t i = 0; i < model.units.size(); ++i) text += tuning_curve(model.units[i], i, 60.0);
  return text + trace(validation, below) + errors(validation, below + 200.0) + by_cells(validation, below + 200.0) +
         "</svg>\n";
}

}  // namespace vturn::tools
