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
constexpr MonoNs kSameComplaintNs = 10 * kNsPerS;
constexpr double kLowestRateHz = 1.0, kHighestRateHz = 1e6;
constexpr double kLastTimestamp = 4294967295.0;
constexpr int kMostTries = 3;
constexpr std::size_t kMostNotes = 64;

constexpr const char* kWaveformStatus = "get tcpwaveformdataoutputconnectionstatus";
constexpr const char* kSpikeStatus = "get tcpspikedataoutputconnectionstatus";
const std::vector<std::string> kIdentityQuestions{
    "get version", "get type", "get sampleratehertz", "get tcpnumberdatablocksperwrite", kWaveformStatus, kSpikeStatus};
const std::vector<std::string> kPortQuestions{"get tcpwaveformdataoutputport", "get tcpspikedataoutputport",
                                              kWaveformStatus, kSpikeStatus};

std::string one_message(const std::vector<std::string>& commands) { return rhx_messages(commands).front(); }

std::string output_named(const char* which) { return std::string("TCP") + which + "DataOutput"; }
std::optional<std::string_view> status(const RhxAnswer& answer, const char* which) {
  return answer.value(output_named(which) + "ConnectionStatus");
}

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
  waveform_ = spikes_ = {};
  forgotten_ = {};
  run_asked_ = slow_writes_told_ = false;
  run_mode_.clear();
  refusal_.clear();
  messages_ = {one_message(kIdentityQuestions)};
  uploads_.clear();
  timestamp_.reset();
  not_before_ns_ = 0;
}

void RhxDialogue::unanswered() { renew(set_up() ? plan_.hash : standing_plan_); }

void RhxDialogue::plan_anew() { renew(0); }

void RhxDialogue::renew(std::uint64_t standing_plan) {
  const bool run_asked = run_asked_;
  begin(standing_plan);
  run_asked_ = run_asked;
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
  std::vector<std::string> questions{kWaveformStatus, kSpikeStatus};
  if (running() && tells_time()) questions.emplace_back("get currenttimestamp");
  return {one_message(questions), true};
}

void RhxDialogue::take(const RhxAnswer& answer, MonoNs now_ns) {
  complain(answer.complaint, now_ns);
  if (const auto blocks = answer.number("TCPNumberDataBlocksPerWrite")) blocks_per_write_ = *blocks;
  watch_run(answer.run_mode);
  switch (stage_) {
    case Stage::kIdentity:
      return identify(answer, now_ns);
    case Stage::kPlan:
      if (messages_.empty()) upload(false, now_ns);
      return;
    case Stage::kUpload:
      return upload(answer.value("UploadInProgress") == "False", now_ns);
    case Stage::kPorts:
      return check_ports(answer);
    case Stage::kLive:
      return look(answer);
    case Stage::kRefused:
      return;
  }
}

