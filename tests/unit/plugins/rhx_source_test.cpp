// The source through its plugin's interface, against a simulated RHX on the loopback: what comes, what is told, and
// what becomes of it when connections break.
#include <sys/ioctl.h>

#include <nlohmann/json.hpp>

#include "plugins/intan_rhx/socket_keep.hpp"
#include "tests/unit/plugins/rhx_kept.hpp"
#include "tests/unit/plugins/rhx_rig.hpp"
#include "tests/unit/plugins/test_host.hpp"
#include "tools/lib/process.hpp"

using namespace vturn;
using nlohmann::json;
using simulation::RhxRunMode;
using simulation::RhxStream;
using test::RunningSource;
using test::SimulatedRhx;
using test::TestHost;
using test::wait_for;

namespace {

constexpr std::size_t kColumns = 3;  // A-001 wide, A-AUX1, the digital inputs

json config(const std::string& address, const json& changed = json::object()) {
  json all = {{"name", "ephys"},
              {"index", 0},
              {"master", true},
              {"address", address},
              {"spike_channels", json::array({"A-000..A-003"})},
              {"keep_sockets", false},
              {"signals", json::array({{{"index", 0}, {"channel", "A-001"}}, {{"index", 1}, {"channel", "A-AUX1"}}})}};
  all.update(changed);
  return all;
}

/// A source that has connected to everything.
struct Rig {
  explicit Rig(const json& changed = json::object(), const std::string& type = "ControllerRecordUSB3")
      : rhx(type), source(test::load("intan_rhx"), host, config(rhx.address(), changed).dump()) {
    wait_for("both data connections", [&] { return rhx.connected(); });
  }
  void wait_spikes(std::size_t more) {
    const std::size_t before = host.count(InputKind::kSpike);
    wait_for("spikes", [&] { return host.count(InputKind::kSpike) >= before + more; });
  }
  [[nodiscard]] bool logged(const std::string& text) const { return host.log_text().find(text) != std::string::npos; }
  /// Everything that RHX sent has been read and counted.
  void check_complete() {
    rhx.end();
    const std::uint64_t blocks = rhx.blocks_sent(kColumns), spikes = rhx.spikes_sent();
    wait_for("all that was sent", [&] { return host.counter(VTURN_MESSAGES_RECEIVED) >= blocks + spikes; });
    CHECK(host.counter(VTURN_MESSAGES_RECEIVED) == blocks + spikes);
    CHECK(host.counter(VTURN_MESSAGES_PARSED) == blocks + spikes);
    CHECK(host.counter(VTURN_MESSAGES_MALFORMED) == 0);
    CHECK(host.counter(VTURN_SPIKES_RECEIVED) == spikes);
    CHECK(host.counter(VTURN_SPIKES_UNMAPPED) == 0);
  }
  std::size_t changes(SourceChange change) const {
    std::size_t count = 0;
    for (const InputEvent& event : host.events())
      count += event.kind == InputKind::kSource && event.payload.source.change == change ? 1U : 0U;
    return count;
  }

  TestHost host;
  SimulatedRhx rhx;
  RunningSource source;
};

}  // namespace

TEST_CASE("RHX source: a run comes whole, counted, in bursts that end") {
  Rig rig;
  rig.rhx.begin();
  rig.wait_spikes(100);
  rig.check_complete();
  rig.source.stop();
  const std::size_t calls = rig.host.pushes();
  CHECK(rig.host.misplaced_ends() == 0);
  CHECK(rig.host.counter(VTURN_GAPS) + rig.host.counter(VTURN_EPOCHS) + rig.host.counter(VTURN_MESSAGES_LOST) == 0);
  const auto events = rig.host.events();
  CHECK(events.front().payload.source.change == SourceChange::kUp);
  CHECK(events.back().payload.source.change == SourceChange::kDown);
  // Samples 5, 133, ..: unit 0, as the first of spike_channels.
  SampleIndex expected = 5;
  for (const InputEvent& event : events) {
    CHECK((event.flags & kFlagMaster) != 0);
    if (event.kind != InputKind::kSpike) continue;
    CHECK(event.payload.spike.unit == 0);
    CHECK(event.source_sample == expected);
    expected += 128;
  }
  CHECK(rig.host.count(InputKind::kTtl) > 5);
  CHECK(rig.host.count(InputKind::kLfp) == rig.host.counter(VTURN_LFP_BLOCKS));
  CHECK(rig.host.clock.map(events.back().arrival_mono_ns).epoch_plus_one == 1);
  rig.rhx.begin();
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  CHECK(rig.host.pushes() == calls);
}

