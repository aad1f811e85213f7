#include "tools/commands/program_options.hpp"
#include "tools/commands/registry.hpp"
#include "tools/commands/rhx_options.hpp"
#include "tools/lib/json_out.hpp"
#include "tools/simulation/recording_playback.hpp"
#include "tools/simulation/rhx_playback.hpp"
#include "tools/simulation/zmq_playback.hpp"

namespace vturn::tools {
namespace {

struct PlayOptions {
  simulation::PlaySettings settings;
  simulation::RecordingPlaybackSettings recording;
  recordings::OpenSettings open;
  std::string capture;
  std::string as = "open-ephys";
  std::string address;
  std::string speed = "1";
  RhxOptions rhx;
  ProgramOptions programs;
  bool json = false;
  bool wait = false;  ///< said for clearness: it is the default
  bool no_wait = false;
};

simulation::PlayResult play_zmq(const PlayOptions& o) {
  const std::string address = !o.address.empty() ? o.address : "tcp://127.0.0.1:5556";
  simulation::ZmqPlayback playback(o.capture, address, o.settings.linger_s);
  return simulation::play(playback, o.settings, "messages");
}

simulation::PlayResult play_recording(const PlayOptions& o) {
  auto settings = o.recording;
  if (!o.address.empty()) settings.address = o.address;
  settings.linger_s = o.settings.linger_s;
  simulation::RecordingPlayback playback(recordings::open_recording(o.capture, o.open), settings);
  return simulation::play(playback, o.settings, "blocks");
}

simulation::PlayResult play_rhx(const PlayOptions& o) {
  simulation::RhxPlaybackSettings settings;
  settings.server = o.rhx.server(o.address);
  settings.running = o.rhx.running;
  settings.stay = o.rhx.stay;
  settings.as_fast_as_taken = o.settings.speed == 0.0;
  simulation::RhxPlayback playback(simulation::RhxCapture(o.capture), settings);
  return simulation::play(playback, o.settings, "receives");
}

Run configure(CLI::App& app) {
  auto options = std::make_shared<PlayOptions>();
  auto& s = options->settings;
  app.add_option("capture", options->capture,
                 "captured bytes, .bin or .bin.zst; for intan-rhx the folder with waveform.raw and spike.raw; as "
                 "open-ephys also a recording (Intan .rhd, .rhs or folder, Open Ephys Binary)")
      ->required()
      ->check(CLI::ExistingPath);
  app.add_option("--as", options->as, "program to speak as")
      ->check(CLI::IsMember({"open-ephys", "intan-rhx"}))
      ->capture_default_str();
  app.add_option("--address", options->address,
                 "where to publish, tcp://127.0.0.1:5556; for intan-rhx the command port, 127.0.0.1:5000");
  app.add_option("--speed", options->speed, "times the recorded pace, or max")->capture_default_str();
  auto* wait = app.add_flag("--wait-subscriber", options->wait, "start when somebody subscribes (the default)");
  app.add_flag("--no-wait-subscriber", options->no_wait, "start at once")->excludes(wait);
  app.add_option("--follow", s.follow, "vturnd's PUB address: never run ahead of its session time");
  app.add_option("--run-ahead-ms", s.run_ahead_ms, "allowed over --follow's session time")->capture_default_str();
  app.add_option("--follow-timeout", s.follow_timeout_s, "seconds without news before giving up")
      ->capture_default_str();
  app.add_option("--linger", s.linger_s, "seconds the end may wait for delivery")->capture_default_str();
  constexpr const char* kRecording = "Recording";
  app.add_option("--stream", options->recording.stream, "the stream to play (its first)")->group(kRecording);
  auto* channels = app.add_option("--channels", options->recording.channels, "its channels to play (all)");
  channels->delimiter(',')->group(kRecording);
  app.add_flag("--no-channels", options->recording.no_channels, "spikes and TTL alone")
      ->excludes(channels)
      ->group(kRecording);
  app.add_flag("--allow-truncated", options->open.allow_truncated, "of one that is cut off, what is whole")
      ->group(kRecording);
  options->programs.group_only({"open-ephys"}, app, kRecording);
  app.add_flag("--json", options->json, "print the result as JSON");
  options->rhx.add_to(app, options->programs);
  return [options] {
    options->programs.check(options->as);
    options->settings.speed = parse_speed(options->speed);
    options->settings.wait_subscriber = !options->no_wait;
    const bool recording = options->as == "open-ephys" && recordings::is_recording(options->capture);
    const auto result = options->as == "intan-rhx" ? play_rhx(*options)
                        : recording                ? play_recording(*options)
                                                   : play_zmq(*options);
    if (options->json) print_json(result.summary);
    return result.exit_code;
  };
}

const Registration kRegistration{{"", "play", "serve a recorded byte capture on real sockets", configure}};

}  // namespace
}  // namespace vturn::tools