void RhxDialogue::look(const RhxAnswer& answer) {
  if (const auto samples = answer.number(""); samples && *samples >= 0 && *samples <= kLastTimestamp) {
    timestamp_ = static_cast<std::uint32_t>(*samples);
  }
  const auto forgotten = [&](const char* which) { return status(answer, which) == "Disconnected"; };
  forgotten_ = {ports_.waveform && forgotten("Waveform"), ports_.spikes && forgotten("Spike")};
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

void RhxDialogue::identify(const RhxAnswer& answer, MonoNs now_ns) {
  const auto type = answer.value("Type");
  const auto rate_hz = answer.number("SampleRateHertz");
  if (!type || !rate_hz || *rate_hz < kLowestRateHz || *rate_hz > kHighestRateHz) {
    if (++identity_tries_ < kMostTries) {
      // An answer to somebody before us, on a connection that was taken over. The one to us is on its way: unless that
      // is waited for, each answer would be taken for the next one.
      not_before_ns_ = now_ns + kLookAgainNs;
      messages_ = {one_message(kIdentityQuestions)};
      return;
    }
    refusal_ = "what answers at " + settings_.address + " is no Intan RHX that tells its type and sample rate";
    stage_ = Stage::kRefused;
    return;
  }
  const auto controller = ingest::parse_rhx_controller(*type);
  if (!controller) {
    refusal_ = rhx_shown(controller.error());
    stage_ = Stage::kRefused;
    return;
  }
  identity_ = {*controller, *rate_hz, rhx_shown(answer.value("Version").value_or("?"))};
  note("RHX " + identity_->version + ", " + std::string(*type) + ", " + std::to_string(std::lround(*rate_hz)) +
       " Hz, " + answer.run_mode);
  check_standing(answer);
  lay_plan(answer.number("TCPNumberDataBlocksPerWrite").value_or(1));
}

/// An RHX that knows none of our data connections is another one: its machine was off, and it was told nothing yet.
void RhxDialogue::check_standing(const RhxAnswer& answer) {
  const bool waveform = ports_.waveform && status(answer, "Waveform") == "Connected";
  const bool spikes = ports_.spikes && status(answer, "Spike") == "Connected";
  look(answer);
  if ((ports_.waveform || ports_.spikes) && !waveform && !spikes) standing_plan_ = 0;
}

void RhxDialogue::lay_plan(double blocks_per_write) {
  try {
    plan_ = make_rhx_plan(settings_, pulses_, identity_->controller);
  } catch (const std::exception& problem) {
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
  offer(answer, "Waveform", waveform_, ports_.waveform);
  if (!settings_.spike_channels.empty()) offer(answer, "Spike", spikes_, ports_.spikes);
}

/// RHX closes the listener when a client has come: only then, and when it is asked again, does it listen.
void RhxDialogue::offer(const RhxAnswer& answer, const char* which, Port& port, bool open) {
  const auto now = status(answer, which);
  if (!now) return;
  port.offered = !open && *now == "Pending";
  if (!open && *now == "Disconnected") messages_.push_back(one_message({"execute connect" + output_named(which)}));
  if (open || *now != "Connected" || std::exchange(port.busy_told, true)) return;
  note(std::string("another program reads RHX's ") + which +
       " data: disconnect it (Network > Remote TCP Control), it takes one client");
}

void RhxDialogue::watch_run(const std::string& mode) {
  if (!mode.empty() && mode != run_mode_) {
    const bool first = std::exchange(run_mode_, mode).empty();
    if (!first) note("RHX: " + mode);
  }
  if (!running()) slow_writes_told_ = false;
  const bool slow = running() && blocks_per_write_ > 1 && stage_ != Stage::kIdentity;
  if (!slow || std::exchange(slow_writes_told_, true)) return;
  note("RHX sends " + std::to_string(std::lround(blocks_per_write_)) +
       " blocks at once, which delays every spike by 20 to 100 ms: stop the run for two seconds and start it again");
}

void RhxDialogue::complain(const std::string& complaint, MonoNs now_ns) {
  const bool again = complaint == complaint_ && now_ns < complaint_again_ns_;
  if (complaint.empty() || again) return;
  complaint_ = complaint;
  complaint_again_ns_ = now_ns + kSameComplaintNs;
  const bool planning = stage_ == Stage::kPlan;
  note("RHX says: " + rhx_shown(complaint) +
       (planning ? " (when it was told what to send: has it all channels of spike_channels and [sleep].channels?)"
                 : ""));
}

bool RhxDialogue::tells_time() const {
  const std::string& version = identity_->version;  // CurrentTimestamp came with 3.2
  return !version.starts_with("3.0.") && !version.starts_with("3.1.");
}

std::optional<std::uint32_t> RhxDialogue::take_timestamp() { return std::exchange(timestamp_, std::nullopt); }

RhxDialogue::Ports RhxDialogue::take_forgotten() { return std::exchange(forgotten_, {}); }

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
