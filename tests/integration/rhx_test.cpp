// Intan RHX through the real daemon: recorded head-direction cells as RHX sent them, and a simulated RHX under the
// failures that its protocol invites.
#include <signal.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>

#include "tests/helpers/shared_data.hpp"
#include "tests/integration/csv.hpp"
#include "tests/integration/daemon.hpp"
#include "tests/integration/heading_error.hpp"
#include "tests/integration/models.hpp"

using namespace vturn::test;
using namespace std::chrono_literals;

namespace {

std::string rhx_source(int port, double speed, const std::string& more) {
  return "[[source]]\nname = \"ephys\"\ntype = \"intan_rhx\"\nclock = \"master\"\naddress = \"127.0.0.1:" +
         std::to_string(port) + "\"\nthreshold_uv = -60\nspeed = " + std::to_string(speed) + "\n" + more + "\n";
}

/// `vturn simulate` or `vturn play` as RHX, its ports free ones, a run in progress.
class Rhx {
 public:
  Rhx(const ScratchDir& folder, const std::string& name, std::vector<std::string> arguments)
      : port_(free_ports(1).front()), process_(command(std::move(arguments)), folder / (name + "-rhx.log")) {
    if (!process_.wait_for_output("waiting for", 20s)) throw std::runtime_error("simulated RHX: " + process_.output());
  }
  [[nodiscard]] int port() const { return port_; }
  Json finish(std::chrono::seconds limit) {
    const auto code = process_.wait(limit);
    INFO(process_.output());
    CHECK(code.value_or(-1) == 0);
    return json_in(process_.output());
  }

 private:
  std::vector<std::string> command(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), (bin_dir() / "vturn").string());
    for (const std::string& one :
         {std::string("--as"), std::string("intan-rhx"), std::string("--address"), "127.0.0.1:" + std::to_string(port_),
          std::string("--waveform-port"), std::string("0"), std::string("--spike-port"), std::string("0"),
          std::string("--running"), std::string("--json")}) {
      arguments.push_back(one);
    }
    return arguments;
  }

  int port_;
  Process process_;
};

/// A rule and what it needs, so that there is something to arm. The model tells movement by an EMG that is not here.
std::string armable(const std::filesystem::path& sleep_model) {
  return "[sleep]\nmodel = \"" + sleep_model.string() +
         "\"\nchannels = { theta = \"ephys/B-000|LOW\", slow = \"ephys/B-000|LOW\", emg = \"\", motion = "
         "[\"ephys/A-AUX1\", \"ephys/A-AUX2\", \"ephys/A-AUX3\"] }\n"
         "[[rule]]\nname = \"rem\"\nwhen = \"sleep\"\nstate = \"REM\"\noutput = \"laser\"\n"
         "[[output]]\nname = \"laser\"\ntype = \"mock\"\n"
         "[limits]\nno_motion_acknowledged = true\n";
}

void wait_alive(const Daemon& daemon) {
  const auto alive = [](const Json& h) { return h.at("sources").at(0).at("alive") == true; };
  REQUIRE(alive(daemon.await(alive, 20s)));
}

void arm(const Daemon& daemon) {
  wait_alive(daemon);
  const Finished armed = daemon.arm("1h");
  INFO(armed.output);
  REQUIRE(armed.code == 0);
}

}  // namespace

TEST_CASE("RHX's streams of 32 recorded cells through TCP: all there, decoded with the Open Ephys calibration") {
  constexpr std::uint64_t kSpikes = 51314, kBlocks = 49732, kTtl = 636;
  constexpr double kSpeed = 10.0;
  const auto capture = shared_data("intan/mouse28/run318");
  const auto truth_file = shared_data("open-ephys/mouse28/heading.csv");
  const auto model = mouse28_model();
  if (!capture || !truth_file || !model) return;
  const ScratchDir folder;
  Rhx rhx(folder, "run318", {"play", capture->string(), "--speed", std::to_string(kSpeed)});
  Daemon daemon(folder, "run318",
                rhx_source(rhx.port(), kSpeed, "spike_channels = [\"A-000..A-031\"]") +
                    "[units]\npattern = \"A-{}\"\nfirst = 0\n[heading]\nmodel = \"" + model->string() +
                    "\"\nimage_y = \"up\"\n[sleep]\nchannels = { motion = [\"ephys/A-AUX1\", \"ephys/A-AUX2\", "
                    "\"ephys/A-AUX3\"] }\n");
  const Json played = rhx.finish(120s);
  CHECK(played.at("overruns") == 0);
  const Json health =
      daemon.await([](const Json& h) { return counter(h, "spikes") == kSpikes && counter(h, "ttl") == kTtl; }, 20s);
  const Json& source = health.at("sources").at(0);
  CHECK(counter(source, "messages_received") == kBlocks + kSpikes);
  CHECK(counter(source, "messages_parsed") == kBlocks + kSpikes);
  CHECK(counter(source, "messages_malformed") + counter(source, "messages_lost") == 0);
  CHECK(counter(source, "spikes_received") == kSpikes);
  CHECK(counter(source, "spikes_enqueued") == kSpikes);
  CHECK(counter(source, "spikes_unmapped") + counter(source, "epochs") + counter(source, "gaps") == 0);
  CHECK(counter(health, "spikes") == kSpikes);
  CHECK(counter(health, "ttl") == kTtl);
  CHECK(daemon.shut_down() == 0);

  const auto csv = export_csv(daemon.session());
  const Track decoded = track(csv / "heading.csv", "angle_rad");
  const Track truth = track(*truth_file, "hd_rad");
  const double error_deg = median_error_deg(decoded, truth, 0.0);
  std::printf("mouse28 through RHX: median error %.2f deg, late spikes %llu\n", error_deg,
              static_cast<unsigned long long>(counter(health, "late_spikes")));
  CHECK(error_deg <= 11.5);
  CHECK(median_error_deg(decoded, truth, 150.0) > 40.0);
  CHECK(replay(daemon.session()).at("matches") == true);
}

