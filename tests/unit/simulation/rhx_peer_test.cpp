// Runs, bursts, faults and stimulation of the simulated RHX with the mouse on it.
#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <thread>

#include "tests/unit/ingest/rhx_streams.hpp"
#include "tests/unit/simulation/rhx_rig.hpp"
#include "tools/lib/csv.hpp"

using namespace vturn;
using namespace vturn::simulation;
using namespace vturn::simulation::test;

namespace {

/// What comes until it will do; as much as there is when the other end has left or been silent for 10 s.
template <class Enough>
std::string receive_until(const Descriptor& fd, Enough&& enough) {
  const timeval patience{10, 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  std::string text;
  for (std::array<char, 65536> part; !enough(text);) {
    const auto size = recv(fd.get(), part.data(), part.size(), 0);
    if (size <= 0) break;
    text.append(part.data(), static_cast<std::size_t>(size));
  }
  return text;
}

}  // namespace

TEST_CASE("RHX acquisition: bursts of a 30th of a second, the newest block waits, N blocks a write") {
  for (const auto& [rate_hz, blocks] : {std::pair{20000.0, 5U}, std::pair{25000.0, 6U}, std::pair{30000.0, 8U}}) {
    for (const std::size_t per_write : {1U, 3U, 10U}) {
      Rig rig(make_settings(), rate_hz);
      rig.enable({"a-000.tcpdataoutputenabled"}, static_cast<int>(per_write));
      rig.connect();
      rig.run();
      CHECK(rig.peer.block_samples() == 128 * blocks);
      for (std::size_t burst = 1; burst < 8; ++burst) {
        rig.live(1);
        const std::size_t writable = burst * blocks - 1;
        const std::size_t written = writable / per_write * per_write;
        CHECK(rig.frames().size() == 128 * written);
        CHECK(rig.peer.withheld_s() == Approx(static_cast<double>(128 * (burst * blocks - written)) / rate_hz));
      }
    }
  }
}

TEST_CASE("RHX acquisition: runs begin at 0, the first of RHS 50 ms later; one connection goes through all") {
  for (const auto& [type, first] : {std::pair{"ControllerRecordUSB3", 0U}, std::pair{"ControllerStimRecord", 1500U}}) {
    MouseSettings few;
    few.heading_cells = 20;
    few.clockwise_cells = few.counterclockwise_cells = 4;
    Rig rig(make_settings(type), 30000.0, few);
    auto items = spike_items(28);
    items.emplace_back("digital-in-01.tcpdataoutputenabled");
    rig.enable(items);
    rig.connect();
    rig.run();
    rig.live(50);
    rig.stop();
    rig.client.pump();
    const std::size_t first_run = rig.frames().size();
    CHECK(first_run == 50 * 1024 - 128);
    rig.run();
    rig.live(60);
    const auto frames = rig.frames();
    CHECK(contiguous(frames, 0, first_run, first));
    CHECK(contiguous(frames, first_run, frames.size(), 0));
    CHECK(frames.size() - first_run == 60 * 1024 - 128);
    // Of the mouse's spikes those count that it had after the second start.
    const std::vector<Block> second(rig.lived.begin() + 50, rig.lived.end());
    std::vector<Chunk> chunks = parse_chunks(rig.client.spikes);
    const auto seam = std::is_sorted_until(chunks.begin(), chunks.end(),
                                           [](const Chunk& a, const Chunk& b) { return a.timestamp < b.timestamp; });
    std::size_t seen = 0, expected = 0;
    for (const auto& block : second) {
      for (const auto& spike : block.spikes) {
        const auto sample = static_cast<std::int64_t>(std::floor(spike.time_s * 30000.0)) - 50 * 1024;
        if (sample >= 60 * 1024 - 128) continue;
        ++expected;
        seen += std::any_of(seam, chunks.end(),
                            [&](const Chunk& c) { return c.timestamp == sample && c.name == amplifier(spike.unit); });
      }
    }
    CHECK(expected > 10);
    CHECK(seen >= expected - expected / 50);

    vturn::test::RhxRun run([&] {
      auto s = vturn::test::rhx_settings({}, 30000.0);
      s.columns = vturn::test::rhx_columns_of({"DIGITAL-IN-01"});
      return s;
    }());
    run.waveform(rig.client.waveform);
    CHECK(run.reader.counters().epochs == 1);
    CHECK(run.reader.counters().missing_samples == 0);
  }
}

TEST_CASE("RHX acquisition: a run to which nobody is connected goes on; data clients come when they like") {
  auto settings = make_settings();
  settings.running = true;
  Rig rig(settings);
  CHECK_FALSE(rig.peer.ready());
  rig.live(3);
  CHECK(rig.client.say("get currenttimestamp;") == "Return: " + std::to_string(3 * 1024 - 128 - 1));
  CHECK(rig.client.say("set tcpnumberdatablocksperwrite 1;").starts_with("TCPNumberDataBlocksPerWrite cannot be set"));
  for (const auto& item : spike_items()) rig.client.say("set " + item + " true;");
  rig.client.connect_spike();
  CHECK(rig.peer.ready());
  rig.live(30);
  CHECK_FALSE(rig.client.spikes.empty());
  rig.client.connect_waveform();
  rig.live(20);
  // Only spikes are enabled: blocks of timestamps.
  const auto frames = rig.frames();
  REQUIRE_FALSE(frames.empty());
  CHECK(frames[0].timestamp >= 33 * 1024 - 1280);
  CHECK(contiguous(frames, 0, frames.size(), frames[0].timestamp));
  rig.client.say("execute clearalldataoutputs;");
  const std::size_t before = rig.client.waveform.size();
  rig.live(20);
  CHECK(rig.client.waveform.size() == before);
}

TEST_CASE("RHX acquisition: rehearsed faults, lost blocks and a new run") {
  auto settings = make_settings();
  settings.faults.drop_at_s = 1.0;
  settings.faults.drop_messages = 11;
  settings.faults.restart_at_s = 2.0;
  settings.first_timestamp = 0xFFFFFF00;
  Rig rig(settings);
  rig.enable({"digital-in-16.tcpdataoutputenabled"});
  rig.connect();
  rig.run();
  rig.live(90);
  const auto frames = rig.frames();
  CHECK(frames[0].timestamp == 0xFFFFFF00);
  std::vector<std::pair<std::uint32_t, std::uint32_t>> jumps;
  for (std::size_t i = 1; i < frames.size(); ++i) {
    const std::uint32_t step = frames[i].timestamp - frames[i - 1].timestamp;
    if (step != 1) jumps.emplace_back(frames[i].timestamp, step);
  }
  REQUIRE(jumps.size() == 2);
  CHECK(jumps[0].second == 11 * 128 + 1);
  CHECK(jumps[0].first == 30 * 1024 - 256 + 11 * 128);
  CHECK(jumps[1].first == 0);
}

TEST_CASE("RHX: a backlog ends the run by itself, the mouse's time stands still, and a new run can begin") {
  auto settings = make_settings();
  settings.speed = 1.0;
  settings.server.backlog_s = 1.0;
  settings.mouse.amplifiers = 128;
  Rig rig(settings);
  std::vector<std::string> items;
  for (std::size_t i = 0; i < 128; ++i) items.push_back(amplifier(i) + ".tcpdataoutputenabled");
  rig.enable(items);
  rig.client.connect_waveform();
  rig.run();
  for (int i = 0; i < 1000 && rig.peer.acquiring(); ++i) {
    rig.peer.send(rig.mouse.step(rig.peer.block_samples()), Peer::Clock::now());
  }
  CHECK_FALSE(rig.peer.acquiring());
  CHECK_FALSE(rig.peer.broken());
  CHECK(rig.client.say("get runmode;").ends_with("Return: RunMode Stop"));
  tools::Json summary;
  rig.peer.report(summary);
  CHECK(summary["overruns"] == 1);
  // The mouse's first second or more is in what the kernel and RHX held; then a new run begins at 0.
  rig.client.pump();
  rig.run();
  rig.live(20);
  const auto frames = rig.frames();
  const auto again = std::find_if(frames.begin() + 1, frames.end(), [](const Frame& f) { return f.timestamp == 0; });
  REQUIRE(again != frames.end());
  const auto seam = static_cast<std::size_t>(again - frames.begin());
  CHECK(contiguous(frames, 0, seam, 0));
  CHECK(contiguous(frames, seam, frames.size(), 0));
}

TEST_CASE("RHX: a manual trigger acts on the mouse when its pulse goes out, and shows in the words") {
  MouseSettings few;
  few.heading_cells = 20;
  few.clockwise_cells = few.counterclockwise_cells = 4;
  Rig rig(make_settings("ControllerStimRecord"), 30000.0, few);
  rig.enable(
      {"digital-out-02.tcpdataoutputenabled", "a-010.tcpdataoutputenabledstim", "a-011.tcpdataoutputenabledstim"});
  rig.client.say(
      "set digital-out-02.stimenabled true;set digital-out-02.source keypressf1;"
      "set digital-out-02.firstphasedurationmicroseconds 5000;set digital-out-02.posttriggerdelaymicroseconds 1000;"
      "set a-010.stimenabled true;set a-010.source keypressf1;set a-010.firstphaseamplitudemicroamps 100;"
      "set a-010.firstphasedurationmicroseconds 200;set a-010.secondphaseamplitudemicroamps 100;"
      "set a-010.secondphasedurationmicroseconds 200;execute uploadstimparameters;");
  rig.connect();
  rig.run();
  rig.live(3);
  rig.client.say("execute manualstimtriggerpulse F1;");
  rig.live(3);
  rig.client.say("execute manualstimtriggerpulse f2;");
  rig.live(3);
  const auto frames = rig.frames();
  const std::size_t out = rig.column("DIGITAL-OUT word"), stim = rig.column("A-010 STIM"),
                    other = rig.column("A-011 STIM");
  std::vector<std::size_t> high, first_phase, second_phase;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const auto& words = frames[i].words;
    if (words[out] == 2) high.push_back(i);
    if ((words[stim] & 0xFF) != 0) ((words[stim] & 0x100) != 0 ? first_phase : second_phase).push_back(i);
    CHECK((words[out] == 0 || words[out] == 2));
    CHECK(words[other] == 0x100);
  }
  // Without a pace a press acts with the next sample that the mouse lives: 3 bursts of 1024.
  REQUIRE(high.size() == 150);
  CHECK(high.front() == 3 * 1024 + 30);
  CHECK(high.back() == high.front() + 149);
  CHECK(first_phase.size() == 6);
  CHECK(second_phase.size() == 6);
  CHECK(first_phase.front() == 3 * 1024);
  REQUIRE(rig.effects_s.size() == 1);
  CHECK(rig.effects_s[0] == Approx(3 * 1024 / 30000.0 + 0.005));
}

