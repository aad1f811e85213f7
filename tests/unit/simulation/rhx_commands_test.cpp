// RHX's command port without its socket: the grammar of facts measured on RHX 3.4.0, and two of its own logs.
#include "tools/simulation/rhx_commands.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <string>

#include "tests/helpers/shared_data.hpp"

using namespace vturn;
using namespace vturn::simulation;

namespace {

RhxState make_state(const std::string& type = "ControllerRecordUSB3", const std::string& version = "3.4.0") {
  RhxIdentity identity;
  identity.type = type;
  identity.version = version;
  identity.sample_rate_hz = 20000;
  return {identity, {{'A', 32}, {'B', 32}}};
}

/// One message to a fresh RHX.
std::string answer(const std::string& read) {
  RhxState state = make_state();
  return RhxCommands(state).take(read, 0.0);
}

/// What a line of command.log says was received: b'TEXT'.
std::string received(const std::string& line) {
  const auto begin = line.find("b'") + 2;
  return line.substr(begin, line.rfind('\'') - begin);
}

/// Replays a log of the real program; returns how many of its replies came out otherwise.
int differing_replies(const std::filesystem::path& log) {
  RhxIdentity identity;
  identity.sample_rate_hz = 20000;
  identity.synthetic = false;
  identity.playback = true;
  RhxState state(identity, {{'A', 32}});
  RhxCommands commands(state);
  std::string replies, line;
  int different = 0, compared = 0;
  std::ifstream in(log);
  while (std::getline(in, line)) {
    const auto mark = line.find_first_of("<>");
    if (mark == std::string::npos) continue;
    const std::string text = line.substr(mark + 2);
    if (line[mark] == '>') {
      CHECK(replies.empty());
      replies = commands.take(text, 0.0);
      // The sockets' part: what was asked to connect was connected to.
      for (auto* output : {&state.waveform, &state.spike}) {
        if (std::exchange(output->connect_asked, false)) output->status = RhxConnection::kConnected;
      }
      continue;
    }
    const std::string expected = received(text);
    if (expected.starts_with("Return: ") && expected.find_first_not_of("0123456789", 8) == std::string::npos) {
      // A poll of CurrentTimestamp: its number is the acquisition's.
      replies = replies == "Return: " + std::to_string(state.last_timestamp) ? expected : replies;
    }
    different += replies != expected ? 1 : 0;
    ++compared;
    replies.clear();
  }
  CHECK(compared > 20);
  CHECK(state.running() == false);
  return different;
}

}  // namespace

TEST_CASE("RHX commands: the replies of two logs of RHX 3.4.0, message by message") {
  for (const char* run : {"run318", "wide4"}) {
    const auto log = vturn::test::shared_data(std::string("intan/mouse28/") + run + "/command.log");
    if (!log) return;
    CHECK(differing_replies(*log) == 0);
  }
}

TEST_CASE("RHX commands: replies are concatenated without terminator, success of set and execute is silent") {
  CHECK(answer("get type;get sampleratehertz;get runmode;") ==
        "Return: Type ControllerRecordUSB3Return: SampleRateHertz 20000Return: RunMode Stop");
  CHECK(answer("set tcpnumberdatablocksperwrite 1;execute ClearAllDataOutputs;get RunMode") == "Return: RunMode Stop");
  CHECK(answer("") == "");
  CHECK(answer(" ; ;;") == "");
}

TEST_CASE("RHX commands: every read is parsed alone") {
  RhxState state = make_state();
  RhxCommands commands(state);
  CHECK(commands.take("get ty", 0.0) == "Unrecognized parameter");
  CHECK(commands.take("pe;", 0.0) == "Error - Command 1: Unrecognized command");
  CHECK(commands.take("get typeget runmode", 0.0) == "Error - Command 1: Get commands require a parameter");
}

TEST_CASE("RHX commands: errors are bare text") {
  CHECK(answer("get nothing;") == "Unrecognized parameter");
  CHECK(answer("execute nothing;") == "Unrecognized action");
  CHECK(answer("execute;") == "Error - Command 1: Execute commands require an action");
  CHECK(answer("get type;frobnicate;") == "Return: Type ControllerRecordUSB3Error - Command 2: Unrecognized command");
  CHECK(answer("set tcpnumberdatablocksperwrite;") ==
        "Error - Command 1: Set commands require a parameter and a value");
  CHECK(answer("set tcpnumberdatablocksperwrite 101;") ==
        "Invalid value for TCPNumberDataBlocksPerWrite command. Acceptable: [ 1 , 100 ]");
  CHECK(answer("set a-000.tcpdataoutputenabled yes;") ==
        "Invalid value for TCPDataOutputEnabled command. Acceptable: True;False");
  CHECK(answer("set type controllerstimrecord;") == "Type cannot be changed once software has started.");
  CHECK(answer("set digital-out-01.stimenabled true;") == "StimEnabled cannot be set with a non-stim controller");
  CHECK(answer("set runmode stop;") == "Board must be running in order to stop");
  CHECK(answer("set a.tcpdataoutputenabled true;") == "Unrecognized parameter");
  CHECK(answer("set c-000.tcpdataoutputenabled true;") == "Unrecognized parameter");
}

TEST_CASE("RHX commands: a lone set crashes RHX, whatever comes behind it") {
  for (const char* read : {"set", "set;", " SET ;get type;", "get type;set"}) {
    RhxState state = make_state();
    RhxCommands(state).take(read, 0.0);
    CHECK(state.crashed);
  }
}

