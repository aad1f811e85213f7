#include "tools/commands/simulated_program.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <sstream>

#include "tools/simulation/open_ephys_peer.hpp"

namespace vturn::tools {
namespace {

using simulation::LiveSettings;
using simulation::Mouse;
using simulation::MousePeer;

const std::vector<std::string> kGui{"open-ephys", "event-broadcaster", "falcon"};
const std::vector<std::string> kWithChannels{"open-ephys", "falcon"};

std::vector<std::size_t> parse_channels(const std::string& text) {
  std::vector<std::size_t> channels;
  std::istringstream in(text);
  const auto& names = Mouse::channel_names();
  for (std::string name; std::getline(in, name, ',');) {
    const auto at = std::find(names.begin(), names.end(), name);
    if (at == names.end())
      throw UsageError("--lfp-channels: no channel '" + name + "'; there are LFP, EMG, AUX1, AUX2, AUX3");
    channels.push_back(static_cast<std::size_t>(at - names.begin()));
  }
  return channels;
}

const std::map<std::string, std::string>& controllers() {
  static const std::map<std::string, std::string> types{
      {"usb2", "ControllerRecordUSB2"}, {"usb3", "ControllerRecordUSB3"}, {"rhs", "ControllerStimRecord"}};
  return types;
}

}  // namespace

std::pair<double, double> parse_pair(const std::string& option, const std::string& text) {
  const auto colon = text.find(':');
  double first = 0.0, second = 0.0;
  if (colon == std::string::npos || !CLI::detail::lexical_cast(text.substr(0, colon), first) ||
      !CLI::detail::lexical_cast(text.substr(colon + 1), second) || first < 0.0 || second <= 0.0) {
    throw UsageError(option + " " + text + ": write two numbers as SECOND:AMOUNT, such as 60:100");
  }
  return {first, second};
}

void SimulatedProgram::add_to(CLI::App& app) {
  app.add_option("--as", as_, "program to speak as")
      ->check(CLI::IsMember({"open-ephys", "event-broadcaster", "falcon", "intan-rhx"}))
      ->capture_default_str();
  app.add_option("--address", address_,
                 "where its clients come: tcp://127.0.0.1:5556 of open-ephys (the next port answers heartbeats), 5557 "
                 "of event-broadcaster, 3335 of falcon; the command port 127.0.0.1:5000 of intan-rhx");
  add_gui(app);
  add_rhx(app);
  add_faults(app);
}

void SimulatedProgram::add_gui(CLI::App& app) {
  constexpr const char* kGroup = "Open Ephys GUI";
  app.add_option("--http", http_, "HOST:PORT of the HTTP API, '' for none")->capture_default_str()->group(kGroup);
  app.add_option("--stream", stream_, "stream key in the messages")->capture_default_str()->group(kGroup);
  app.add_option("--block-samples", block_samples_, "samples a block (the Spike Detector needs more than 200)")
      ->check(CLI::Range(1, 6000))
      ->capture_default_str()
      ->group(kGroup);
  limits_.group_only(kGui, app, kGroup);
  limits_
      .only(kWithChannels, app.add_option("--lfp-channels", channels_, "channels to send, '' for spikes and TTL only"))
      ->capture_default_str()
      ->group(kGroup);
  limits_.only({"event-broadcaster"}, app.add_option("--format", format_, "of the events: json or raw-binary"))
      ->check(CLI::IsMember({"json", "raw-binary"}))
      ->capture_default_str()
      ->group(kGroup);
}

void SimulatedProgram::add_rhx(CLI::App& app) {
  constexpr const char* kGroup = "Intan RHX";
  app.add_option("--controller", controller_, "rhs has manual stimulation triggers, which act on the mouse")
      ->check(CLI::IsMember({"usb2", "usb3", "rhs"}))
      ->capture_default_str()
      ->group(kGroup);
  app.add_option("--rhx-version", rhx_version_, "that it says it is; before 3.2 without CurrentTimestamp")
      ->check(CLI::Validator(
          [](const std::string& text) {
            return text.starts_with("3.") ? std::string() : "write it as 3.4.0, not '" + text + "'";
          },
          "3.x"))
      ->capture_default_str()
      ->group(kGroup);
  app.add_option("--amplifiers", rhx_mouse_.amplifiers, "at least so many for the units; those left over hear noise")
      ->check(CLI::Range(0, 896))
      ->group(kGroup);
  app.add_option("--port-channels", rhx_mouse_.port_channels,
                 "amplifiers of a full port (as many as it can have: usb3 128, usb2 64, rhs 32)")
      ->check(CLI::Range(16, 128))
      ->group(kGroup);
  app.add_option("--background-hz", rhx_mouse_.background_hz,
                 "threshold crossings a second of no unit, over all of them")
      ->check(CLI::Range(0.0, 1e5))
      ->group(kGroup);
  app.add_option("--artefact-hz", rhx_mouse_.artefact_hz,
                 "crossings a second of 4 mV, which RHX calls artefacts (id 128)")
      ->check(CLI::Range(0.0, 1e4))
      ->group(kGroup);
  app.add_option("--first-timestamp", first_timestamp_, "of the first run (0; of rhs 50 ms)")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{0xFFFFFFFF}))
      ->group(kGroup);
  rhx_.add_to(app, limits_);
}

