// What goes to RHX's command port and what its answers mean: no framing, replies without terminator, complaints glued
// to them. Truth: the replies of two logs of RHX 3.4.0, and its grammar as the simulator was measured to have it.
#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "plugins/intan_rhx/command_text.hpp"
#include "tests/helpers/shared_data.hpp"
#include "tools/simulation/rhx_commands.hpp"

using namespace vturn;
using namespace vturn::plugins;

namespace {

using Answers = std::vector<RhxAnswer>;

void take_all(RhxAnswerParser& parser, Answers& answers) {
  while (auto answer = parser.next()) answers.push_back(*answer);
}

/// The answers of a stream that comes in two reads.
Answers in_two(std::string_view text, std::size_t cut, std::string* rest = nullptr) {
  RhxAnswerParser parser;
  Answers answers;
  parser.take(text.substr(0, cut));
  take_all(parser, answers);
  parser.take(text.substr(cut));
  take_all(parser, answers);
  if (rest != nullptr) *rest = parser.unasked();
  return answers;
}

bool same(const Answers& a, const Answers& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const RhxAnswer& one, const RhxAnswer& other) {
    return one.run_mode == other.run_mode && one.values == other.values && one.complaint == other.complaint;
  });
}

RhxAnswer only_answer(std::string_view text) {
  const Answers answers = in_two(text, text.size());
  INFO(text);
  REQUIRE(answers.size() == 1);
  return answers.front();
}

/// What a log of the real program says it received, one after the other as TCP would have it.
std::string received(const std::filesystem::path& log) {
  std::ifstream in(log);
  std::string all, line;
  while (std::getline(in, line)) {
    const auto begin = line.find("< b'");
    if (begin != std::string::npos) all += line.substr(begin + 4, line.rfind('\'') - begin - 4);
  }
  return all;
}

std::string random_command(std::mt19937& random) {
  static const std::vector<std::string> kWords{
      "set", "a-000.tcpdataoutputenabled", "true", "get", "runmode", "type", "execute", "livenotes", "REM on!", "-70"};
  std::string command = kWords[random() % 3 * 3];  // set, get or execute
  const std::size_t words = 1 + random() % 6;
  for (std::size_t i = 0; i < words; ++i) command += " " + kWords[random() % kWords.size()];
  if (random() % 20 == 0) command += " " + std::string(random() % 900, 'x');
  return command;
}

std::vector<std::string> commands_in(std::string_view message) {
  std::vector<std::string> commands;
  while (!message.empty()) {
    const auto end = message.find(';');
    REQUIRE(end != std::string_view::npos);
    commands.emplace_back(message.substr(0, end));
    message.remove_prefix(end + 1);
  }
  return commands;
}

}  // namespace

TEST_CASE("RHX answers: every reply of two logs of RHX 3.4.0, wherever TCP cuts them") {
  for (const char* run : {"run318", "wide4"}) {
    const auto log = test::shared_data(std::string("intan/mouse28/") + run + "/command.log");
    if (!log) return;
    const std::string text = received(*log);
    const Answers whole = in_two(text, text.size());
    REQUIRE(whole.size() == 10 + (run == std::string("wide4") ? 2U : 0U));
    CHECK(whole[0].value("Version") == "3.4.0");
    CHECK(whole[0].value("Type") == "ControllerRecordUSB3");
    CHECK(whole[0].number("SampleRateHertz") == 20000.0);
    CHECK(whole[1].value("Playback") == "True");
    for (const RhxAnswer& answer : whole) {
      CHECK(answer.run_mode == "Stop");
      CHECK(answer.complaint.empty());
    }
    const RhxAnswer& filters = whole[whole.size() - 3];  // before both data ports were connected
    CHECK(filters.value("HighpassFilterType") == "Bessel");
    CHECK(filters.number("HighpassFilterCutoffFreqHertz") == 250.0);
    CHECK(filters.value("NotchFilterFreqHertz") == "None");
    const RhxAnswer& last = whole.back();  // the polls of the run
    CHECK(last.value("TCPSpikeDataOutputConnectionStatus") == "Connected");
    CHECK(last.number("").value_or(0) > 60000.0);
    int different = 0;
    for (std::size_t cut = 0; cut <= text.size(); ++cut) different += same(in_two(text, cut), whole) ? 0 : 1;
    CHECK(different == 0);
  }
}

TEST_CASE("RHX answers: a complaint is told apart from the value it is glued to") {
  const RhxAnswer first = only_answer(
      "Return: Type ControllerRecordUSB3Unrecognized parameterReturn: SampleRateHertz 20000Return: RunMode Run");
  CHECK(first.value("type") == "ControllerRecordUSB3");
  CHECK(first.number("samplerateHERTZ") == 20000.0);
  CHECK(first.run_mode == "Run");
  CHECK(first.complaint == "Unrecognized parameter");
  const RhxAnswer second = only_answer(
      "Board must be running in order to stopReturn: 107391Error - Command 2: Unrecognized commandReturn: RunMode "
      "Record");
  CHECK(second.number("") == 107391.0);
  CHECK(second.run_mode == "Record");
  CHECK(second.complaint == "Board must be running in order to stopError - Command 2: Unrecognized command");
  CHECK(only_answer("Return: -1Return: RunMode Stop").number("") == -1.0);
  CHECK(only_answer("Return: UploadInProgress FalseX cannot be set while controller is running.Return: RunMode Trigger")
            .value("UploadInProgress") == "False");
  CHECK(only_answer("Return: Version 3.4.0Unrecognized actionReturn: RunMode Stop").value("Version") == "3.4.0");
}

