#include "plugins/intan_rhx/dialogue.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace vturn::plugins {
namespace {

constexpr MonoNs kLookAgainNs = 100 * kNsPerMs;
constexpr MonoNs kLiveNs = kNsPerS;
// What stands behind `set runmode run` in the same read waits until the run is over: leave it alone for a while.
constexpr MonoNs kRunPauseNs = 300 * kNsPerMs;
constexpr int kMostTries = 3;
constexpr std::size_t kMostNotes = 64;
constexpr std::string_view kStatus = "ConnectionStatus";

const std::vector<std::string> kIdentityQuestions{"get version", "get type", "get sampleratehertz",
                                                  "get tcpnumberdatablocksperwrite"};
const std::vector<std::string> kPortQuestions{"get tcpwaveformdataoutputport", "get tcpspikedataoutputport",
                                              "get tcpwaveformdataoutputconnectionstatus",
                                              "get tcpspikedataoutputconnectionstatus"};

std::string one_message(const std::vector<std::string>& commands) { return rhx_messages(commands).front(); }

int port_of(const RhxAnswer& answer, const char* parameter, int usual) {
  const auto port = answer.number(parameter);
  return port && *port >= 1 && *port <= 65535 ? static_cast<int>(*port) : usual;
}

}  // namespace

void RhxDialogue::begin(std::uint64_t standing_plan) {
  stage_ = Stage::kIdentity;
  standing_plan_ = standing_plan;
  identity_tries_ = 0;
  pending_.reset();
  waveform_offered_ = spikes_offered_ = busy_told_ = run_asked_ = slow_writes_told_ = false;
  run_mode_.clear();
  messages_ = {one_message(kIdentityQuestions)};
  uploads_.clear();
  timestamp_.reset();
  not_before_ns_ = 0;
}

const RhxDialogue::Message* RhxDialogue::next(const Ports& ports, MonoNs now_ns) {
  ports_ = ports;
  if (!pending_ && now_ns >= not_before_ns_) pending_ = choose(now_ns);
  return pending_ ? &*pending_ : nullptr;
}

std::optional<RhxDialogue::Message> RhxDialogue::choose(MonoNs now_ns) {
  if (!messages_.empty()) {
    Message message{std::move(messages_.front()), true};
    messages_.pop_front();
    return message;
  }
  if (stage_ != Stage::kPorts && stage_ != Stage::kLive) return std::nullopt;
  const bool complete = ports_.waveform && (ports_.spikes || settings_.spike_channels.empty());
  stage_ = complete ? Stage::kLive : Stage::kPorts;
  if (complete) return live_message(now_ns);
  not_before_ns_ = now_ns + kLookAgainNs;
  return Message{one_message(kPortQuestions), true};
}

RhxDialogue::Message RhxDialogue::live_message(MonoNs now_ns) {
  const bool begins = settings_.run != RhxRun::kJoin && run_mode_ == "Stop" && !std::exchange(run_asked_, true);
  if (begins) {
    not_before_ns_ = now_ns + kRunPauseNs;
    return {settings_.run == RhxRun::kRecord ? "set runmode record;" : "set runmode run;", false};
  }
  not_before_ns_ = now_ns + kLiveNs;
  // It can be set only while RHX stands still.
  if (run_mode_ == "Stop" && blocks_per_write_ != 1) {
    return {one_message({"set tcpnumberdatablocksperwrite 1", "get tcpnumberdatablocksperwrite"}), true};
  }
  const bool ask_time = running() && tells_time();
  return {one_message(ask_time ? std::vector<std::string>{"get currenttimestamp"} : std::vector<std::string>{}), true};
}

void RhxDialogue::take(const RhxAnswer& answer, MonoNs now_ns) {
  if (!answer.complaint.empty()) note("RHX says: " + answer.complaint);
  if (const auto blocks = answer.number("TCPNumberDataBlocksPerWrite")) blocks_per_write_ = *blocks;
  watch_run(answer.run_mode);
  switch (stage_) {
    case Stage::kIdentity:
      return identify(answer);
    case Stage::kPlan:
      if (messages_.empty()) upload(false, now_ns);
      return;
    case Stage::kUpload:
      return upload(answer.value("UploadInProgress") == "False", now_ns);
    case Stage::kPorts:
      return check_ports(answer);
    case Stage::kLive:
      if (const auto samples = answer.number(""); samples && *samples >= 0) {
        timestamp_ = static_cast<std::uint32_t>(static_cast<std::uint64_t>(*samples));
      }
      return;
    case Stage::kRefused:
      return;
  }
}

/// One channel after the other: RHX takes no second upload while one is on.
void RhxDialogue::upload(bool finished, MonoNs now_ns) {
  const bool waiting = stage_ == Stage::kUpload && !finished;
  if (stage_ == Stage::kUpload && finished) uploads_.pop_front();
  stage_ = uploads_.empty() ? Stage::kPorts : Stage::kUpload;
  if (uploads_.empty()) return;
  if (waiting) not_before_ns_ = now_ns + kLookAgainNs;
  std::vector<std::string> commands{"get uploadinprogress"};
  if (!waiting) commands.insert(commands.begin(), "execute uploadstimparameters " + uploads_.front());
  messages_ = {one_message(commands)};
}