void SimulatedProgram::add_faults(CLI::App& app) {
  constexpr const char* kGroup = "Fault rehearsal";
  app.add_option("--drop-messages", drop_, "SECOND:COUNT lose so many messages, of intan-rhx blocks")->group(kGroup);
  app.add_option("--restart-at", restart_at_s_, "session second at which acquisition restarts")->group(kGroup);
  limits_.only(kGui, app.add_option("--loop-at", loop_at_s_, "session second at which sample numbers jump back"))
      ->group(kGroup);
}

simulation::FaultSettings SimulatedProgram::faults() const {
  simulation::FaultSettings settings;
  if (!drop_.empty()) {
    const auto [at_s, count] = parse_pair("--drop-messages", drop_);
    settings.drop_at_s = at_s;
    settings.drop_messages = static_cast<std::int64_t>(count);
  }
  if (restart_at_s_ >= 0.0) settings.restart_at_s = restart_at_s_;
  if (loop_at_s_ >= 0.0) settings.loop_at_s = loop_at_s_;
  return settings;
}

std::unique_ptr<MousePeer> SimulatedProgram::make(const LiveSettings& live) const {
  limits_.check(as_);
  return as_ == "intan-rhx" ? rhx(live) : gui(live);
}

std::unique_ptr<MousePeer> SimulatedProgram::gui(const LiveSettings& live) const {
  using simulation::GuiPlugin;
  simulation::OpenEphysSettings settings;
  if (as_ == "event-broadcaster") {
    settings.plugin = format_ == "json" ? GuiPlugin::kEventBroadcasterJson : GuiPlugin::kEventBroadcasterRaw;
    settings.address = "tcp://127.0.0.1:5557";
  } else if (as_ == "falcon") {
    settings.plugin = GuiPlugin::kFalconOutput;
    settings.address = "tcp://127.0.0.1:3335";
    if (channels_.empty()) throw UsageError("--lfp-channels: falcon sends nothing but channels; name one or more");
  }
  settings.wire.stream = stream_;
  settings.wire.channels = parse_channels(channels_);
  settings.wire.faults = faults();
  if (!address_.empty()) settings.address = address_;
  settings.http = http_;
  settings.block_samples = block_samples_;
  return std::make_unique<simulation::OpenEphysPeer>(live.mouse, settings);
}

std::unique_ptr<MousePeer> SimulatedProgram::rhx(const LiveSettings& live) const {
  constexpr std::array<double, 3> kRates{20000.0, 25000.0, 30000.0};
  if (std::find(kRates.begin(), kRates.end(), live.mouse.rate_hz) == kRates.end()) {
    throw UsageError("--rate: as intan-rhx it is 20000, 25000 or 30000");
  }
  simulation::RhxPeerSettings settings;
  settings.server = rhx_.server(address_);
  settings.server.identity.type = controllers().at(controller_);
  settings.server.identity.version = rhx_version_;
  settings.mouse = rhx_mouse_;
  settings.faults = faults();
  if (first_timestamp_ >= 0) settings.first_timestamp = first_timestamp_;
  settings.running = rhx_.running;
  settings.stay = rhx_.stay;
  settings.speed = live.speed;
  return std::make_unique<simulation::RhxPeer>(live.mouse, settings);
}

}  // namespace vturn::tools