TEST_CASE("RHX commands: what stands behind a start in the same read waits until the run has stopped") {
  RhxState state = make_state();
  RhxCommands commands(state);
  CHECK(commands.take("set runmode run;get currenttimestamp;get runmode;", 0.0).empty());
  CHECK(state.running());
  state.last_timestamp = 10111;
  CHECK(commands.take("get currenttimestamp;", 0.0) == "Return: 10111");
  CHECK(commands.take("set tcpnumberdatablocksperwrite 2;", 0.0) ==
        "TCPNumberDataBlocksPerWrite cannot be set while controller is running.");
  CHECK(commands.take("set runmode run;", 0.0) == "Board must be stopped in order to start running");
  CHECK(commands.take("set runmode stop;get runmode;", 0.0) == "Return: RunMode Stop");
  CHECK(commands.run_stopped(0.0) == "Return: -1Return: RunMode Stop");
  CHECK(commands.run_stopped(0.0).empty());
}

TEST_CASE("RHX commands: values are lower-cased, file names and notes are not") {
  RhxState state = make_state();
  RhxCommands commands(state);
  CHECK(commands.take("set A-000.CustomChannelName ADN1;get a-000.customchannelname;", 0.0) ==
        "Return: CustomChannelName adn1");
  CHECK(commands.take("set note1 The Mouse;get note1;", 0.0) == "Return: Note1 the mouse");
  commands.take("set Filename.Path /data/My Mouse;set Filename.BaseFilename M01;", 0.0);
  CHECK(state.path == "/data/My Mouse");
  CHECK(state.base_filename == "M01");
  CHECK(commands.take("livenotes too early;", 0.0) == "LiveNotes cannot be added unless the board is recording");
  CHECK(commands.take("set runmode record;", 0.0).empty());
  state.last_timestamp = 61184;
  CHECK(commands.take("livenotes REM onset;", 0.0).empty());
  CHECK(state.notes == std::vector<std::string>{"61184, 00:00:03, REM onset"});
}

TEST_CASE("RHX commands: recording needs a file name") {
  CHECK(answer("set runmode record;") ==
        "Filename.BaseFilename and Filename.Path must both be specified before recording can occur");
}

TEST_CASE("RHX commands: before 3.2 there is no CurrentTimestamp") {
  RhxState state = make_state("ControllerRecordUSB3", "3.1.0");
  CHECK(RhxCommands(state).take("get currenttimestamp;get currenttimeseconds", 0.0) ==
        "Unrecognized parameterUnrecognized parameter");
}

TEST_CASE("RHX commands: words follow native order and RHX's band order, digital lines share one word") {
  RhxState state = make_state("ControllerStimRecord");
  RhxCommands(state).take(
      "set digital-out-03.tcpdataoutputenabled true;set digital-in-02.tcpdataoutputenabled true;"
      "set digital-in-05.tcpdataoutputenabled true;set analog-out-1.tcpdataoutputenabled true;"
      "set analog-in-1.tcpdataoutputenabled true;set a-010.tcpdataoutputenabledstim true;"
      "set b-000.tcpdataoutputenabled true;set a-000.tcpdataoutputenabledstim true;"
      "set a-000.tcpdataoutputenableddc true;set a-000.tcpdataoutputenabledspike true;"
      "set a-000.tcpdataoutputenabledhigh true;set a-000.tcpdataoutputenabledlow true;"
      "set a-000.tcpdataoutputenabled true;",
      0.0);
  std::vector<std::string> names;
  for (const auto& column : state.board.columns()) names.push_back(state.board.column_name(column));
  CHECK(names == std::vector<std::string>{"A-000 WIDE", "A-000 LOW", "A-000 HIGH", "A-000 DC", "A-000 STIM",
                                          "A-010 STIM", "B-000 WIDE", "ANALOG-IN-1", "ANALOG-OUT-1", "DIGITAL-IN word",
                                          "DIGITAL-OUT word"});
  CHECK(state.board.spike_channels()[0]);
  RhxCommands(state).take("execute clearalldataoutputs;", 0.0);
  CHECK(state.board.columns().empty());
  CHECK_FALSE(state.board.streams_anything());
}

TEST_CASE("RHX commands: manual stimulation only with a key, on a running stimulator") {
  RhxState state = make_state("ControllerStimRecord");
  RhxCommands commands(state);
  CHECK(commands.take("execute manualstimtriggerpulse f1;", 0.0).empty());
  CHECK(state.key_presses.empty());
  commands.take("set digital-out-01.stimenabled true;execute uploadstimparameters digital-out-01;", 10.0);
  CHECK(commands.take("get uploadinprogress;", 10.0) == "Return: UploadInProgress True");
  CHECK(commands.take("get uploadinprogress;", 11.0) == "Return: UploadInProgress False");
  CHECK(state.uploaded == std::vector<std::string>{"DIGITAL-OUT-01"});
  commands.take("set runmode run", 12.0);
  CHECK(commands.take("execute uploadstimparameters;", 12.0) ==
        "UploadStimParameters cannot be executed while the board is running");
  CHECK(commands.take("execute manualstimtriggerpulse F1;execute manualstimtriggerpulse f9;", 12.0).empty());
  REQUIRE(state.key_presses.size() == 1);
  CHECK(state.key_presses[0].key == 1);
  commands.take("set digital-out-01.firstphasedurationmicroseconds 5000;", 12.0);
  CHECK(state.uploaded.empty());
}
