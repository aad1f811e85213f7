#include "tools/simulation/calibration.hpp"

#include <algorithm>
#include <cmath>

#include "daemon/models/turn_cells.hpp"
#include "tools/lib/atomic_file.hpp"
#include "tools/lib/csv.hpp"
#include "tools/lib/interrupt.hpp"
#include "tools/lib/progress.hpp"
#include "tools/simulation/front_end.hpp"
#include "tools/simulation/mouse.hpp"

namespace vturn::simulation {
namespace {

constexpr std::size_t kBlockSamples = 300;
constexpr SessionNs kRowNs = kNsPerS;

void write_turn_cells(const std::filesystem::path& file, const Mouse& mouse) {
  TurnCells cells;
  auto unit = static_cast<UnitId>(mouse.cells().heading_cells().size());
  for (const TurnCell& cell : mouse.cells().turn_cells()) {
    (cell.side == Direction::kClockwise ? cells.clockwise : cells.counterclockwise).push_back(unit++);
  }
  tools::write_file_atomically(file, turn_cells_to_csv(cells));
}

std::uint64_t write_wake(const std::filesystem::path& folder, const CalibrationSettings& settings) {
  Mouse mouse(settings.mouse, Hypnogram({{SleepState::kWake, 0.0, settings.wake_minutes * 60.0 + 1.0, false}}));
  tools::AtomicFile spike_file(folder / "spikes.csv"), heading_file(folder / "heading.csv");
  tools::CsvWriter spikes(spike_file.stream(), {"unit", "t_s"}), headings(heading_file.stream(), {"t_s", "hd_rad"});
  std::uint64_t count = 0;
  while (mouse.time_s() < settings.wake_minutes * 60.0) {
    tools::throw_if_interrupted();
    const Block& block = mouse.step(kBlockSamples, false);
    for (const auto& spike : block.spikes) spikes.integer(spike.unit).real(spike.time_s, 6).end_row();
    for (const auto& row : block.tracked) headings.real(row.time_s, 4).real(row.heading_rad, 5).end_row();
    count += block.spikes.size();
  }
  spike_file.commit();
  heading_file.commit();
  write_turn_cells(folder / "turn_cells.csv", mouse);
  return count;
}

void write_row(tools::CsvWriter& csv, const FeatureFrame& frame, SleepState stage) {
  csv.real(seconds(frame.time_ns - kRowNs), 1);
  for (std::size_t i = 0; i < kPowerFeatures; ++i) {
    const auto feature = static_cast<SleepFeature>(i);
    const double power = frame.has(feature) ? std::exp(static_cast<double>(frame.value(feature))) : 0.0;
    csv.real(power, 9);
  }
  csv.text(std::string(1, stage_letter(stage))).integer(frame.artefact ? 1 : 0).end_row();
}

std::uint64_t write_sleep(const std::filesystem::path& folder, const CalibrationSettings& settings,
                          const Hypnogram& night) {
  MouseSettings asleep = settings.mouse;
  asleep.life += 1;
  Mouse mouse(asleep, night);
  HypnogramWalk scorer(night);
  FrontEnd front_end(asleep.rate_hz);
  tools::AtomicFile file(folder / "sleep_features.csv");
  tools::CsvWriter csv(file.stream(),
                       {"t_s", "delta", "theta", "sigma", "beta", "gamma", "emg", "motion", "stage", "artefact"});
  const double duration_s = settings.sleep_hours * 3600.0;
  tools::Progress progress("scored sleep, seconds", static_cast<std::uint64_t>(duration_s));
  std::uint64_t rows = 0;
  while (mouse.time_s() < duration_s) {
    tools::throw_if_interrupted();
    const Block& block = mouse.step(kBlockSamples);
    front_end.add(block, [&](const FeatureFrame& frame) {
      if (frame.time_ns % kRowNs != 0) return;
      scorer.advance(seconds(frame.time_ns - kRowNs / 2));
      write_row(csv, frame, scorer.stage());
      ++rows;
    });
    progress.update(static_cast<std::uint64_t>(mouse.time_s()));
  }
  file.commit();
  return rows;
}

}  // namespace

tools::Json write_calibration(const std::filesystem::path& folder, const CalibrationSettings& settings,
                              const Hypnogram& night) {
  const tools::InterruptScope interrupt;
  std::filesystem::create_directories(folder);
  const auto spikes = write_wake(folder, settings);
  const auto rows = settings.sleep_hours > 0.0 ? write_sleep(folder, settings, night) : 0;
  return {{"folder", folder.string()}, {"units", settings.mouse.units()},     {"wake_minutes", settings.wake_minutes},
          {"spikes", spikes},          {"sleep_hours", settings.sleep_hours}, {"sleep_rows", rows}};
}

}  // namespace vturn::simulation
