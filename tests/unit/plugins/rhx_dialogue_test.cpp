// The talk with RHX from its first word, against the simulated RHX in process: no sockets, no clock but the test's.
#include <algorithm>

#include "tests/unit/plugins/rhx_talk.hpp"

using namespace vturn;
using plugins::RhxRun;
using plugins::RhxSettings;
using simulation::RhxConnection;
using simulation::RhxRunMode;
using test::rhx_settings;
using test::RhxTalk;

TEST_CASE("RHX dialogue: a stopped RHX is told all and joined, and its run is left to the user") {
  RhxTalk talk;
  talk.begin();
  REQUIRE(talk.live());
  CHECK(talk.dialogue.refusal().empty());
  REQUIRE(talk.dialogue.identity());
  CHECK(talk.dialogue.identity()->sample_rate_hz == 30000);
  CHECK(talk.dialogue.identity()->version == "3.4.0");
  CHECK(talk.dialogue.identity()->waveform_port == 5001);
  CHECK(talk.dialogue.identity()->spike_port == 5002);
  CHECK(talk.state.blocks_per_write() == 1);
  CHECK(talk.state.board.columns().size() == talk.dialogue.plan().columns.size());
  CHECK(talk.noted("RHX 3.4.0, ControllerRecordUSB3, 30000 Hz, Stop"));
  talk.steps(300);
  CHECK_FALSE(talk.state.running());
  CHECK_FALSE(talk.dialogue.running());
  CHECK_FALSE(talk.dialogue.take_timestamp());
  talk.state.begin_run(RhxRunMode::kRun);
  talk.state.last_timestamp = 107391;
  talk.steps(300);
  CHECK(talk.dialogue.running());
  CHECK(talk.noted("RHX: Run"));
  CHECK(talk.dialogue.take_timestamp() == 107391U);
  CHECK_FALSE(talk.dialogue.take_timestamp());
  // Once a second, one short question.
  talk.forget();
  talk.steps(1000);
  CHECK(talk.sent.size() >= 9);
  CHECK(talk.sent.size() <= 11);
}

TEST_CASE("RHX dialogue: a run that sends ten blocks at once is told of, and set right once it stops") {
  RhxTalk talk;
  talk.state.begin_run(RhxRunMode::kRecord);
  REQUIRE(talk.state.blocks_per_write() == 10);
  talk.begin();
  REQUIRE(talk.live());
  CHECK(talk.noted("RHX sends 10 blocks at once"));
  CHECK_FALSE(talk.said("set tcpnumberdatablocksperwrite"));
  talk.forget();
  talk.steps(300);
  CHECK_FALSE(talk.noted("blocks at once"));
  talk.state.run_mode = RhxRunMode::kStop;
  talk.steps(300);
  CHECK(talk.state.blocks_per_write() == 1);
  CHECK_FALSE(talk.noted("RHX says"));
  talk.forget();
  talk.state.begin_run(RhxRunMode::kRecord);
  talk.steps(300);
  CHECK(talk.noted("RHX: Record"));
  CHECK_FALSE(talk.noted("blocks at once"));
}

TEST_CASE("RHX dialogue: what an earlier vturnd had set up is left as it is") {
  RhxTalk first;
  first.begin();
  REQUIRE(first.live());
  RhxTalk next;
  next.state.begin_run(RhxRunMode::kRun);
  next.ports = {true, true};
  next.state.waveform.status = next.state.spike.status = RhxConnection::kConnected;
  next.begin(first.dialogue.plan().hash);
  REQUIRE(next.live());
  CHECK_FALSE(next.said("set "));
  CHECK_FALSE(next.said("execute "));
  CHECK(next.dialogue.plan().columns == first.dialogue.plan().columns);
  RhxTalk other;
  other.begin(first.dialogue.plan().hash + 1);
  REQUIRE(other.live());
  CHECK(other.said("execute clearalldataoutputs"));
}

TEST_CASE("RHX dialogue: an answer to somebody before us does not put the talk out of step") {
  RhxTalk talk;
  talk.begin();
  talk.old_answer("Return: 4711Return: RunMode Stop");
  REQUIRE(talk.live());
  CHECK(talk.dialogue.identity()->version == "3.4.0");
  CHECK(talk.state.blocks_per_write() == 1);
  talk.state.begin_run(RhxRunMode::kRun);
  talk.steps(300);
  talk.state.last_timestamp = 30000;
  talk.steps(120);
  CHECK(talk.dialogue.take_timestamp() == 30000U);
  CHECK_FALSE(talk.noted("Return"));
  CHECK_FALSE(talk.noted("RHX says"));
}

