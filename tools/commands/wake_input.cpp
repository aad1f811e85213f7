#include "tools/commands/wake_input.hpp"

#include <cstdio>

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
  app.add_option(
      "--gyroscope", gyroscope,
      "CSV with t_s and gyro_rad_s or gyro_deg_s (about the vertical, counter-clockwise from above positive, "
      "the heading's clock): confirms that left is left, and a mirrored track is refused");
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

std::optional<HandednessCheck> WakeInput::check_gyroscope(const std::vector<HeadingSample>& tracked) const {
  if (gyroscope.empty()) return std::nullopt;
  const HandednessCheck check = compare_with_gyroscope(tracked, read_gyroscope_csv(gyroscope));
  char told[96];
  std::snprintf(told, sizeof told, "correlation %.2f over %zu windows in which the head turned", check.correlation,
                check.windows);
  if (check.mirrored()) {
    throw UsageError(heading + " is mirrored: it turns against the gyroscope of " + gyroscope + " (" + told +
                     "); state the image's axis with --image-y, or the gyroscope's sign is wrong");
  }
  if (!check.confirms()) {
    std::fprintf(stderr, "warning: the gyroscope of %s does not tell the side (%s): check clock and axis\n",
                 gyroscope.c_str(), told);
  }
  return check;
}

}  // namespace vturn::tools
