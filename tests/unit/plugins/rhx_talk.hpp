#pragma once

#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "plugins/intan_rhx/dialogue.hpp"
#include "tests/unit/plugins/test_host.hpp"
#include "tools/simulation/rhx_commands.hpp"

namespace vturn::test {

using plugins::RhxAnswerParser;
using plugins::RhxDialogue;
using plugins::RhxRun;
using plugins::RhxSettings;
using simulation::RhxConnection;

inline constexpr MonoNs kStepNs = 10 * kNsPerMs;

inline simulation::RhxState rhx_state(const std::string& version, const std::string& type) {
  simulation::RhxIdentity identity;
  identity.version = version;
  identity.type = type;
  simulation::RhxState state(identity, {{'A', 32}});
  state.waveform.port = 5001;
  state.spike.port = 5002;
  return state;
}

inline RhxSettings rhx_settings(RhxRun run = RhxRun::kJoin) {
  RhxSettings all;
  all.name = "ephys";
  all.address = "127.0.0.1:5000";
  all.spike_channels = {"A-000", "A-001"};
  all.run = run;
  return all;
}

/// The dialogue, the client's parser and a simulated RHX; what the sockets would do is done at each step.
class RhxTalk {
 public:
  explicit RhxTalk(RhxSettings wanted = rhx_settings(), const std::string& version = "3.4.0",
                   const std::string& type = "ControllerRecordUSB3")
      : state(rhx_state(version, type)), settings_(std::move(wanted)) {}

  void begin(std::uint64_t standing_plan = 0) { dialogue.begin(standing_plan); }
  void step() {
    now_ns_ += kStepNs;
    follow_outputs();
    if (waiting_ && !foreign_answers_.empty()) {
      parser_.take(foreign_answers_.front());
      foreign_answers_.erase(foreign_answers_.begin());
    }
    while (auto answer = waiting_ ? parser_.next() : std::nullopt) {
      waiting_ = false;
      dialogue.take(*answer, now_ns_);
    }
    if (!waiting_) {
      notes += parser_.unasked();
      say(dialogue.next(ports, now_ns_));
    }
    while (auto note = dialogue.take_note()) notes += *note + "\n";
  }
  void steps(int count) {
    for (int i = 0; i < count; ++i) step();
  }
  bool until(const std::function<bool()>& reached) {
    for (int i = 0; i < 500 && !reached(); ++i) step();
    return reached();
  }
  bool live() {
    return until([&] { return dialogue.set_up() && ports.waveform && ports.spikes; });
  }
  /// An answer to somebody before us that is still on its way.
  void old_answer(const std::string& text) { foreign_answers_.push_back(text); }
  /// What the client does when an answer has not come for long.
  void lose_answer() {
    waiting_ = false;
    dialogue.unanswered();
  }
  [[nodiscard]] bool said(const std::string& text) const { return all_.find(text) != std::string::npos; }
  [[nodiscard]] bool noted(const std::string& text) const { return notes.find(text) != std::string::npos; }
  [[nodiscard]] MonoNs now_ns() const { return now_ns_; }
  void forget() { all_.clear(), notes.clear(), sent.clear(); }

  TestHost host;
  sockaddr_in nowhere{};
  plugins::CommandClient client{nowhere};
  plugins::RhxPulses pulses{client};
  simulation::RhxState state;
  simulation::RhxCommands rhx{state};

 private:
  RhxSettings settings_;

 public:
  RhxDialogue dialogue{settings_, pulses};
  RhxDialogue::Ports ports;
  std::string notes;
  std::vector<std::pair<MonoNs, std::string>> sent;
  bool mute = false;  ///< what RHX says does not arrive

 private:
  void say(const RhxDialogue::Message* message) {
    if (message == nullptr) return;
    const std::string text = message->text;
    waiting_ = message->answered;
    CHECK(text.size() <= plugins::kRhxLongestMessage);
    dialogue.sent();
    sent.emplace_back(now_ns_, text);
    all_ += text + "\n";
    const std::string reply = rhx.take(text, static_cast<double>(now_ns_) * 1e-9);
    if (!mute) parser_.take(reply);
    REQUIRE_FALSE(state.crashed);
  }
  /// RHX's sockets: a listener for each that was asked for, closed when its client has come.
  void follow_outputs() {
    follow(state.waveform, dialogue.waveform_offered(), ports.waveform);
    follow(state.spike, dialogue.spikes_offered(), ports.spikes);
  }
  static void follow(simulation::RhxOutput& output, bool offered, bool& open) {
    if (std::exchange(output.connect_asked, false) && output.status == RhxConnection::kDisconnected)
      output.status = RhxConnection::kPending;
    if (open || !offered || output.status != RhxConnection::kPending) return;
    open = true;
    output.status = RhxConnection::kConnected;
  }

  RhxAnswerParser parser_;
  std::vector<std::string> foreign_answers_;
  std::string all_;
  bool waiting_ = false;
  MonoNs now_ns_ = 0;
};

}  // namespace vturn::test