TEST_CASE("RHX answers: what stands behind the barrier belongs to nobody or to the next answer") {
  const std::string text =
      "Return: RunMode RunBoard must be running in order to stopReturn: TCPWaveformDataOutputConnectionStatus "
      "PendingReturn: RunMode StopBoard must be running";
  std::string rest;
  const Answers whole = in_two(text, text.size(), &rest);
  REQUIRE(whole.size() == 2);
  CHECK(whole[0].run_mode == "Run");
  CHECK(whole[1].complaint == "Board must be running in order to stop");
  CHECK(whole[1].value("TCPWaveformDataOutputConnectionStatus") == "Pending");
  CHECK(rest == "Board must be running");
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    std::string rest_when_cut;
    CHECK(same(in_two(text, cut, &rest_when_cut), whole));
    CHECK(rest_when_cut == rest);
  }
}

TEST_CASE("RHX answers: what nobody asked for is told without the answers in it") {
  RhxAnswerParser parser;
  parser.take("Return: 4711Return: RunMode RunSomething is wrongReturn: RunMode Run and more");
  CHECK(parser.unasked() == "Something is wrong and more");
  CHECK(parser.unasked().empty());
  CHECK_FALSE(parser.next());
}

TEST_CASE("RHX answers: numbers are those that RHX writes, nothing else") {
  for (const char* text : {"inf", "nan", "-", ".", "3.4.0", "", "99999999999999999999999999999999", "--1", "-inf"}) {
    INFO(text);
    const RhxAnswer answer = only_answer("Return: SampleRateHertz " + std::string(text) + "Return: RunMode Stop");
    CHECK_FALSE(answer.number("SampleRateHertz"));
  }
  CHECK_FALSE(only_answer("Return: RunMode Stop").number(""));
  CHECK(only_answer("Return: 4294967295Return: RunMode Run").number("") == 4294967295.0);
}

TEST_CASE("RHX answers: bytes without an answer are held in bounds and never stop the parser") {
  RhxAnswerParser parser;
  const std::string noise(4096, 'R');
  for (int i = 0; i < 200; ++i) {
    parser.take(noise);
    if (i % 50 == 0) CHECK_FALSE(parser.next());
  }
  parser.take("Return: Type ControllerStimRecordReturn: RunMode Stop");
  const auto answer = parser.next();
  REQUIRE(answer);
  CHECK(answer->value("Type") == "ControllerStimRecord");
  CHECK(answer->complaint.size() <= 64 * 1024);
  CHECK(parser.unasked().empty());
}

TEST_CASE("RHX messages: short, whole, every command once and in order, the barrier last") {
  std::mt19937 random(20);
  for (int round = 0; round < 500; ++round) {
    std::vector<std::string> commands(random() % 60);
    for (std::string& command : commands) command = random_command(random);
    const auto messages = rhx_messages(commands);
    std::vector<std::string> sent;
    for (const std::string& message : messages) {
      CHECK(message.size() <= kRhxLongestMessage);
      REQUIRE(message.ends_with(kRhxBarrier));
      auto parts = commands_in(message);
      CHECK(parts.back() + ";" == kRhxBarrier);
      parts.pop_back();
      // RHX 3.4 ends at a lone `set`, and an empty command is none.
      for (const std::string& part : parts) {
        CHECK(part != "set");
        CHECK(part.find_first_not_of(' ') != std::string::npos);
      }
      sent.insert(sent.end(), parts.begin(), parts.end());
    }
    CHECK(sent == commands);
  }
}

TEST_CASE("RHX messages: a long list is cut where the next command would not fit any more") {
  std::vector<std::string> commands(100, "set a-000.tcpdataoutputenabledspike true");
  const auto messages = rhx_messages(commands);
  for (std::size_t i = 0; i + 1 < messages.size(); ++i) {
    CHECK(messages[i].size() + commands[0].size() + 1 > kRhxLongestMessage);
  }
  CHECK(rhx_messages({}) == std::vector<std::string>{std::string(kRhxBarrier)});
}

TEST_CASE("RHX messages: what RHX would misread is refused") {
  const std::string fits(kRhxLongestMessage - kRhxBarrier.size() - 1 - 4, 'x');
  CHECK(rhx_messages({"get " + fits}).size() == 1);
  for (const std::string& command :
       {std::string(), std::string("   "), std::string("set"), std::string("get"), std::string("set ;"),
        std::string("get type;get runmode"), std::string("set a\nb"), std::string("set a\rb"), "get " + fits + "x",
        std::string("set "), std::string(" set"), std::string("  set  "), std::string("\tset\t")}) {
    INFO("\"" << command << "\"");
    CHECK_THROWS_AS(rhx_messages({"get type", command}), std::invalid_argument);
  }
}

TEST_CASE("RHX messages: a simulated RHX takes every message for what it is") {
  simulation::RhxIdentity identity;
  simulation::RhxState state(identity, {{'A', 128}});
  simulation::RhxCommands rhx(state);
  std::vector<std::string> commands;
  for (const auto& channel : state.board.channels()) {
    if (channel.signal == simulation::RhxSignal::kAmplifier)
      commands.push_back("set " + channel.name + ".SpikeThresholdMicroVolts -" + std::to_string(commands.size()));
  }
  commands.emplace_back("get a-127.spikethresholdmicrovolts");
  RhxAnswerParser parser;
  Answers answers;
  for (const std::string& message : rhx_messages(commands)) {
    parser.take(rhx.take(message, 0.0));
    take_all(parser, answers);
  }
  CHECK(answers.size() == rhx_messages(commands).size());
  for (const RhxAnswer& answer : answers) CHECK(answer.complaint.empty());
  CHECK(answers.back().number("SpikeThresholdMicroVolts") == -127.0);
  CHECK_FALSE(state.crashed);
}
