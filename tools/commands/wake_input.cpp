#include "tools/commands/wake_input.hpp"

#include "tools/commands/registry.hpp"
#include "tools/lib/heading_csv.hpp"

namespace vturn::tools {

void WakeInput::add_to(CLI::App& app) {
  app.add_option("--spikes", spikes, "CSV with unit,t_s; or a recording with spikes (Intan folder, Open Ephys Binary)")
      ->required();
  app.add_option("--heading", heading, "CSV of tracked heading with t_s and hd_rad (or heading_deg, ...)")->required();
  auto* pulses = app.add_option("--heading-pulses", heading_pulses,
                                "CSV with t_s: rising edges of shared pulses on the heading's clock; without it the "
                                "heading's time 0 is the recording's first sample");
  auto* line = app.add_option("--pulse-line", pulse_line, "line of the recording that saw them, from 0")
                   ->check(CLI::Range(0, 255));
  pulses->needs(line);
  line->needs(pulses);
  recording.add_to(app);
  recording.add_units_to(app);
  app.add_option("--image-y", image_y, "direction of the tracker's y axis: down mirrors the angles")
      ->check(CLI::IsMember({"up", "down"}))
      ->capture_default_str();
}

WakeData WakeInput::read() const {
  WakeData data;
  data.heading = read_heading_csv(heading, image_y == "down");
  if (!recordings::is_recording(spikes)) {
    if (!heading_pulses.empty()) throw UsageError("--heading-pulses needs a recording as --spikes");
    data.spikes = read_spikes_csv(spikes);
    return data;
  }
  const auto opened = recordings::open_recording(spikes, recording.open);
  data.spikes = spikes_of(*opened, recording);
  if (!heading_pulses.empty()) align_heading(data.heading, heading_pulses, pulse_line, *opened);
  return data;
}

}  // namespace vturn::tools
