// What goes wrong in the talk with RHX: other programs, other controllers, lost answers, complaints, forgotten sockets.
#include <algorithm>

#include "tests/unit/plugins/rhx_talk.hpp"

using namespace vturn;
using plugins::RhxRun;
using plugins::RhxSettings;
using simulation::RhxConnection;
using simulation::RhxRunMode;
using test::rhx_settings;
using test::RhxTalk;

namespace {

const char* const kRhs = "ControllerStimRecord";

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

void answer(plugins::RhxDialogue& dialogue, const std::string& text, MonoNs now_ns) {
  plugins::RhxAnswerParser parser;
  parser.take(text);
  dialogue.take(*parser.next(), now_ns);
}

}  // namespace

TEST_CASE("RHX dialogue: what is no RHX is refused after three questions, and not talked to any more") {
  for (const char* reply :
       {"Return: RunMode Stop", "Return: Type FrobnicatorReturn: SampleRateHertz 30000Return: RunMode Stop",
        "Return: Type ControllerRecordUSB3Return: SampleRateHertz 0Return: RunMode Stop",
        "Return: Type ControllerRecordUSB3Return: SampleRateHertz nanReturn: RunMode Stop",
        "Return: Type ControllerRecordUSB3Return: SampleRateHertz 99999999999Return: RunMode Stop",
        "Return: Version 3.4.0Return: SampleRateHertz 30000Return: RunMode Stop"}) {
    INFO(reply);
    RhxTalk talk;
    talk.begin();
    int asked = 0;
    for (MonoNs now_ns = 0; now_ns < 5 * kNsPerS; now_ns += 10 * kNsPerMs) {
      if (talk.dialogue.next({}, now_ns) == nullptr) continue;
      ++asked;
      talk.dialogue.sent();
      answer(talk.dialogue, reply, now_ns);
    }
    CHECK(asked <= 3);
    CHECK_FALSE(talk.dialogue.refusal().empty());
    CHECK_FALSE(talk.dialogue.set_up());
    talk.begin();
    CHECK(talk.dialogue.refusal().empty());
    CHECK(talk.live());
  }
}

TEST_CASE("RHX dialogue: a controller that lacks what is wanted is refused in one line, and told nothing") {
  RhxSettings wanted = rhx_settings();
  wanted.reader.signals = {{0, "A-AUX1", -1}};
  RhxTalk talk(wanted, "3.4.0", kRhs);
  talk.begin();
  talk.steps(300);
  CHECK(talk.dialogue.refusal().find("A-AUX1") != std::string::npos);
  CHECK_FALSE(talk.dialogue.set_up());
  CHECK_FALSE(talk.said("set "));
  CHECK_FALSE(talk.said("execute "));
}

TEST_CASE("RHX dialogue: stimulus parameters are uploaded one channel after the other, before data are asked for") {
  RhxTalk talk(rhx_settings(), "3.4.0", kRhs);
  talk.pulses.add({"laser", "F1", "DIGITAL-OUT-01", "DIGITAL-OUT-01", 10.0}, talk.host.host());
  talk.pulses.add({"pump", "F2", "DIGITAL-OUT-02", "DIGITAL-OUT-02", 10.0}, talk.host.host());
  talk.pulses.add({"hand", "F3", "", "A-003|STIM", 10.0}, talk.host.host());
  talk.begin();
  REQUIRE(talk.until([&] { return talk.said("uploadstimparameters DIGITAL-OUT-01"); }));
  CHECK_FALSE(talk.dialogue.set_up());
  CHECK_FALSE(talk.said("uploadstimparameters DIGITAL-OUT-02"));
  const double busy_until_s = talk.state.upload_until_s;
  REQUIRE(talk.until([&] { return talk.said("uploadstimparameters DIGITAL-OUT-02"); }));
  CHECK(static_cast<double>(talk.now_ns()) * 1e-9 >= busy_until_s);
  CHECK_FALSE(talk.said("connecttcp"));
  REQUIRE(talk.live());
  CHECK(talk.state.uploaded == std::vector<std::string>{"DIGITAL-OUT-01", "DIGITAL-OUT-02"});
  CHECK_FALSE(talk.noted("RHX says"));
  for (const auto& [when, text] : talk.sent) CHECK(count_of(text, "uploadstimparameters") <= 1);
}

TEST_CASE("RHX dialogue: stimuli are set up in a run too") {
  RhxTalk talk(rhx_settings(), "3.4.0", kRhs);
  talk.state.begin_run(RhxRunMode::kRecord);
  talk.pulses.add({"laser", "F1", "DIGITAL-OUT-01", "DIGITAL-OUT-01", 10.0}, talk.host.host());
  talk.begin();
  REQUIRE(talk.live());
  CHECK(talk.state.uploaded == std::vector<std::string>{"DIGITAL-OUT-01"});
  CHECK_FALSE(talk.noted("RHX says"));
}

