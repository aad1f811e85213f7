// The sockets of the simulated RHX, against what RHX 3.4.0 was measured to do.
#include <catch2/catch.hpp>
#include <set>

#include "tests/unit/simulation/rhx_client.hpp"
#include "tools/simulation/rhx_acquisition.hpp"

using namespace vturn::simulation;
using namespace vturn::simulation::test;

namespace {

RhxServerSettings settings() {
  RhxServerSettings s;
  s.address = "127.0.0.1:0";
  s.waveform_port = s.spike_port = 0;
  return s;
}

}  // namespace

TEST_CASE("RHX server: one command client; after it has left nobody listens, data go on") {
  RhxServer server(settings());
  RhxClient client(server);
  CHECK_FALSE(connect_to(server.command_port()));
  client.connect_waveform();
  client.say("set runmode run;");
  client.leave_commands();
  CHECK_FALSE(connect_to(server.command_port()));
  server.write(RhxStream::kWaveform, {1, 2, 3}, 0.0, RhxServer::Clock::now());
  client.pump();
  CHECK(client.waveform == ByteVector{1, 2, 3});
  CHECK(server.state().running());
}

TEST_CASE("RHX server: a human clicks Connect") {
  auto s = settings();
  s.reconnect_click_s = 0.0;
  RhxServer server(s);
  RhxClient(server).leave_commands();
  RhxClient again(server);
  CHECK(again.say("get runmode;") == "Return: RunMode Stop");
}

TEST_CASE("RHX server: a data port has one client and listens only when told to") {
  RhxServer server(settings());
  RhxClient client(server);
  CHECK(client.say("get tcpwaveformdataoutputconnectionstatus;") ==
        "Return: TCPWaveformDataOutputConnectionStatus Disconnected");
  client.say("execute connecttcpwaveformdataoutput;");
  CHECK(client.say("get tcpwaveformdataoutputconnectionstatus;") ==
        "Return: TCPWaveformDataOutputConnectionStatus Pending");
  const int port = server.state().waveform.port;
  CHECK(client.say("get tcpwaveformdataoutputport;") == "Return: TCPWaveformDataOutputPort " + std::to_string(port));
  client.connect_waveform();
  CHECK(client.say("get tcpwaveformdataoutputconnectionstatus;") ==
        "Return: TCPWaveformDataOutputConnectionStatus Connected");
  CHECK_FALSE(connect_to(port));
  client.say("set runmode run;");
  client.leave_waveform();
  CHECK(client.say("get tcpwaveformdataoutputconnectionstatus;get runmode;") ==
        "Return: TCPWaveformDataOutputConnectionStatus DisconnectedReturn: RunMode Run");
  CHECK_FALSE(connect_to(port));
  client.connect_waveform();  // works while running
  CHECK(server.state().waveform.port == port);
}

TEST_CASE("RHX server: a disconnected data client just sees silence, since 3.3") {
  for (const char* version : {"3.4.0", "3.2.0"}) {
    auto s = settings();
    s.identity.version = version;
    RhxServer server(s);
    RhxClient client(server);
    client.say("execute connecttcpwaveformdataoutput;");
    const Descriptor data = connect_to(server.state().waveform.port);
    client.serve();
    client.say("execute disconnecttcpwaveformdataoutput;");
    ByteVector none;
    CHECK(take(data, none) == (s.identity.version == "3.4.0"));
    CHECK(none.empty());
  }
}

TEST_CASE("RHX server: what stands behind a start in the same read is answered when the run has ended") {
  RhxServer server(settings());
  RhxClient client(server);
  CHECK(client.say("set runmode run;get runmode;").empty());
  CHECK(client.say("get runmode;") == "Return: RunMode Run");
  CHECK(client.say("set runmode stop;") == "Return: RunMode Stop");
  client.say("set runmode run;get currenttimestamp;");
  server.stop_run();
  CHECK(client.heard() == "Return: -1");
}

TEST_CASE("RHX server: a lone set is the end of it") {
  RhxServer server(settings());
  RhxClient client(server);
  CHECK(client.say("set;get type;").empty());
  CHECK(server.state().crashed);
  CHECK_FALSE(server.finish(RhxServer::Clock::now() + 1s, true));
}

TEST_CASE("RHX server: a client that leaves its data unread stops the run; the next begins with a whole block") {
  auto s = settings();
  s.backlog_s = 0.5;
  RhxServer server(s);
  RhxClient client(server);
  client.connect_waveform();
  client.connect_spike();
  client.say("set runmode run;");
  std::uint8_t number = 0;
  double data_s = 0.0;
  for (; server.state().running() && number < 250; ++number, data_s += 0.1) {
    server.write(RhxStream::kWaveform, ByteVector(100000, number), data_s, RhxServer::Clock::now());
    server.write(RhxStream::kSpike, ByteVector(14, number), data_s, RhxServer::Clock::now());
  }
  CHECK(server.overruns() == 1);
  CHECK_FALSE(server.state().running());
  CHECK(client.heard().starts_with("Board must be running in order to stop"));
  client.say("set runmode run;");
  server.write(RhxStream::kWaveform, ByteVector(100000, 255), data_s, RhxServer::Clock::now());
  client.pump_until([&] { return !client.waveform.empty() && client.waveform.back() == 255; });
  CHECK(client.waveform.size() % 100000 == 0);
  for (std::size_t i = 0; i < client.waveform.size(); i += 100000) {
    CHECK(std::all_of(&client.waveform[i], &client.waveform[i] + 100000,
                      [&](std::uint8_t b) { return b == client.waveform[i]; }));
  }
  // To the one whose data were never late nothing was lost.
  CHECK(client.spikes.size() == std::size_t{14} * number);
}

TEST_CASE("RHX server: split writes arrive in pieces, and whole") {
  auto s = settings();
  s.split_seed = 5;
  RhxServer server(s);
  RhxClient client(server);
  client.connect_waveform();
  ByteVector bytes(2000);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 7);
  server.write(RhxStream::kWaveform, bytes, 0.0, RhxServer::Clock::now());
  std::set<std::size_t> pieces;
  client.pump_until([&] {
    pieces.insert(client.waveform.size());
    return client.waveform.size() >= bytes.size();
  });
  CHECK(client.waveform == bytes);
  CHECK(pieces.size() > 3);
}

TEST_CASE("RHX server: spikes overtake a waveform that Nagle holds back") {
  auto s = settings();
  s.waveform_delay_s = 3600.0;
  RhxServer server(s);
  RhxClient client(server);
  client.connect_waveform();
  client.connect_spike();
  server.write(RhxStream::kWaveform, {1}, 0.0, RhxServer::Clock::now());
  server.write(RhxStream::kSpike, {2}, 0.0, RhxServer::Clock::now());
  client.pump();
  CHECK(client.waveform.empty());
  CHECK(client.spikes == ByteVector{2});
}