void RhxDialogue::identify(const RhxAnswer& answer) {
  const auto type = answer.value("Type");
  const auto rate_hz = answer.number("SampleRateHertz");
  if (!type || !rate_hz || *rate_hz <= 0) {
    // An answer to somebody before us, on a connection that was taken over.
    messages_ = {one_message(kIdentityQuestions)};
    if (++identity_tries_ < kMostTries) return;
    refusal_ = "what answers at " + settings_.address + " is no Intan RHX that tells its type and sample rate";
    stage_ = Stage::kRefused;
    return;
  }
  const auto controller = ingest::parse_rhx_controller(*type);
  if (!controller) {
    refusal_ = controller.error();
    stage_ = Stage::kRefused;
    return;
  }
  identity_ = {*controller, *rate_hz, std::string(answer.value("Version").value_or("?"))};
  note("RHX " + identity_->version + ", " + std::string(*type) + ", " + std::to_string(std::lround(*rate_hz)) +
       " Hz, " + answer.run_mode);
  lay_plan(answer.number("TCPNumberDataBlocksPerWrite").value_or(1));
}

void RhxDialogue::lay_plan(double blocks_per_write) {
  try {
    plan_ = make_rhx_plan(settings_, pulses_, identity_->controller);
  } catch (const std::runtime_error& problem) {
    refusal_ = problem.what();
    stage_ = Stage::kRefused;
    return;
  }
  std::vector<std::string> commands;
  if (blocks_per_write != 1 && !running()) commands.emplace_back("set tcpnumberdatablocksperwrite 1");
  if (blocks_per_write != 1 && !running()) commands.emplace_back("get tcpnumberdatablocksperwrite");
  // What stands already is left alone: each change would change the columns of a running stream.
  if (plan_.hash != standing_plan_) {
    commands.emplace_back("execute clearalldataoutputs");
    commands.insert(commands.end(), plan_.commands.begin(), plan_.commands.end());
    uploads_.assign(plan_.uploads.begin(), plan_.uploads.end());
  }
  const auto messages = rhx_messages(commands);
  messages_.assign(messages.begin(), messages.end());
  stage_ = Stage::kPlan;
}

void RhxDialogue::check_ports(const RhxAnswer& answer) {
  identity_->waveform_port = port_of(answer, "TCPWaveformDataOutputPort", identity_->waveform_port);
  identity_->spike_port = port_of(answer, "TCPSpikeDataOutputPort", identity_->spike_port);
  offer(answer, "Waveform", waveform_offered_, ports_.waveform);
  if (!settings_.spike_channels.empty()) offer(answer, "Spike", spikes_offered_, ports_.spikes);
}

/// RHX closes the listener when a client has come: only then, and when it is asked again, does it listen.
void RhxDialogue::offer(const RhxAnswer& answer, const char* which, bool& offered, bool open) {
  const std::string name = std::string("TCP") + which + "DataOutput";
  const auto status = answer.value(name + std::string(kStatus));
  if (!status) return;
  offered = !open && *status == "Pending";
  if (!open && *status == "Disconnected") messages_.push_back(one_message({"execute connect" + name}));
  if (open || *status != "Connected" || std::exchange(busy_told_, true)) return;
  note(std::string("another program reads RHX's ") + which +
       " data: disconnect it (Network > Remote TCP Control), it takes one client");
}

void RhxDialogue::watch_run(const std::string& mode) {
  if (mode.empty() || mode == run_mode_) return;
  const bool first = std::exchange(run_mode_, mode).empty();
  if (!first) note("RHX: " + mode);
  if (mode == "Stop") {
    slow_writes_told_ = false;
  } else if (blocks_per_write_ > 1 && stage_ != Stage::kIdentity && !std::exchange(slow_writes_told_, true)) {
    note("RHX sends " + std::to_string(std::lround(blocks_per_write_)) +
         " blocks at once, which delays every spike by 20 to 100 ms: stop the run for two seconds and start it again");
  }
}

bool RhxDialogue::tells_time() const {
  const std::string& version = identity_->version;  // CurrentTimestamp came with 3.2
  return !version.starts_with("3.0") && !version.starts_with("3.1");
}

std::optional<std::uint32_t> RhxDialogue::take_timestamp() { return std::exchange(timestamp_, std::nullopt); }

std::optional<std::string> RhxDialogue::take_note() {
  if (notes_.empty()) return std::nullopt;
  std::string line = std::move(notes_.front());
  notes_.pop_front();
  return line;
}

void RhxDialogue::note(std::string line) {
  if (notes_.size() < kMostNotes) notes_.push_back(std::move(line));
}

}  // namespace vturn::plugins