TEST_CASE("RHX source: a second run is a new epoch on the same connections") {
  Rig rig;
  rig.rhx.begin();
  rig.wait_spikes(20);
  rig.rhx.end();
  rig.rhx.begin();
  rig.wait_spikes(20);
  rig.check_complete();
  CHECK(rig.host.counter(VTURN_EPOCHS) == 1);
  CHECK(rig.host.counter(VTURN_GAPS) == 0);
  rig.source.stop();
  CHECK(rig.host.misplaced_ends() == 0);
}

TEST_CASE("RHX source: a data connection that RHX drops is opened again and costs one gap of exact length") {
  Rig rig;
  rig.rhx.begin();
  rig.wait_spikes(20);
  rig.rhx.with([](auto& server) {
    server.drain(SimulatedRhx::Clock::now() + std::chrono::seconds(5));
    server.drop_client(RhxStream::kWaveform);
  });
  wait_for("the connection", [&] { return rig.rhx.connected(); });
  wait_for("the gap", [&] { return rig.host.counter(VTURN_GAPS) == 1; });
  rig.wait_spikes(20);
  rig.check_complete();
  CHECK(rig.logged("RHX has closed its waveform connection"));
  CHECK(rig.host.counter(VTURN_GAPS) == 1);
  CHECK(rig.host.counter(VTURN_EPOCHS) == 0);
  CHECK(rig.host.counter(VTURN_MESSAGES_LOST) > 0);
  CHECK(rig.host.counter(VTURN_MESSAGES_LOST) % 128 == 0);
  rig.source.stop();
  CHECK(rig.host.misplaced_ends() == 0);
}

TEST_CASE("RHX source: spikes that cease while frames go on are a gap at once, and one more when they are back") {
  Rig rig;
  rig.rhx.begin();
  rig.wait_spikes(20);
  rig.rhx.with([](auto& server) { server.drop_client(RhxStream::kSpike); });
  wait_for("the gap", [&] { return rig.changes(SourceChange::kGap) >= 1; });
  CHECK(rig.host.counter(VTURN_MESSAGES_LOST) >= 128);
  wait_for("the spikes", [&] { return rig.rhx.connected(); });
  rig.wait_spikes(20);
  CHECK(rig.changes(SourceChange::kGap) >= 2);
  rig.rhx.end();
  rig.source.stop();
  CHECK(rig.host.counter(VTURN_GAPS) == rig.changes(SourceChange::kGap));
  CHECK(rig.host.counter(VTURN_EPOCHS) == 0);
  CHECK(rig.host.misplaced_ends() == 0);
}

TEST_CASE("RHX source: sockets that RHX forgets without closing them are opened again") {
  Rig rig;
  rig.rhx.begin();
  rig.wait_spikes(20);
  rig.rhx.with([](auto& server) { server.state().spike.disconnect_asked = true; });
  wait_for("RHX to forget", [&] { return !rig.rhx.connected(); });
  wait_for("the spikes", [&] { return rig.rhx.connected(); });
  rig.wait_spikes(20);
  const std::uint64_t gaps = rig.host.counter(VTURN_GAPS);
  CHECK(gaps >= 1);
  rig.rhx.with([](auto& server) { server.state().waveform.disconnect_asked = true; });
  wait_for("RHX to forget", [&] { return !rig.rhx.connected(); });
  wait_for("the waveform", [&] { return rig.rhx.connected(); });
  wait_for("the gap", [&] { return rig.host.counter(VTURN_GAPS) == gaps + 1; });
  rig.source.stop();
  CHECK(rig.host.misplaced_ends() == 0);
}