TEST_CASE("RHX dialogue: before 3.2 nobody can ask how far RHX is") {
  for (const char* version : {"3.0.2", "3.1.0", "3.2.0", "3.10.0"}) {
    INFO(version);
    const bool tells = version == std::string("3.2.0") || version == std::string("3.10.0");
    RhxTalk talk(rhx_settings(), version);
    talk.begin();
    REQUIRE(talk.live());
    talk.state.begin_run(RhxRunMode::kRun);
    talk.steps(300);
    CHECK(talk.said("get currenttimestamp") == tells);
    CHECK(talk.dialogue.take_timestamp().has_value() == tells);
    CHECK_FALSE(talk.noted("RHX says"));
  }
}

TEST_CASE("RHX dialogue: a run is begun once, in a message of its own, and then RHX is left alone") {
  for (const auto& [run, word] : {std::pair{RhxRun::kRun, "run"}, std::pair{RhxRun::kRecord, "record"}}) {
    RhxTalk talk(rhx_settings(run));
    talk.state.path = "/data";
    talk.state.base_filename = "m01";
    talk.begin();
    REQUIRE(talk.until([&] { return talk.state.running(); }));
    CHECK(talk.ports.waveform);
    CHECK(talk.ports.spikes);
    CHECK(talk.sent.back().second == std::string("set runmode ") + word + ";");
    const MonoNs begun_ns = talk.now_ns();
    const std::size_t before = talk.sent.size();
    REQUIRE(talk.until([&] { return talk.sent.size() > before; }));
    CHECK(talk.now_ns() - begun_ns >= 300 * kNsPerMs);
    REQUIRE(talk.until([&] { return talk.dialogue.running(); }));
    // The user stops it: it stays so.
    talk.state.run_mode = RhxRunMode::kStop;
    talk.steps(500);
    CHECK_FALSE(talk.state.running());
  }
  RhxTalk running(rhx_settings(RhxRun::kRun));
  running.state.begin_run(RhxRunMode::kRun);
  running.begin();
  REQUIRE(running.live());
  running.steps(200);
  CHECK_FALSE(running.said("set runmode"));
}

TEST_CASE("RHX dialogue: a recording that RHX refuses is told and not asked for again and again") {
  RhxTalk talk(rhx_settings(RhxRun::kRecord));
  talk.begin();
  REQUIRE(talk.live());
  talk.steps(500);
  CHECK_FALSE(talk.state.running());
  CHECK(talk.noted("Filename.BaseFilename and Filename.Path must both be specified"));
  CHECK(std::count_if(talk.sent.begin(), talk.sent.end(),
                      [](const auto& one) { return one.second == "set runmode record;"; }) == 1);
}

TEST_CASE("RHX dialogue: another client on a data port is told of once, and waited for") {
  RhxTalk talk;
  talk.state.waveform.status = RhxConnection::kConnected;
  talk.begin();
  talk.steps(300);
  CHECK(talk.noted("another program reads RHX's Waveform data"));
  CHECK_FALSE(talk.dialogue.waveform_offered());
  CHECK(talk.ports.spikes);
  talk.forget();
  talk.steps(300);
  CHECK_FALSE(talk.noted("another program"));
  talk.state.waveform.status = RhxConnection::kDisconnected;
  CHECK(talk.live());
}

TEST_CASE("RHX dialogue: a data connection that RHX dropped is asked for again") {
  RhxTalk talk;
  talk.begin();
  REQUIRE(talk.live());
  talk.state.spike.status = RhxConnection::kDisconnected;
  talk.ports.spikes = false;
  talk.forget();
  REQUIRE(talk.live());
  CHECK(talk.said("execute connectTCPSpikeDataOutput"));
  CHECK_FALSE(talk.said("execute connectTCPWaveformDataOutput"));
  CHECK_FALSE(talk.said("cleardataoutputs"));
}

TEST_CASE("RHX dialogue: without spike channels the spike port is left to others") {
  RhxSettings wanted = rhx_settings();
  wanted.spike_channels.clear();
  RhxTalk talk(wanted);
  talk.begin();
  REQUIRE(talk.until([&] { return talk.ports.waveform; }));
  talk.steps(300);
  CHECK(talk.state.spike.status == RhxConnection::kDisconnected);
  CHECK_FALSE(talk.said("connectTCPSpike"));
}
