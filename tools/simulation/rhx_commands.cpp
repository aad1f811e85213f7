#include "tools/simulation/rhx_commands.hpp"

#include <algorithm>
#include <cstdio>
#include <sstream>
#include <utility>

namespace vturn::simulation {
namespace {

constexpr double kUploadS = 0.05;
constexpr std::array<const char*, 7> kStoppedOnly{"MeasureImpedance",
                                                  "RescanPorts",
                                                  "UploadBandwidthSettings",
                                                  "SetSpikeDetectionThresholds",
                                                  "UploadStimParameters",
                                                  "UploadAmpSettleSettings",
                                                  "UploadChargeRecoverySettings"};

std::vector<std::string> words_of(std::string_view command) {
  std::istringstream in{std::string(command)};
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

/// Commands of one read; blank ones do not count.
std::vector<std::string> split(std::string_view read) {
  std::vector<std::string> commands;
  while (!read.empty()) {
    const auto end = std::min(read.find(';'), read.size());
    const std::string_view command = read.substr(0, end);
    if (command.find_first_not_of(" \t\r\n") != std::string_view::npos) commands.emplace_back(command);
    read.remove_prefix(std::min(end + 1, read.size()));
  }
  return commands;
}

const char* name_of(RhxRunMode mode) {
  switch (mode) {
    case RhxRunMode::kStop:
      return "Stop";
    case RhxRunMode::kRun:
      return "Run";
    case RhxRunMode::kRecord:
      return "Record";
    default:
      return "Trigger";
  }
}

const char* name_of(RhxConnection status) {
  switch (status) {
    case RhxConnection::kDisconnected:
      return "Disconnected";
    case RhxConnection::kPending:
      return "Pending";
    default:
      return "Connected";
  }
}

bool takes_spaces(std::string_view lowered_parameter) {
  return lowered_parameter == "note1" || lowered_parameter == "note2" || lowered_parameter == "note3" ||
         lowered_parameter.starts_with("filename") || lowered_parameter.starts_with("impedancefilename");
}

std::string joined(const std::vector<std::string>& words, std::size_t from) {
  std::string text;
  for (std::size_t i = from; i < words.size(); ++i) text += (i > from ? " " : "") + words[i];
  return text;
}

}  // namespace

int RhxState::blocks_per_write() const { return find_item(globals, "TCPNumberDataBlocksPerWrite")->number(); }

std::string RhxCommands::take(std::string_view read, double now_s) {
  now_s_ = now_s;
  run(split(read), 0);
  return std::exchange(replies_, {});
}

std::string RhxCommands::run_stopped(double now_s) {
  now_s_ = now_s;
  run(std::exchange(held_, {}), held_first_);
  return std::exchange(replies_, {});
}

void RhxCommands::run(std::vector<std::string> commands, std::size_t first) {
  for (std::size_t i = first; i < commands.size() && !state_.crashed; ++i) {
    const bool was_running = state_.running();
    one(commands[i], i + 1);
    if (was_running || !state_.running()) continue;
    held_ = std::move(commands);
    held_first_ = i + 1;
    return;
  }
}

void RhxCommands::one(const std::string& command, std::size_t number) {
  const auto words = words_of(command);
  const std::string verb = lower_case(words[0]);
  const auto wrong = [&](const char* what) { reply("Error - Command " + std::to_string(number) + ": " + what); };
  if (verb == "set") {
    if (words.size() == 1) {
      state_.crashed = true;
    } else if (takes_spaces(lower_case(words[1]))) {
      set(words[1], joined(words, 2));
    } else if (words.size() == 3) {
      set(words[1], words[2]);
    } else {
      wrong("Set commands require a parameter and a value");
    }
  } else if (verb == "get") {
    words.size() == 2 ? get(words[1]) : wrong("Get commands require a parameter");
  } else if (verb == "execute") {
    if (words.size() == 2) execute(words[1]);
    if (words.size() == 3) execute(words[1], words[2]);
    if (words.size() < 2 || words.size() > 3) wrong("Execute commands require an action");
  } else if (verb == "livenotes") {
    constexpr std::size_t kAfterVerb = 10;
    live_note(command.size() > kAfterVerb ? command.substr(kAfterVerb) : "");
  } else {
    wrong("Unrecognized command");
  }
}

RhxChannel* RhxCommands::channel_of(const std::string& parameter, std::string& rest) {
  const auto dot = parameter.find('.');
  if (dot == std::string::npos) return nullptr;
  rest = parameter.substr(dot + 1, parameter.find('.', dot + 1) - dot - 1);
  return state_.board.find(parameter.substr(0, dot));
}

void RhxCommands::set(const std::string& parameter, const std::string& value) {
  const std::string name = lower_case(parameter), lowered = lower_case(value);
  if (set_filename(name, value)) return;
  std::string rest;
  if (RhxChannel* channel = channel_of(name, rest)) {
    if (RhxItem* item = find_item(channel->items, rest)) {
      set_item(*item, lowered);
      std::erase(state_.uploaded, channel->name);
      state_.board.changed();
      return;
    }
  }
  if (RhxItem* item = find_item(state_.globals, name)) return set_item(*item, lowered);
  if (name == "runmode") return set_run_mode(lowered);
  if (!set_output(name, lowered)) reply("Unrecognized parameter");
}

void RhxCommands::set_item(RhxItem& item, const std::string& lowered) {
  if (item.restriction == RhxRestriction::kAlways) {
    reply(item.name + " cannot be changed once software has started.");
  } else if (item.restriction == RhxRestriction::kWhileRunning && state_.running()) {
    reply(item.name + " cannot be set while controller is running.");
  } else if (item.restriction == RhxRestriction::kStimControllerOnly) {
    reply(item.name + " cannot be set with a non-stim controller");
  } else if (!item.set(lowered)) {
    reply("Invalid value for " + item.name + " command. Acceptable: " + item.acceptable());
  }
}

bool RhxCommands::set_filename(const std::string& lowered, const std::string& value) {
  if (lowered != "filename.path" && lowered != "filename.basefilename") return false;
  if (state_.running()) {
    reply("Filename cannot be set while controller is running.");
  } else {
    (lowered == "filename.path" ? state_.path : state_.base_filename) = value;
  }
  return true;
}

void RhxCommands::set_run_mode(const std::string& lowered) {
  if (lowered == "run") return start(RhxRunMode::kRun, "running");
  if (lowered == "record") return start(RhxRunMode::kRecord, "recording");
  if (lowered == "trigger") return start(RhxRunMode::kTrigger, "trigger");
  if (lowered != "stop") return reply("Invalid value for SetRunMode command");
  if (!state_.running()) return reply("Board must be running in order to stop");
  state_.run_mode = RhxRunMode::kStop;
}

void RhxCommands::start(RhxRunMode mode, const char* what) {
  if (state_.running()) return reply(std::string("Board must be stopped in order to start ") + what);
  if (mode != RhxRunMode::kRun && (state_.path.empty() || state_.base_filename.empty())) {
    const std::string kind = mode == RhxRunMode::kRecord ? "recording" : "triggered recording";
    return reply("Filename.BaseFilename and Filename.Path must both be specified before " + kind + " can occur");
  }
  state_.begin_run(mode);
  state_.last_timestamp = 0;
  state_.notes.clear();
}

bool RhxCommands::set_output(const std::string& lowered, const std::string& value) {
  for (const auto& [name, output] : {std::pair{std::string("TCPWaveformDataOutput"), &state_.waveform},
                                     std::pair{std::string("TCPSpikeDataOutput"), &state_.spike}}) {
    const std::string prefix = lower_case(name);
    if (lowered == prefix + "connectionstatus") {
      reply("Connection status cannot be changed through this command. Execute Connect" + name + " or Disconnect" +
            name);
      return true;
    }
    const bool host = lowered == prefix + "host";
    if (!host && lowered != prefix + "port") continue;
    if (state_.running()) {
      reply(name + (host ? "Host" : "Port") + " cannot be set while controller is running.");
    } else if (host) {
      output->host = value;
    } else if (auto port = RhxItem::integer("", 0, 0, 9999); port.set(value)) {
      output->port = port.number();
    } else {
      reply("Invalid value for " + name + "Port command");
    }
    return true;
  }
  return false;
}

void RhxCommands::get(const std::string& parameter) {
  const std::string name = lower_case(parameter);
  if (name == "filename.path") return returns("Filename.path", state_.path);
  if (name == "filename.basefilename") return returns("Filename.basefilename", state_.base_filename);
  std::string rest;
  if (RhxChannel* channel = channel_of(name, rest)) {
    if (const RhxItem* item = find_item(channel->items, rest)) return returns(item->name, item->value);
  }
  if (name == "uploadinprogress") return returns("UploadInProgress", now_s_ < state_.upload_until_s ? "True" : "False");
  if (const RhxItem* item = find_item(state_.globals, name)) return returns(item->name, item->value);
  if (!get_special(name) && !get_output(name)) reply("Unrecognized parameter");
}

bool RhxCommands::get_special(const std::string& lowered) {
  if (lowered == "runmode") {
    returns("RunMode", name_of(state_.run_mode));
    return true;
  }
  const bool samples = lowered == "currenttimestamp", seconds = lowered == "currenttimeseconds";
  if ((!samples && !seconds) || state_.identity.compare_version(3, 2) < 0) return false;
  if (!state_.running()) {
    reply("Return: -1");
  } else if (samples) {
    reply("Return: " + std::to_string(state_.last_timestamp));
  } else {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%g",
                  static_cast<double>(state_.last_timestamp) / state_.identity.sample_rate_hz);
    reply(std::string("Return: ") + text.data());
  }
  return true;
}

bool RhxCommands::get_output(const std::string& lowered) {
  for (const auto& [name, output] : {std::pair{std::string("TCPWaveformDataOutput"), &state_.waveform},
                                     std::pair{std::string("TCPSpikeDataOutput"), &state_.spike}}) {
    const std::string prefix = lower_case(name);
    if (lowered == prefix + "connectionstatus")
      return returns(name + "ConnectionStatus", name_of(output->status)), true;
    if (lowered == prefix + "host") return returns(name + "Host", output->host), true;
    if (lowered == prefix + "port") return returns(name + "Port", std::to_string(output->port)), true;
  }
  return false;
}

void RhxCommands::execute(const std::string& action) {
  const std::string name = lower_case(action);
  if (name == "connecttcpwaveformdataoutput") {
    state_.waveform.connect_asked = true;
  } else if (name == "connecttcpspikedataoutput") {
    state_.spike.connect_asked = true;
  } else if (name == "disconnecttcpwaveformdataoutput") {
    state_.waveform.disconnect_asked = true;
  } else if (name == "disconnecttcpspikedataoutput") {
    state_.spike.disconnect_asked = true;
  } else if (name == "clearalldataoutputs") {
    state_.board.stream_nothing();
  } else if (name == "uploadstimparameters" && !state_.identity.stimulates()) {
    return;
  } else if (const auto known = std::find_if(kStoppedOnly.begin(), kStoppedOnly.end(),
                                             [&](const char* a) { return lower_case(a) == name; });
             known != kStoppedOnly.end()) {
    if (state_.running()) return reply(std::string(*known) + " cannot be executed while the board is running");
    if (name == "uploadstimparameters") upload("");
  } else {
    reply("Unrecognized action");
  }
}

void RhxCommands::execute(const std::string& action, const std::string& parameter) {
  const std::string name = lower_case(action), lowered = lower_case(parameter);
  if (name == "manualstimtriggeron") {
    press_key(lowered, true, false);
  } else if (name == "manualstimtriggeroff") {
    press_key(lowered, false, false);
  } else if (name == "manualstimtriggerpulse") {
    press_key(lowered, true, true);
  } else if (name == "uploadstimparameters") {
    if (state_.identity.stimulates()) upload(lowered);
  } else if ((name != "loadsettingsfile" && name != "savesettingsfile") || state_.identity.compare_version(3, 3) < 0) {
    reply("Unrecognized action");
  }
}

void RhxCommands::press_key(const std::string& lowered_key, bool on, bool pulse) {
  const bool known = lowered_key.size() == 2 && lowered_key[0] == 'f' && lowered_key[1] >= '1' && lowered_key[1] <= '8';
  // A wrong key, an RHD controller and a stopped board are all silently ignored.
  if (!known || !state_.identity.stimulates() || !state_.running()) return;
  state_.key_presses.push_back({lowered_key[1] - '0', on, pulse, now_s_});
}

void RhxCommands::upload(std::string_view native_name) {
  if (const RhxChannel* one = native_name.empty() ? nullptr : state_.board.find(native_name)) {
    std::erase(state_.uploaded, one->name);
    state_.uploaded.push_back(one->name);
  } else if (native_name.empty()) {
    state_.uploaded.clear();
    for (const auto& channel : state_.board.channels()) state_.uploaded.push_back(channel.name);
  } else {
    return;
  }
  state_.upload_until_s = now_s_ + kUploadS;
}

void RhxCommands::live_note(const std::string& text) {
  if (state_.run_mode != RhxRunMode::kRecord) {
    return reply("LiveNotes cannot be added unless the board is recording");
  }
  const auto seconds = state_.last_timestamp / state_.identity.sample_rate_hz;
  std::array<char, 64> head{};
  std::snprintf(head.data(), head.size(), "%lld, %02lld:%02lld:%02lld, ", static_cast<long long>(state_.last_timestamp),
                static_cast<long long>(seconds / 3600), static_cast<long long>(seconds / 60 % 60),
                static_cast<long long>(seconds % 60));
  state_.notes.push_back(head.data() + text);
}

}  // namespace vturn::simulation