TEST_CASE("RHX source: a channel that is switched on in RHX costs signals for seconds and not for the night") {
  Rig rig;
  rig.rhx.begin();
  rig.wait_spikes(20);
  const std::string own = "A-001", other = "A-007";
  rig.rhx.with([&](auto& server) { test::switch_wide(server, other, true); });
  wait_for("the refusal", [&] { return rig.changes(SourceChange::kRefused) == 1; });
  wait_for("the word about it", [&] { return rig.logged("columns, not those that vturnd enabled"); });
  wait_for("the return", [&] { return rig.changes(SourceChange::kUp) == 2; });
  CHECK(rig.rhx.with([](auto& server) { return server.state().board.columns().size(); }) == kColumns);
  const std::size_t before = rig.host.count(InputKind::kLfp);
  wait_for("signals", [&] { return rig.host.count(InputKind::kLfp) > before + 20; });
  // Off and on again: as many columns as before, and yet nobody knows which.
  rig.rhx.with([&](auto& server) { test::switch_wide(server, own, false); });
  wait_for("the refusal", [&] { return rig.changes(SourceChange::kRefused) == 2; });
  rig.rhx.with([&](auto& server) { test::switch_wide(server, own, true); });
  wait_for("the return", [&] { return rig.changes(SourceChange::kUp) == 3; });
  CHECK(rig.changes(SourceChange::kGap) >= 2);  // of the spikes that RHX may not have sent
  rig.source.stop();
  CHECK(rig.host.counter(VTURN_EPOCHS) == 0);
}