TEST_CASE("a killed and a stopped daemon cost RHX nothing: its run goes on, the gap is told, stimulation is off") {
  const ScratchDir folder;
  const auto sleep_model = made_up_sleep_model(folder);
  const std::string rig = "spike_channels = [\"A-000..A-039\"]\n" + armable(sleep_model);
  Rhx killed_rhx(folder, "killed", {"simulate", "--duration", "40"});
  Rhx stopped_rhx(folder, "stopped", {"simulate", "--duration", "40"});
  Daemon killed(folder, "killed", rhx_source(killed_rhx.port(), 1.0, rig));
  Daemon stopped(folder, "stopped", rhx_source(stopped_rhx.port(), 1.0, rig));
  arm(killed);
  arm(stopped);

  stopped.process().signal(SIGSTOP);
  killed.process().signal(SIGKILL);
  CHECK(killed.process().wait(10s) == 128 + SIGKILL);
  std::this_thread::sleep_for(6s);
  Daemon restarted(folder, "restarted", rhx_source(killed_rhx.port(), 1.0, rig));
  wait_alive(restarted);
  const Json taken = restarted.await([](const Json& h) { return counter(h.at("sources").at(0), "gaps") == 1; }, 10s);
  CHECK(counter(taken.at("sources").at(0), "gaps") == 1);
  CHECK(counter(taken.at("sources").at(0), "messages_lost") > 0);
  CHECK(taken.at("armed") == false);
  CHECK(restarted.output().find("going on with the connections of an earlier vturnd") != std::string::npos);
  std::this_thread::sleep_for(14s);
  stopped.process().signal(SIGCONT);
  const Json resumed = stopped.await([](const Json& h) { return counter(h.at("sources").at(0), "epochs") == 1; }, 10s);
  CHECK(counter(resumed.at("sources").at(0), "epochs") == 1);
  CHECK(resumed.at("armed") == false);

  for (Rhx* rhx : {&killed_rhx, &stopped_rhx}) {
    const Json summary = rhx->finish(60s);
    CHECK(summary.at("overruns") == 0);
    CHECK(summary.at("runs").size() == 1);
    CHECK(summary.at("session_s").get<double>() > 39.0);
  }
  for (Daemon* daemon : {&restarted, &stopped}) {
    CHECK(daemon->shut_down() == 0);
    CHECK(replay(daemon->session()).at("matches") == true);
  }
  const Table session(export_csv(stopped.session()) / "session.csv");
  CHECK(session.count({{"change", "armed"}}) == 1);
  CHECK(session.count({{"change", "epoch"}, {"source", "ephys"}}) == 1);
  CHECK(session.count({{"change", "disarmed"}}) >= 1);
  const Table after(export_csv(restarted.session()) / "session.csv");
  CHECK(after.count({{"change", "gap"}, {"source", "ephys"}}) == 1);
  CHECK(after.count({{"change", "armed"}}) == 0);
}

TEST_CASE("stimuli through RHX's command port come out of the RHS controller, each confirmed from its words") {
  const ScratchDir folder;
  constexpr double kSpeed = 5.0;
  const CalibratedMouse mouse = calibrated_mouse(folder);
  write_file(folder / "night.txt", "W2 R16\n");
  Rhx rhx(folder, "rhs",
          {"simulate", "--controller", "rhs", "--hypnogram", (folder / "night.txt").string(), "--speed",
           std::to_string(kSpeed)});
  Daemon daemon(folder, "rhs",
                rhx_source(rhx.port(), kSpeed, "spike_channels = [\"A-000..A-031\", \"B-000..B-030\"]") +
                    "[heading]\nmodel = \"" + mouse.heading.string() + "\"\n[sleep]\nmodel = \"" +
                    mouse.sleep.string() +
                    "\"\nchannels = { theta = \"ephys/C-000|LOW\", slow = \"ephys/C-000|LOW\", emg = "
                    "\"ephys/C-001|HIGH\", motion = \"\" }\n[population]\ncells = \"" +
                    mouse.cells.string() +
                    "\"\n[[rule]]\nname = \"population\"\nwhen = \"population\"\ndirection = \"any\"\nstate = "
                    "\"REM\"\nmin_state_probability = 0.5\narms = { stim = 0.6, sham = 0.4 }\noutput = \"laser\"\n"
                    "[[output]]\nname = \"laser\"\ntype = \"intan_rhx\"\nsource = \"ephys\"\nkey = \"F3\"\nchannel = "
                    "\"DIGITAL-OUT-02\"\npulse_ms = 10\n");
  arm(daemon);
  const Json summary = rhx.finish(60s);
  CHECK(daemon.shut_down() == 0);
  const auto csv = export_csv(daemon.session());
  const Table triggers(csv / "triggers.csv"), session(csv / "session.csv");
  const std::size_t stims = triggers.count({{"arm", "stim"}});
  std::printf("RHS: %zu stimuli decided, %zu shams; the controller put out %llu\n", stims,
              triggers.count({{"arm", "sham"}}), static_cast<unsigned long long>(counter(summary, "stimuli")));
  CHECK(stims >= 5);
  CHECK(counter(summary, "stimuli") == stims);
  // A pulse that is not seen on the controller's outputs would disarm.
  CHECK(session.count({{"change", "disarmed"}, {"reason", "output_failed"}}) == 0);
  CHECK(replay(daemon.session()).at("matches") == true);
}