TEST_CASE("RHX: a press during a burst acts at its sample") {
  MouseSettings few;
  few.heading_cells = 10;
  few.clockwise_cells = few.counterclockwise_cells = 0;
  auto settings = make_settings("ControllerStimRecord");
  settings.speed = 1.0;
  Rig rig(settings, 30000.0, few);
  rig.client.say("set digital-out-01.stimenabled true;execute uploadstimparameters digital-out-01;");
  rig.client.say("set digital-out-01.source keypressf1;execute uploadstimparameters digital-out-01;");
  rig.run();
  const auto begin = Peer::Clock::now();
  rig.peer.send(rig.mouse.step(rig.peer.block_samples()), begin);
  rig.client.say("execute manualstimtriggerpulse f1;");
  const auto effects = rig.peer.take_stimuli();
  const double passed_s = std::chrono::duration<double>(Peer::Clock::now() - begin).count();
  REQUIRE(effects.size() == 1);
  const double sample = (effects[0] - 0.005) * 30000.0;
  CHECK(sample >= 1024.0 - 1e-6);
  CHECK(sample <= 1024.0 + std::min(1023.0, passed_s * 30000.0) + 1e-6);
  CHECK(rig.mouse.stimulate(1, effects[0]));  // in time
}

TEST_CASE("RHX: a whole live run; its client stimulates over the command port") {
  MouseSettings few;
  few.heading_cells = 20;
  few.clockwise_cells = few.counterclockwise_cells = 4;
  RhxPeer peer(few, make_settings("ControllerStimRecord"));
  const Descriptor command = connect_to(peer.server().command_port());
  const auto folder = std::filesystem::temp_directory_path() / ("vturn_rhx_" + std::to_string(getpid()));
  LiveSettings live;
  live.mouse = few;
  live.speed = 0.0;
  live.duration_s = 20.0;
  live.truth = folder.string();
  LiveResult result;
  std::thread mouse([&] { result = run_live(live, *Hypnogram::parse("W3 N5"), peer); });

  std::string heard;
  const auto say = [&](const std::string& message, const std::string& answer_ends_with) {
    ::send(command.get(), message.data(), message.size(), MSG_NOSIGNAL);
    heard = receive_until(command, [&](const std::string& text) { return text.ends_with(answer_ends_with); });
  };
  say("set tcpnumberdatablocksperwrite 1;set digital-out-01.tcpdataoutputenabled true;"
      "set digital-out-01.source keypressf1;set digital-out-01.stimenabled true;execute connecttcpwaveformdataoutput;"
      "execute uploadstimparameters;get runmode;",
      "Stop");
  say("get type;get tcpwaveformdataoutputport;get runmode;", "Stop");
  const Descriptor data = connect_to(std::stoi(heard.substr(heard.find("Port ") + 5)));
  say("get type;set runmode run;", "ControllerStimRecord");
  const std::size_t whole = (585 * 8 - 1) * (4 + 128 * 6);
  std::string bytes = receive_until(data, [](const std::string& text) { return text.size() > 10000; });
  say("execute manualstimtriggerpulse f1;get runmode;", "Run");
  bytes += receive_until(data, [&](const std::string& text) { return bytes.size() + text.size() >= whole; });
  mouse.join();

  CHECK(result.exit_code == 0);
  CHECK(result.summary["stimuli"] == 1);
  CHECK(result.summary["late_stimuli"] == 0);
  CHECK(result.summary["runs"].size() == 1);
  REQUIRE(bytes.size() == whole);
  const auto frames = parse_frames({bytes.begin(), bytes.end()}, 1);
  CHECK(contiguous(frames, 0, frames.size(), 1500));
  const auto rise = std::find_if(frames.begin(), frames.end(), [](const Frame& f) { return f.words[0] == 1; });
  REQUIRE(rise != frames.end());
  CHECK(std::count_if(rise, frames.end(), [](const Frame& f) { return f.words[0] == 1; }) == 3);
  tools::CsvReader truth(folder / "stimulations.csv");
  REQUIRE(truth.next());
  CHECK(truth.real(truth.column("due_s")) == Approx(static_cast<double>(rise - frames.begin()) / 30000.0 + 0.005));
  std::filesystem::remove_all(folder);
}
