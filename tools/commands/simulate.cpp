#include <optional>
#include <tuple>

#include "tools/commands/registry.hpp"
#include "tools/commands/simulated_program.hpp"
#include "tools/lib/json_out.hpp"
#include "tools/simulation/calibration.hpp"
#include "tools/simulation/live_run.hpp"

namespace vturn::tools {
namespace {

using simulation::Hypnogram;
using simulation::TtxSide;

struct SimulateOptions {
  simulation::LiveSettings live;
  SimulatedProgram program;
  std::string speed = "1";
  std::optional<double> run_ahead_ms;
  std::string hypnogram;
  std::size_t recording = 0;
  double compress_s = 0.0;
  double lead_wake_s = 0.0;
  std::string ttx;
  std::string stall;
  std::string calibration_folder;
  double wake_minutes = 15.0, sleep_hours = 2.0;
  bool no_wait = false, json = false;
};

Hypnogram choose_hypnogram(const SimulateOptions& o, std::size_t shipped) {
  auto night = Hypnogram::shipped(shipped);
  if (!o.hypnogram.empty()) {
    auto loaded = Hypnogram::load(o.hypnogram);
    if (!loaded) throw UsageError("--hypnogram: " + loaded.error());
    night = *loaded;
  }
  if (o.compress_s > 0.0) night = night.compressed(o.compress_s);
  return o.lead_wake_s > 0.0 ? night.after_wake(o.lead_wake_s) : night;
}

void add_mouse_options(CLI::App& app, SimulateOptions& o) {
  auto& m = o.live.mouse;
  app.add_option("--seed", m.seed, "the animal")->capture_default_str();
  app.add_option("--cells", m.heading_cells, "head-direction cells")->check(CLI::Range(1, 512))->capture_default_str();
  app.add_option("--clockwise-cells", m.clockwise_cells, "collicular cells for clockwise turns")
      ->check(CLI::Range(0, 200))
      ->capture_default_str();
  app.add_option("--counterclockwise-cells", m.counterclockwise_cells, "and for counter-clockwise ones")
      ->check(CLI::Range(0, 200))
      ->capture_default_str();
  app.add_option("--ttx", o.ttx, "silence this superior colliculus: left (the recorded one) or right")
      ->check(CLI::IsMember({"left", "right"}));
  app.add_option("--ttx-at", m.ttx_from_s, "session second from which TTX acts")->capture_default_str();
  app.add_option("--hypnogram", o.hypnogram, "file of the night: t_s,stage rows, or run lengths such as N48 R9")
      ->check(CLI::ExistingFile);
  app.add_option("--recording", o.recording, "built-in hypnogram, 0-3")->check(CLI::Range(0, 3))->capture_default_str();
  app.add_option("--compress", o.compress_s, "cut what lies between two REM bouts to so many seconds")
      ->check(CLI::Range(0.0, 86400.0));
  app.add_option("--lead-wake", o.lead_wake_s, "seconds of wake before the night")->check(CLI::Range(0.0, 86400.0));
}

void add_live_options(CLI::App& app, SimulateOptions& o) {
  auto& s = o.live;
  o.program.add_to(app);
  app.add_option("--rate", s.mouse.rate_hz, "samples a second")
      ->check(CLI::Range(1000.0, 100000.0))
      ->capture_default_str();
  app.add_option("--duration", s.duration_s, "session seconds; 0 = the whole night")->check(CLI::Range(0.0, 1e7));
  app.add_option("--tracking", s.tracking, "HOST:PORT to send the tracked heading to (wake, 40 Hz, UDP)");
  app.add_option("--stimulation", s.stimulation, "HOST:PORT to hear vturnd's UDP pulses on");
  app.add_option("--device-latency-ms", s.device_latency_ms, "from a pulse's session time to its effect")
      ->check(CLI::Range(0.0, 10000.0))
      ->capture_default_str();
  app.add_option("--speed", o.speed, "times real time, or max")->capture_default_str();
  app.add_option("--follow", s.follow, "vturnd's PUB address: never run ahead of its session time");
  app.add_option("--run-ahead-ms", o.run_ahead_ms, "allowed over --follow's session time (50; as intan-rhx 60)")
      ->check(CLI::Range(1.0, 1e6));
  app.add_option("--follow-timeout", s.follow_timeout_s, "seconds without news before giving up")
      ->capture_default_str();
  app.add_flag("--no-wait-subscriber", o.no_wait, "start at once instead of when somebody subscribes");
  app.add_option("--stall-at", o.stall, "SECOND:WALL_SECONDS send nothing for a while")->group("Fault rehearsal");
  app.add_option("--truth", s.truth, "folder for the truth of the run");
  app.add_flag("--json", o.json, "print the summary as JSON");
}

void add_calibration_options(CLI::App& app, SimulateOptions& o) {
  app.add_option("--write-calibration", o.calibration_folder,
                 "write this animal's calibration recordings here and stop")
      ->group("Calibration");
  app.add_option("--wake-minutes", o.wake_minutes, "of exploring with tracked heading")
      ->check(CLI::Range(0.1, 600.0))
      ->group("Calibration")
      ->capture_default_str();
  app.add_option("--sleep-hours", o.sleep_hours, "of scored sleep")
      ->check(CLI::Range(0.0, 24.0))
      ->group("Calibration")
      ->capture_default_str();
}

int write_calibration(const SimulateOptions& o) {
  simulation::CalibrationSettings settings{o.live.mouse, o.wake_minutes, o.sleep_hours};
  // Another day of the same animal, and another animal's night to sleep by.
  settings.mouse.life = 1000;
  settings.mouse.ttx = TtxSide::kNone;
  const auto night = o.hypnogram.empty() ? Hypnogram::shipped(o.recording + 1) : choose_hypnogram(o, 0);
  const auto result = simulation::write_calibration(o.calibration_folder, settings, night);
  if (o.json) print_json(result);
  return 0;
}

int simulate(SimulateOptions& o) {
  auto& s = o.live;
  if (o.ttx == "left") s.mouse.ttx = TtxSide::kLeft;
  if (o.ttx == "right") s.mouse.ttx = TtxSide::kRight;
  if (!o.calibration_folder.empty()) return write_calibration(o);
  s.speed = parse_speed(o.speed);
  s.wait_subscriber = !o.no_wait;
  s.run_ahead_ms = o.run_ahead_ms.value_or(o.program.usual_run_ahead_ms());
  if (!o.stall.empty()) std::tie(s.stall_at_s.emplace(), s.stall_s) = parse_pair("--stall-at", o.stall);
  const auto peer = o.program.make(s);
  const auto result = simulation::run_live(s, choose_hypnogram(o, o.recording), *peer);
  if (o.json) print_json(result.summary);
  return result.exit_code;
}

Run configure(CLI::App& app) {
  auto options = std::make_shared<SimulateOptions>();
  add_live_options(app, *options);
  add_mouse_options(app, *options);
  add_calibration_options(app, *options);
  return [options] { return simulate(*options); };
}

const Registration kRegistration{
    {"", "simulate", "the digital mouse: speaks the acquisition software's protocol", configure}};

}  // namespace
}  // namespace vturn::tools