TEST_CASE("RHX source: a connection that was taken over with another rig's columns is used from the new ones on") {
  SimulatedRhx rhx;
  test::Kept before(rhx);
  rhx.begin();
  before.leave(1'280, 4711);
  constexpr std::uint64_t kUnread = 30;
  wait_for("blocks that nobody reads", [&] { return rhx.blocks_sent(2) >= kUnread; });
  TestHost host;
  wait_for("the keeper to see it", [&] { return test::keeper_there(rhx.address()); });
  RunningSource source(test::load("intan_rhx"), host, config(rhx.address(), {{"keep_sockets", true}}).dump());
  wait_for("signals", [&] { return host.count(InputKind::kLfp) > 20; });
  CHECK(host.log_text().find("going on with the connections") != std::string::npos);
  CHECK(host.log_text().find("until it was told the present channels") != std::string::npos);
  CHECK(host.log_text().find("not those that vturnd enabled") == std::string::npos);
  CHECK(host.counter(VTURN_GAPS) == 1);
  CHECK(host.counter(VTURN_MESSAGES_LOST) > (kUnread - 10) * 128);
  CHECK(host.counter(VTURN_EPOCHS) == 0);
  source.stop();
}

TEST_CASE("RHX source: the command port may close and open again, data go on and nothing is set up twice") {
  Rig rig;
  rig.rhx.begin();
  rig.wait_spikes(20);
  const std::size_t notes = rig.host.log_text().size();
  rig.rhx.with([](auto& server) { server.close_commands(); });
  wait_for("the news", [&] { return rig.logged("RHX has closed the command connection"); });
  rig.wait_spikes(20);
  wait_for("the new connection",
           [&] { return rig.host.log_text().find("RHX 3.4.0, ControllerRecordUSB3", notes) != std::string::npos; });
  rig.wait_spikes(20);
  rig.check_complete();
  CHECK(rig.host.counter(VTURN_GAPS) + rig.host.counter(VTURN_EPOCHS) == 0);
  CHECK(rig.changes(SourceChange::kRefused) == 0);
}

TEST_CASE("RHX source: a closed command port is told with what to click") {
  TestHost host;
  const std::string address = "127.0.0.1:" + std::to_string(tools::free_ports(1).front());
  RunningSource source(test::load("intan_rhx"), host, config(address).dump());
  wait_for("the advice", [&] {
    const std::string text = host.log_text();
    return text.find(address) != std::string::npos && text.find("click Connect") != std::string::npos;
  });
  source.stop();
  CHECK(host.count(InputKind::kSource) == 1);  // down
}

TEST_CASE("RHX source: begins a run, and writes notes into a recording, when it is told to") {
  Rig rig(json{{"run", "record"}});
  wait_for("the refusal", [&] { return rig.logged("Filename.BaseFilename and Filename.Path must both be specified"); });
  rig.rhx.with([](auto& server) {
    server.state().path = "/data";
    server.state().base_filename = "m01";
  });
  rig.rhx.begin(RhxRunMode::kRecord);
  wait_for("the recording", [&] { return rig.logged("RHX: Record"); });
  test::load("intan_rhx").source->mark(rig.source.instance(), "REM; onset");
  const auto noted = [](auto& server) {
    return !server.state().notes.empty() && server.state().notes[0].ends_with("REM, onset");
  };
  wait_for("the note", [&] { return rig.rhx.with(noted); });
  Rig running(json{{"run", "run"}});
  running.wait_spikes(10);
}

TEST_CASE("RHX source: sockets that were taken over are emptied even when nobody answers for them") {
  test::Listener rhx;  // takes connections and says nothing
  const test::Pair waveform(rhx), spikes(rhx);
  {
    const auto before = plugins::make_socket_keep(rhx.address(), true);
    before->page()->next_sample = 1280;
    before->keep(test::KeptRole::kWaveform, waveform.ours.get());
    before->keep(test::KeptRole::kSpikes, spikes.ours.get());
  }
  TestHost host;
  wait_for("the keeper to see it", [&] { return test::keeper_there(rhx.address()); });
  RunningSource source(test::load("intan_rhx"), host, config(rhx.address(), {{"keep_sockets", true}}).dump());
  waveform.say(std::string(50'000, 'w'));
  spikes.say(std::string(5'000, 's'));
  const auto unread = [](const test::Pair& pair) {
    int bytes = 0;
    ioctl(pair.ours.get(), FIONREAD, &bytes);
    return bytes;
  };
  wait_for("both to be read", [&] { return unread(waveform) == 0 && unread(spikes) == 0; });
  CHECK(host.log_text().find("thrown away so that its run goes on") != std::string::npos);
  source.stop();
}

TEST_CASE("RHX source: stimuli of an RHS controller through both ends of the plugin") {
  const vturn_plugin& plugin = test::load("intan_rhx");
  TestHost host, output_host;
  SimulatedRhx rhx("ControllerStimRecord");
  std::array<char, 512> error{};
  json wanted = config(rhx.address());
  wanted["signals"] = json::array();
  void* source = plugin.source->create(&host.host(), wanted.dump().c_str(), error.data(), error.size());
  REQUIRE(source != nullptr);
  const json laser = {{"name", "laser"}, {"key", "F2"}, {"channel", "DIGITAL-OUT-03"}, {"pulse_ms", 5.0}};
  void* output = plugin.output->create(&output_host.host(), laser.dump().c_str(), source, error.data(), error.size());
  INFO(error.data());
  REQUIRE(output != nullptr);
  REQUIRE(plugin.source->start(source, error.data(), error.size()) == 0);
  vturn_pulse pulse{};
  pulse.trigger_id = 7;
  pulse.kind = VTURN_PULSE_STIM;
  CHECK(plugin.output->fire(output, &pulse) == VTURN_RESULT_REFUSED);
  CHECK(plugin.output->self_test(output, error.data(), error.size()) != 0);
  CHECK(std::string(error.data()).find("RHS controller") != std::string::npos);
  wait_for("both data connections", [&] { return rhx.connected(); });
  rhx.begin();
  wait_for("readiness", [&] { return plugin.output->self_test(output, error.data(), error.size()) == 0; });
  pulse.kind = VTURN_PULSE_SHAM;
  CHECK(plugin.output->fire(output, &pulse) == VTURN_RESULT_SHAM);
  pulse.kind = VTURN_PULSE_STIM;
  CHECK(plugin.output->fire(output, &pulse) == VTURN_RESULT_QUEUED);
  wait_for("its end", [&] { return plugin.output->stop(output, 7) == VTURN_RESULT_STOPPED; });
  wait_for("the pulse", [&] { return output_host.count(InputKind::kOutputResult) == 1; });
  const auto result = output_host.events().front().payload.output;
  CHECK(result.result == OutputResult::kFired);
  CHECK(result.trigger_id == 7);
  rhx.end();
  wait_for("the end of the run", [&] { return plugin.output->fire(output, &pulse) == VTURN_RESULT_REFUSED; });
  rhx.begin();
  wait_for("readiness", [&] { return plugin.output->self_test(output, error.data(), error.size()) == 0; });
  plugin.source->stop(source);
  CHECK(plugin.output->fire(output, &pulse) == VTURN_RESULT_REFUSED);  // nobody would see it
  plugin.output->destroy(output);
  plugin.source->destroy(source);
}
