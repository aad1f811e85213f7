#include "tools/commands/registry.hpp"
#include "tools/lib/json_out.hpp"
#include "tools/simulation/player.hpp"

namespace vturn::tools {
namespace {

struct PlayOptions {
  simulation::PlaySettings settings;
  std::string as = "open-ephys";
  std::string speed = "1";
  bool json = false;
  bool wait = false;  ///< said for clearness: it is the default
  bool no_wait = false;
};

double parse_speed(const std::string& text) {
  if (text == "max") return 0.0;
  double speed = 0.0;
  if (!CLI::detail::lexical_cast(text, speed) || !(speed > 0.0)) {
    throw UsageError("--speed " + text + ": write a number above 0 (1 = recorded pace) or max");
  }
  return speed;
}

Run configure(CLI::App& app) {
  auto options = std::make_shared<PlayOptions>();
  auto& s = options->settings;
  app.add_option("capture", s.capture, "captured bytes, .bin or .bin.zst")->required()->check(CLI::ExistingFile);
  app.add_option("--as", options->as, "program to speak as")
      ->check(CLI::IsMember({"open-ephys"}))
      ->capture_default_str();
  app.add_option("--address", s.address, "where to publish")->capture_default_str();
  app.add_option("--speed", options->speed, "times the recorded pace, or max")->capture_default_str();
  auto* wait = app.add_flag("--wait-subscriber", options->wait, "start when somebody subscribes (the default)");
  app.add_flag("--no-wait-subscriber", options->no_wait, "start at once")->excludes(wait);
  app.add_option("--follow", s.follow, "vturnd's PUB address: never run ahead of its session time");
  app.add_option("--run-ahead-ms", s.run_ahead_ms, "allowed over --follow's session time")->capture_default_str();
  app.add_option("--follow-timeout", s.follow_timeout_s, "seconds without news before giving up")
      ->capture_default_str();
  app.add_option("--linger", s.linger_s, "seconds the end may wait for delivery")->capture_default_str();
  app.add_flag("--json", options->json, "print the result as JSON");
  return [options] {
    options->settings.speed = parse_speed(options->speed);
    options->settings.wait_subscriber = !options->no_wait;
    const auto result = simulation::play(options->settings);
    if (options->json) print_json(result.summary);
    return result.exit_code;
  };
}

const Registration kRegistration{{"", "play", "serve a recorded byte capture on real sockets", configure}};

}  // namespace
}  // namespace vturn::tools