TEST_CASE("RHX dialogue: channels that RHX does not have are complained of, with what to look at") {
  RhxSettings wanted = rhx_settings();
  wanted.spike_channels = {"A-000", "B-000"};
  RhxTalk talk(wanted);
  talk.begin();
  REQUIRE(talk.live());
  CHECK(talk.noted("RHX says: Unrecognized parameter"));
  CHECK(talk.noted("has it all channels of spike_channels"));
}

TEST_CASE("RHX dialogue: the same complaint is told once in ten seconds") {
  RhxTalk talk;
  talk.begin();
  REQUIRE(talk.live());
  talk.forget();
  MonoNs now_ns = talk.now_ns();
  for (int i = 0; i < 2100; ++i) {
    answer(talk.dialogue, "Unrecognized parameterReturn: RunMode Stop", now_ns += 10 * kNsPerMs);
    while (auto note = talk.dialogue.take_note()) talk.notes += *note;
  }
  CHECK(count_of(talk.notes, "Unrecognized parameter") == 3);
  answer(talk.dialogue, "Unrecognized actionReturn: RunMode Stop", now_ns);
  CHECK(talk.dialogue.take_note() == "RHX says: Unrecognized action");
}

TEST_CASE("RHX dialogue: a lost answer does not silence it: it asks again who RHX is and changes nothing that stands") {
  RhxTalk talk(rhx_settings(RhxRun::kRun));
  talk.begin();
  REQUIRE(talk.live());
  REQUIRE(talk.until([&] { return talk.state.running(); }));
  talk.steps(200);
  talk.mute = true;
  talk.steps(300);
  talk.mute = false;
  talk.forget();
  talk.lose_answer();
  CHECK_FALSE(talk.dialogue.set_up());
  talk.steps(300);
  CHECK(talk.said("get type"));
  CHECK(talk.dialogue.set_up());
  CHECK_FALSE(talk.said("set "));
  CHECK_FALSE(talk.said("execute "));
  talk.state.run_mode = RhxRunMode::kStop;
  talk.steps(300);
  CHECK_FALSE(talk.state.running());
}

TEST_CASE("RHX dialogue: an answer lost in the middle of the set-up is made up for") {
  for (int lost_after = 0; lost_after < 12; ++lost_after) {
    INFO(lost_after);
    RhxTalk talk(rhx_settings(), "3.4.0", kRhs);
    talk.pulses.add({"laser", "F1", "DIGITAL-OUT-01", "DIGITAL-OUT-01", 10.0}, talk.host.host());
    talk.begin();
    talk.steps(lost_after);
    talk.mute = true;
    talk.steps(40);
    talk.mute = false;
    talk.lose_answer();
    REQUIRE(talk.live());
    CHECK(talk.state.uploaded == std::vector<std::string>{"DIGITAL-OUT-01"});
    CHECK(talk.state.board.columns().size() == talk.dialogue.plan().columns.size());
  }
}

TEST_CASE("RHX dialogue: a socket that RHX has forgotten is given up, one that it is about to accept is not") {
  RhxTalk talk;
  talk.begin();
  REQUIRE(talk.live());
  talk.steps(150);
  const auto none = talk.dialogue.take_forgotten();
  CHECK_FALSE((none.waveform || none.spikes));
  talk.state.waveform.status = RhxConnection::kPending;
  talk.state.spike.status = RhxConnection::kDisconnected;
  talk.steps(150);
  const auto forgotten = talk.dialogue.take_forgotten();
  CHECK_FALSE(forgotten.waveform);
  CHECK(forgotten.spikes);
  CHECK_FALSE(talk.dialogue.take_forgotten().spikes);
  talk.ports.spikes = false;
  CHECK(talk.live());
}

TEST_CASE("RHX dialogue: an RHX that knows none of our connections has another plan than ours, and is told it") {
  RhxTalk first;
  first.begin();
  REQUIRE(first.live());
  const bool knows_one = GENERATE(false, true);
  RhxTalk rebooted;
  rebooted.ports = {true, true};
  if (knows_one) rebooted.state.spike.status = RhxConnection::kConnected;
  rebooted.begin(first.dialogue.plan().hash);
  REQUIRE(rebooted.until([&] { return rebooted.dialogue.set_up(); }));
  CHECK(rebooted.said("execute clearalldataoutputs") != knows_one);
  CHECK(rebooted.dialogue.plan_told() != knows_one);
  const plugins::RhxDialogue::Ports forgotten = rebooted.dialogue.take_forgotten();
  CHECK(forgotten.waveform);
  CHECK(forgotten.spikes != knows_one);
}

TEST_CASE("RHX dialogue: the plan told anew begins no run that the user has stopped") {
  RhxTalk talk(rhx_settings(RhxRun::kRun));
  talk.begin();
  REQUIRE(talk.until([&] { return talk.state.running(); }));
  talk.state.run_mode = RhxRunMode::kStop;
  talk.steps(200);
  talk.forget();
  talk.dialogue.plan_anew();
  REQUIRE(talk.until([&] { return talk.dialogue.set_up(); }));
  CHECK(talk.said("execute clearalldataoutputs"));
  CHECK(talk.dialogue.plan_told());
  talk.steps(300);
  CHECK_FALSE(talk.state.running());
}
